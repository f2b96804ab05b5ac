"""Writes the evidence of a re-compared cycle: a pack like an audit's, of one cycle, without report or link."""

import datetime as dt
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedwatch import __version__
from pedwatch.audit import pack_files
from pedwatch.audit.bucket.label_bucket import ROOT, content_type
from pedwatch.audit.request import check_label
from pedwatch.config import Config
from pedwatch.cycles import SHORTEST, compact
from pedwatch.hooks.warehouse import Warehouse

if TYPE_CHECKING:
    from google.cloud import storage


def _write_files(warehouse: Warehouse, cycle: dt.datetime, known_at: dt.datetime, folder: Path) -> int:
    """Write the CSV files of one cycle: verdicts, the limits used, which clusters were seen; returns the verdicts."""
    sources: dict[str, tuple[str, dict[str, Any]]] = {
        "verdicts.csv": ("audit/cycle_verdicts.sql", {"cycle": cycle}),
        "limits.csv": ("audit/cycle_limits.sql", {"cycle": cycle, "known_at": known_at}),
        "coverage.csv": ("audit/period_coverage.sql", {"period_start": cycle, "period_end": cycle + SHORTEST}),
    }
    counts = {}
    for name, (statement, parameters) in sources.items():
        columns, rows = warehouse.table(statement, parameters)
        (folder / name).write_bytes(pack_files.to_csv(columns, rows))
        counts[name] = len(rows)
    return counts["verdicts.csv"]


def _replace(bucket: "storage.Bucket", folder: str, files: Path, facts: Mapping[str, Any]) -> None:
    """Write the files of a local folder as a pack, its manifest last.

    What is there already is left alone. What differs is replaced behind a missing manifest, so that at no time a
    manifest stands over files that are not its own: the ledger has every revision of a cycle, its evidence the newest.
    """
    manifest = bucket.blob(f"{folder}/{pack_files.MANIFEST}")
    hashes = pack_files.file_hashes(files)
    before = manifest.download_as_bytes() if manifest.exists() else None
    old = json.loads(before)["files"] if before else {}
    changed = [name for name, entry in hashes.items() if old.get(name) != entry]
    if before and changed:
        manifest.delete()
    for name in changed:
        blob = bucket.blob(f"{folder}/{name}")
        blob.upload_from_string((files / name).read_bytes(), content_type=content_type(name))
    content = pack_files.to_json(pack_files.manifest(hashes, facts))
    if content != before:
        manifest.upload_from_string(content, content_type=content_type(pack_files.MANIFEST))


def write_evidence(
    warehouse: Warehouse,
    client: "storage.Client",
    config: Config,
    cycle: dt.datetime,
    known_at: dt.datetime,
    label: str,
) -> str:
    """Write the pack of one cycle to ``audits/<label>/<cycle>/`` and return its address; the manifest goes last.

    Raises:
        AuditError: the label is no single path segment.
    """
    folder = f"{ROOT}/{check_label(label)}/{compact(cycle)}"
    with tempfile.TemporaryDirectory() as temporary:
        verdict_rows = _write_files(warehouse, cycle, known_at, Path(temporary))
        facts = {
            "from_cycle": cycle.isoformat(),
            "to_cycle": cycle.isoformat(),
            "label": label,
            "limits_known_at": known_at.isoformat(),
            "policy_version": config.policy_version,
            "pedwatch_version": __version__,
            "verdict_rows": verdict_rows,
        }
        _replace(client.bucket(config.bucket), folder, Path(temporary), facts)
    return f"gs://{config.bucket}/{folder}"
