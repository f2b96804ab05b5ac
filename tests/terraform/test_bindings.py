"""The table of bindings, Terraform and the guide are one: every line of the table is granted, and nothing else is.

tests/test_permissions.py holds the guide against the table, and how narrow the table is.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.terraform.configuration import Block, names_in, read_folder

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "deploy" / "terraform" / "pedwatch"
#: The kind of resource that a level of the table is, and the argument that names the one of a line.
RESOURCES = {
    "project": ("google_project_iam_member", "project", "each.value.project"),
    "watched_project": ("google_project_iam_member", "project", "each.value.project"),
    "discovered_project": ("google_project_iam_member", "project", "each.value.project"),
    "dataset": ("google_bigquery_dataset_iam_member", "dataset_id", "google_bigquery_dataset.ped.dataset_id"),
    "bucket": ("google_storage_bucket_iam_member", "bucket", "local.buckets"),
    "secret": (
        "google_secret_manager_secret_iam_member",
        "secret_id",
        "google_secret_manager_secret.connection.secret_id",
    ),
    "repository": (
        "google_artifact_registry_repository_iam_member",
        "repository",
        "google_artifact_registry_repository.images.name",
    ),
    "service_account": (
        "google_service_account_iam_member",
        "service_account_id",
        "google_service_account.account.email",
    ),
}


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "iam" / "bindings.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def granting() -> dict[str, Block]:
    """Everything that grants something, in either folder."""
    blocks = [block for folder in ("pedwatch", "example") for block in read_folder(MODULE.parent / folder)]
    return {
        block.address: block
        for block in blocks
        if re.search(r"_iam_(?:member|binding|policy)$", block.labels[:1][0] if block.labels else "")
    }


def text(block: Block, name: str) -> str:
    return str(block.body.arguments[name])


def test_terraform_reads_the_table_and_writes_none_of_its_own() -> None:
    accounts = (MODULE / "accounts.tf").read_text()
    assert 'yamldecode(file("${path.module}/../../iam/bindings.yaml"))' in accounts
    for path in MODULE.parent.rglob("*.tf"):
        assert not re.search(r'"roles/', path.read_text()), f"{path.name} names a role that the table should name"


def test_each_level_of_the_table_is_granted_once_over_all_its_lines(
    table: dict[str, Any], granting: dict[str, Block]
) -> None:
    levels = {binding["level"] for binding in table["bindings"]}
    assert levels == set(RESOURCES)
    assert set(granting) == {f"{kind}.{level}" for level, (kind, _, _) in RESOURCES.items()}
    for level, (kind, argument, names) in RESOURCES.items():
        block = granting[f"{kind}.{level}"]
        assert text(block, "for_each") == f"${{local.granted.{level}}}"
        assert text(block, "member") == "${each.value.member}"
        assert names in {str(name) for name in names_in(block.body.arguments[argument])}
        assert "each.value.role" in {str(name) for name in names_in(block.body.arguments["role"])}


def test_a_line_with_a_condition_is_granted_with_it(table: dict[str, Any], granting: dict[str, Block]) -> None:
    levels = {binding["level"] for binding in table["bindings"] if "condition" in binding}
    with_conditions = {
        address.split(".")[1] for address, block in granting.items() if "condition" in block.body.names()
    }
    assert levels == with_conditions == {"project", "bucket"}
    (condition,) = granting["google_project_iam_member.project"].body.dynamic["condition"]
    assert condition.arguments["expression"] == "${condition.value}"
    (of_bucket,) = granting["google_storage_bucket_iam_member.bucket"].body.dynamic["condition"]
    name = "local.buckets[each.value.resource]"
    assert of_bucket.arguments["expression"] == f"${{replace(condition.value, each.value.resource, {name})}}"


def test_resources_in_capitals_are_those_that_terraform_names(table: dict[str, Any]) -> None:
    named = {b["resource"] for b in table["bindings"] if str(b.get("resource", "")).startswith("PED_")}
    (locals_,) = (b for b in read_folder(MODULE) if b.kind == "locals" and "buckets" in b.body.arguments)
    buckets = set(locals_.body.arguments["buckets"])
    assert named - {"PED_REPOSITORY"} == buckets, "there is one repository, which needs no name"
    others = {b["resource"] for b in table["bindings"] if b["level"] == "service_account"}
    assert others <= set(table["service_accounts"])


def test_every_role_of_our_own_is_made_from_its_file(table: dict[str, Any]) -> None:
    files = {path.name.removesuffix("-role.yaml") for path in (ROOT / "deploy" / "iam").glob("*-role.yaml")}
    assert {b["role"].removeprefix("custom/") for b in table["bindings"] if b["role"].startswith("custom/")} == files
    (role,) = (b for b in read_folder(MODULE) if b.labels[:1] == ("google_project_iam_custom_role",))
    assert "local.roles.includedPermissions" in {str(name) for name in names_in(role.body.arguments["permissions"])}


def test_the_guide_and_the_example_know_the_groups_of_people(table: dict[str, Any]) -> None:
    example = (MODULE.parent / "example" / "terraform.tfvars.example").read_text()
    assert set(table["people"]) == set(re.findall(r"^  (ped-\w+) +=", example, re.MULTILINE))
    for name in table["people"]:
        assert f"`{name}`" in (ROOT / "docs" / "people.md").read_text()
