"""Writes deploy/terraform/pedwatch so that Terraform plans it without the providers: each resource as terraform_data.

That is built in and has no schema, so that Terraform itself evaluates variables, locals, functions and types, finds
circles, and counts instances. What the providers would say of it ``provider_schema.py`` says.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.terraform.configuration import Block, Body, read_text

ROOT = Path(__file__).resolve().parents[2]
MODULE = Path("deploy") / "terraform" / "pedwatch"
#: What the module reads besides its own folder.
READ = ("deploy/iam", "deploy/firestore.indexes.json", "requirements.txt", "include/config/pedwatch.yaml")
#: What a provider computes and other resources name; the environment's by hand, since they lie deeper.
COMPUTED = {name: f'"{name.upper()}"' for name in ("address", "email", "id", "name", "self_link")}
ENVIRONMENT = (
    'config = [{ airflow_uri = "URI", dag_gcs_prefix = "gs://BUCKET/dags", '
    'node_config = [{ service_account = "theirs@example.com" }] }]'
)


def write(target: Path) -> Path:
    """Write the module below a folder, with what it reads beside it; returns its own folder."""
    for name in READ:
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile)(ROOT / name, copy)
    folder = target / MODULE
    folder.mkdir(parents=True)
    for path in (ROOT / MODULE).iterdir():
        if path.suffix in (".yaml", ".tftpl") or path.name == "variables.tf":
            shutil.copyfile(path, folder / path.name)
        elif path.suffix == ".tf" and path.name != "versions.tf":
            (folder / path.name).write_text("\n".join(_file(path.read_text())))
    return folder


def _file(text: str) -> Iterator[str]:
    for part in re.split(r"(?m)^(?=(?:resource|data|locals|check|output)\b)", text):
        if part.startswith(("locals", "check", "output")):
            yield _renamed(part)
        elif part.startswith(("resource", "data")):
            (block,) = read_text(part)
            yield _resource(block)


def _renamed(text: str) -> str:
    """Expressions name the same resources by their new addresses, and their attributes in what goes through them."""
    text = re.sub(r"\bdata\.(google_\w+)\.(\w+)", r"data_\1.\2", text)
    text = re.sub(
        r"\b((?:data_)?google_\w+)\.(\w+)((?:\[(?:[^\[\]]|\[[^\]]*\])*\])?)", r"terraform_data.\1__\2\3.output", text
    )

    def loop(found: re.Match[str]) -> str:
        one = found[1].split(",")[-1].strip()
        return f"for {found[1]} in {found[2]} :{found[3].replace(f'{one}.', f'{one}.output.')}"

    return re.sub(r"for ([\w, ]+) in (terraform_data\.\w+)\.output :([^\]\n]*)", loop, text)


def _expression(value: Any) -> str:
    if isinstance(value, str):
        return _renamed(value[2:-1] if value.startswith("${") else value)
    if isinstance(value, list):
        return f"[{', '.join(map(_expression, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {_expression(inner)}' for name, inner in value.items())} }}"
    return {None: "null", True: "true", False: "false"}.get(value, str(value))


def _object(body: Body, left_out: tuple[str, ...] = ()) -> Iterator[str]:
    for name, value in body.arguments.items():
        if name not in left_out:
            yield f"{name} = {_expression(value)}"
    for name, bodies in body.blocks.items():
        if name not in left_out:
            yield f"{name} = [{', '.join('{ ' + ', '.join(_object(inner)) + ' }' for inner in bodies)}]"
    for (name, (content,)), over in zip(body.dynamic.items(), body.repeated_over, strict=True):
        inner = re.sub(rf"\b{name}\.value\b", "one", ", ".join(_object(content)))
        yield f"{name} = [for one in {_expression(over)} : {{ {inner} }}]"


def _resource(block: Block) -> str:
    own = block.body.arguments
    prefix = "data_" if block.kind == "data" else ""
    lines = [f'resource "terraform_data" "{prefix}{block.labels[0]}__{block.labels[1]}" {{']
    lines += [f"  {name} = {_expression(own[name])}" for name in ("count", "for_each") if name in own]
    if "depends_on" in own:
        lines.append(f"  depends_on = {_expression(own['depends_on']).replace('.output', '')}")
    for lifecycle in block.body.blocks.get("lifecycle", []):
        for condition in lifecycle.blocks.get("precondition", []):
            said = "\n".join(_object(condition))
            lines.append(f"  lifecycle {{\n    precondition {{\n{said}\n    }}\n  }}")
    left_out = ("count", "for_each", "depends_on", "provider", "lifecycle", "timeouts")
    is_environment = block.labels[0] == "google_composer_environment"
    computed = [f"{name} = {value}" for name, value in COMPUTED.items() if name not in own]
    computed += [ENVIRONMENT] if is_environment else []
    given = _object(block.body, left_out)
    if is_environment:  # its own config stands beside what is computed of it
        given = (f"given_{argument}" if argument.startswith("config ") else argument for argument in given)
    lines += ["  input = {", *(f"    {argument}" for argument in (*computed, *given)), "  }", "}"]
    return "\n".join(lines)
