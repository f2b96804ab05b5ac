"""deploy/terraform is what the providers accept, as far as that can be known without them.

Each rule has a text that breaks it, so that none holds by looking away.
"""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.terraform import provider_schema, references
from tests.terraform.configuration import Block, literal, read_folder, read_text

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "terraform"
MODULES = ["pedwatch", "example"]
#: What the checks below have to find: sentence → text.
REFUSED: dict[str, dict[str, str]] = yaml.safe_load((Path(__file__).parent / "refused.yaml").read_text())
#: What holds data: `terraform destroy` has to fail on it.
KEPT = {
    "google_bigquery_dataset.ped",
    "google_composer_environment.pedwatch",
    "google_firestore_database.limits",
    "google_secret_manager_secret.connection",
    "google_storage_bucket.environment",
    "google_storage_bucket.evidence",
    "google_storage_bucket.heads",
}


@pytest.fixture(scope="module")
def modules() -> dict[str, list[Block]]:
    return {name: read_folder(FOLDER / name) for name in MODULES}


@pytest.fixture(scope="module")
def module(modules: dict[str, list[Block]]) -> list[Block]:
    return modules["pedwatch"]


def of_kind(blocks: list[Block], kind: str) -> dict[str, Block]:
    return {block.address: block for block in blocks if block.kind == kind}


@pytest.mark.parametrize("name", MODULES)
def test_the_providers_accept_every_block_and_argument(name: str, modules: dict[str, list[Block]]) -> None:
    assert provider_schema.problems(modules[name]) == []


def test_all_that_the_schema_describes_is_used(module: list[Block]) -> None:
    """What is no longer used goes out of the data as well."""
    described = {
        name for provider in ("google", "google-beta") for name in provider_schema.SCHEMA[provider]["resource"]
    }
    assert described == {block.labels[0] for block in module if block.kind == "resource"}


@pytest.mark.parametrize("expected", REFUSED["schema"])
def test_what_a_provider_refuses_is_found(expected: str) -> None:
    found = provider_schema.problems(read_text(REFUSED["schema"][expected]))
    assert any(expected in problem for problem in found), found


def test_a_dynamic_block_is_held_against_the_schema_too() -> None:
    text = (
        'resource "google_compute_router" "r" {\n name = "x"\n dynamic "bgp" {\n for_each = [1]\n content {\n'
        " nsa = 1\n }\n }\n}"
    )
    found = "\n".join(provider_schema.problems(read_text(text)))
    assert "there is no argument nsa" in found and "asn is required" in found


# What the provider refuses of an environment of Composer 3, which no schema says.


def default_of(module: list[Block], variable: str) -> Any:
    (block,) = (b for b in module if b.kind == "variable" and b.labels == (variable,))
    return literal(block.body.arguments["default"])


def test_the_environment_is_one_that_composer_3_takes(module: list[Block]) -> None:
    environment = of_kind(module, "resource")["google_composer_environment.pedwatch"]
    (config,) = environment.body.blocks["config"]
    (software,) = config.blocks["software_config"]
    assert software.arguments["image_version"] == "${var.image_version}", "the provider decides by it"
    image = default_of(module, "image_version")
    assert provider_schema.composer_problems(environment, image) == []
    assert "enable_private_environment" in "\n".join(provider_schema.composer_problems(environment, None))


def test_the_image_is_the_one_that_is_recorded(module: list[Block]) -> None:
    recorded = yaml.safe_load((ROOT / "include" / "composer_image.yaml").read_text())["image"]
    assert default_of(module, "image_version") == recorded


@pytest.mark.parametrize("expected", REFUSED["composer"])
def test_what_composer_3_refuses_is_found(expected: str) -> None:
    (block,) = read_text(REFUSED["composer"][expected])
    assert any(expected in problem for problem in provider_schema.composer_problems(block, "composer-3-airflow-3.3.1"))


@pytest.mark.parametrize("name", ["triggerer", "worker"])
def test_workloads_are_sized_as_composer_3_sizes_them(name: str, module: list[Block]) -> None:
    (config,) = of_kind(module, "resource")["google_composer_environment.pedwatch"].body.blocks["config"]
    (workloads,) = config.blocks["workloads_config"]
    (found,) = workloads.blocks[name]
    expected = {
        "triggerer": {"count", "cpu", "memory_gb"},
        "worker": {"cpu", "memory_gb", "storage_gb", "min_count", "max_count"},
    }
    assert set(found.arguments) == expected[name]


# Names.


@pytest.mark.parametrize("name", MODULES)
def test_every_name_leads_somewhere(name: str, modules: dict[str, list[Block]]) -> None:
    assert references.problems(modules[name], FOLDER / name) == []


@pytest.mark.parametrize("name", MODULES)
def test_everything_that_is_declared_is_used(name: str, modules: dict[str, list[Block]]) -> None:
    assert references.unused(modules[name]) == []


def test_nothing_needs_itself(module: list[Block]) -> None:
    needs = references.dependencies(module)
    assert "local.iam" in needs["local.accounts"]
    TopologicalSorter(needs).prepare()


def test_a_circle_is_found() -> None:
    blocks = read_text("locals {\n a = local.b\n b = [for x in local.a : x]\n}")
    with pytest.raises(CycleError):
        TopologicalSorter(references.dependencies(blocks)).prepare()


@pytest.mark.parametrize("expected", REFUSED["names"])
def test_a_name_that_leads_nowhere_is_found(expected: str) -> None:
    found = references.problems(read_text(REFUSED["names"][expected]), FOLDER)
    assert any(expected in problem for problem in found), found


def test_a_call_of_the_module_is_held_against_its_variables_and_outputs() -> None:
    text = 'module "p" {\n source = "./pedwatch"\n projekt = "x"\n}\nlocals {\n a = module.p.bukket\n}'
    found = "\n".join(references.problems(read_text(text), FOLDER))
    assert "has no variable projekt" in found and "needs project" in found and "no output of that module" in found


def test_what_nothing_uses_is_found() -> None:
    found = references.unused(read_text('variable "x" {\n}\nlocals {\n a = 1\n}'))
    assert found == ["main.tf: variable.x is not used", "main.tf: locals: local.a is not used"]


# What the files say besides.


@pytest.mark.parametrize("name", MODULES)
def test_variables_and_outputs_are_described(name: str, modules: dict[str, list[Block]]) -> None:
    for block in modules[name]:
        if block.kind in ("variable", "output"):
            assert str(literal(block.body.arguments["description"])).endswith((".", "…")), str(block)
        if block.kind == "variable":
            assert "type" in block.body.arguments, str(block)


def test_a_variable_that_has_a_form_refuses_others(module: list[Block]) -> None:
    free = {"firestore_location", "labels", "create_environment", "airflow_config_overrides", "kubeconfig_secrets"}
    free |= {"maintenance_window", "snapshot_schedule", "private_environment", "watched_projects"}
    free |= {"discovered_projects", "heads_project", "watched", "runbooks"}
    validated = {b.labels[0] for b in module if b.kind == "variable" and "validation" in b.body.blocks}
    declared = {b.labels[0] for b in module if b.kind == "variable"}
    assert declared - validated == free
    for block in module:
        for validation in block.body.blocks.get("validation", []):
            assert block.labels[0] in str(literal(validation.arguments["error_message"])), f"{block}: it says of what"


def test_what_holds_data_is_not_destroyed(module: list[Block]) -> None:
    kept = {
        address
        for address, block in of_kind(module, "resource").items()
        if any(inner.arguments.get("prevent_destroy") is True for inner in block.body.blocks.get("lifecycle", []))
    }
    assert kept == KEPT
    resources = of_kind(module, "resource")
    for address in KEPT & set(resources):
        arguments = resources[address].body.arguments
        assert arguments.get("force_destroy", False) is False
        assert arguments.get("delete_contents_on_destroy", False) is False


def test_both_folders_ask_for_the_same_providers(modules: dict[str, list[Block]]) -> None:
    asked = []
    for blocks in modules.values():
        (terraform,) = (block for block in blocks if block.kind == "terraform")
        (providers,) = terraform.body.blocks["required_providers"]
        asked.append((terraform.body.arguments["required_version"], providers.arguments))
    assert asked[0] == asked[1]
    assert set(asked[0][1]) == {"google", "google-beta"}
    for provider in asked[0][1].values():
        assert literal(provider["version"]) == ">= 7.33, < 9", "both majors have all that is used"


def test_a_workflow_validates_with_each_major_of_the_pin() -> None:
    """What only the providers themselves can say, they say there."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "terraform.yaml").read_text())["jobs"]
    job = jobs["validate"]
    majors = [int(re.findall(r"\d+", version)[0]) for version in job["strategy"]["matrix"]["provider"]]
    assert majors == list(range(7, 9)), "from 7.33 up to, not with, 9"
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert runs[-1] == "terraform -chdir=deploy/terraform/example validate"
    assert "google-beta" in runs[1] and "$PROVIDER" in runs[1]
    (call,) = (b for b in read_folder(FOLDER / "example") if b.kind == "module")
    assert literal(call.body.arguments["source"]) == "../pedwatch", "so that the module is validated with it"


def test_the_files_that_terraform_reads_are_there(module: list[Block]) -> None:
    named = re.findall(
        r'\$\{path\.module\}/([\w./-]+)"',
        "\n".join((FOLDER / "pedwatch" / f).read_text() for f in {b.file for b in module}),
    )
    assert len(named) >= 7
    for name in named:
        assert (FOLDER / "pedwatch" / name).exists(), name


def test_nothing_secret_comes_near_the_state(modules: dict[str, list[Block]]) -> None:
    for blocks in modules.values():
        assert not [b for b in blocks if b.labels[:1] == ("google_secret_manager_secret_version",)]
        for block in blocks:
            for body in block.body.walk():
                assert not {"secret_data", "password", "auth_token", "service_key", "private_key"} & body.names(), str(
                    block
                )
    (kubeconfig,) = (b for b in modules["pedwatch"] if b.labels[:1] == ("google_composer_user_workloads_secret",))
    assert "data" not in kubeconfig.body.arguments
    assert kubeconfig.body.blocks["lifecycle"][0].arguments["ignore_changes"] == ["data"]


def test_the_shipped_configuration_finds_its_variables(module: list[Block]) -> None:
    """What pedwatch.yaml names without a default, the environment has: from the module or from the example's file."""
    asked = set(re.findall(r"\$\{(PEDWATCH_\w+)\}", (ROOT / "include" / "config" / "pedwatch.yaml").read_text()))
    (locals_,) = (b for b in module if b.kind == "locals" and "environment_variables" in b.body.arguments)
    given = set(re.findall(r"PEDWATCH_\w+", str(locals_.body.arguments["environment_variables"])))
    example = set(re.findall(r"PEDWATCH_\w+", (FOLDER / "example" / "terraform.tfvars.example").read_text()))
    assert asked <= given | example
    assert asked - given == example, "the example gives what the module cannot know"


def test_the_example_gives_values_to_variables_that_exist(modules: dict[str, list[Block]]) -> None:
    given = {b.labels[0] for b in modules["example"] if b.kind == "variable"}
    named = set(re.findall(r"^(\w+) +=", (FOLDER / "example" / "terraform.tfvars.example").read_text(), re.MULTILINE))
    required = {b.labels[0] for b in modules["example"] if b.kind == "variable" and "default" not in b.body.arguments}
    assert required <= named <= given
