"""The contract files, the records and the package's own files say the same."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from collector_harness import MANIFEST, ROW

from replica_collector import __version__
from replica_collector.errors import ERROR_CLASSES
from replica_collector.manifest import SCHEMA_VERSION, Manifest
from replica_collector.observations import Observation

PROJECT = Path(__file__).parents[1]


@pytest.mark.parametrize(("record", "schema"), [(Observation, ROW.schema), (Manifest, MANIFEST.schema)])
def test_a_record_has_the_contracts_fields_in_its_order(record: type[msgspec.Struct], schema: dict) -> None:
    assert sorted(record.__struct_fields__) == sorted(schema["properties"])
    # What a row has no value for is left out of it; a manifest says all.
    left_out = {field.name for field in msgspec.structs.fields(record) if not field.required}
    left_out = left_out if record is Observation else set()
    assert set(schema["required"]) == set(schema["properties"]) - left_out
    assert all(field.get("description") for field in schema["properties"].values())


def test_the_contract_knows_every_error_class() -> None:
    assert MANIFEST.schema["properties"]["error_class"]["enum"] == [*ERROR_CLASSES, None]
    assert MANIFEST.schema["properties"]["schema_version"]["const"] == SCHEMA_VERSION


def test_the_contract_refuses_a_failed_manifest_with_rows() -> None:
    told = {name: None for name in MANIFEST.schema["required"]}
    told |= {"status": "failed", "row_count": 3}
    messages = {".".join(map(str, error.path)) for error in MANIFEST.iter_errors(told)}
    assert "row_count" in messages


def test_the_version_is_the_packages() -> None:
    assert tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_the_image_installs_what_is_locked() -> None:
    locked = {
        package["name"]: package["version"]
        for package in tomllib.loads((PROJECT / "uv.lock").read_text())["package"]
        if package["name"] != "replica-collector"
    }
    pins = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (PROJECT / "requirements.txt").read_text(), re.M))
    assert pins.items() <= locked.items()
    assert {"msgspec", "google-auth", "requests", "pyyaml"} <= pins.keys()


def test_the_readme_and_the_help_name_every_option() -> None:
    from replica_collector.command_line import parser_of

    readme = (PROJECT / "README.md").read_text()
    options = {
        option for action in parser_of({})._actions for option in action.option_strings if option.startswith("--")
    }
    assert {option for option in options - {"--help", "--version"} if f"`{option}`" not in readme} == set()
