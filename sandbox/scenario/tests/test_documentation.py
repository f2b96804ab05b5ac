"""The README, the JSON Schema and the command line say what the models say."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import yaml

from sandbox.scenario.loading import SHIPPED
from sandbox.scenario.tests.readme_of_models import readme

README = Path(__file__).parents[1] / "README.md"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "sandbox.scenario", *arguments], capture_output=True, text=True)


def test_the_readme_is_up_to_date() -> None:
    assert README.read_text(encoding="utf-8") == readme(), "run: python -m sandbox.scenario.tests.readme_of_models"


def test_the_schema_takes_the_shipped_scenarios() -> None:
    schema = json.loads(run("schema").stdout)
    for path in SHIPPED.glob("*.yaml"):
        # JSON has no times: as text, as an editor's schema check sees them.
        document = json.loads(json.dumps(yaml.safe_load(path.read_text()), default=lambda time: time.isoformat()))
        jsonschema.validate(document, schema)


def test_validate_names_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("name: x\n")
    finished = run("validate", str(path))
    assert finished.returncode == 1
    assert "wrong.yaml:1: start: is required" in finished.stderr


def test_explain_tells_the_story() -> None:
    finished = run("explain", str(SHIPPED / "shop.yaml"))
    assert finished.returncode == 0
    assert "us-prod-1 goes dark" in finished.stdout
