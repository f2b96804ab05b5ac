"""What the tests share: the cycle, the contract's validators, and a look at what a run left behind."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema

CYCLE = datetime(2026, 1, 1, 10, 5, tzinfo=UTC)
SCHEMAS = Path(__file__).parents[3] / "include" / "schemas"


def validator(name: str) -> jsonschema.Draft202012Validator:
    """A validator of one contract file, itself checked."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


ROW = validator("replica_observation")
MANIFEST = validator("collection_manifest")


@dataclass
class Collected:
    """What a run left in its folder; everything read through here was checked against the schemas."""

    folder: Path
    status: int = 0

    @property
    def manifests(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for path in sorted(self.folder.glob("manifests/*/*/*.ndjson")):
            (line,) = path.read_text().splitlines()
            told = json.loads(line)
            MANIFEST.validate(told)
            assert told["cluster"] not in found, "more than one outcome"
            found[told["cluster"]] = told
        return found

    @property
    def manifest(self) -> dict[str, Any]:
        (told,) = self.manifests.values()
        return told

    @property
    def data_files(self) -> list[Path]:
        return sorted(self.folder.glob("obs/*/*/*"))

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows = [
            json.loads(line) for path in self.data_files for line in gzip.decompress(path.read_bytes()).splitlines()
        ]
        for row in rows:
            ROW.validate(row)
        return rows


Collect = Callable[..., Collected]
