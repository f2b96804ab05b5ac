"""The task that writes the evidence of a re-compared cycle: CSV files, hashes, one ``audit_reports`` row."""

import datetime as dt
import hashlib
import re
import uuid
from typing import TYPE_CHECKING, Any

from pedwatch import __version__
from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.audit import pack
from pedwatch.config import Config
from pedwatch.cycles import compact
from pedwatch.errors import PedwatchError
from pedwatch.hooks.warehouse import Warehouse

if TYPE_CHECKING:
    from google.cloud import storage

_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_CONTENT_TYPES = {".csv": "text/csv; charset=utf-8", ".json": "application/json"}


def cycle_files(warehouse: Warehouse, cycle: dt.datetime, known_at: dt.datetime) -> dict[str, bytes]:
    """Return the CSV files of one cycle: verdicts, the limits used, which clusters were seen."""
    sources: dict[str, tuple[str, dict[str, Any]]] = {
        "verdicts.csv": ("audit/cycle_verdicts.sql", {"cycle": cycle}),
        "limits.csv": ("audit/cycle_limits.sql", {"cycle": cycle, "known_at": known_at}),
        "coverage.csv": ("audit/cycle_coverage.sql", {"cycle": cycle}),
    }
    files = {}
    for name, (statement, parameters) in sources.items():
        columns, rows = warehouse.table(statement, parameters)
        files[name] = pack.to_csv(columns, rows)
    return files


def write_evidence(
    warehouse: Warehouse,
    client: "storage.Client",
    config: Config,
    cycle: dt.datetime,
    known_at: dt.datetime,
    label: str,
    now: dt.datetime,
    run_id: str,
) -> str:
    """Write the pack of one cycle to ``audits/<label>/<cycle>/`` and return its address; the manifest goes last.

    Raises:
        PedwatchError: the label is no single path segment.
    """
    if not _LABEL.fullmatch(label):
        raise PedwatchError(f"param label is {label!r}: use lower-case letters, digits, dots and dashes, 63 at most")
    files = cycle_files(warehouse, cycle, known_at)
    facts = {
        "cycle": cycle.isoformat(),
        "label": label,
        "limits_known_at": known_at.isoformat(),
        "policy_version": config.policy.version,
        "pedwatch_version": __version__,
    }
    files["manifest.json"] = pack.manifest(files, facts)
    folder = f"audits/{label}/{compact(cycle)}"
    bucket = client.bucket(config.bucket)
    for name, content in files.items():
        blob = bucket.blob(f"{folder}/{name}")
        blob.upload_from_string(content, content_type=_CONTENT_TYPES[name[name.rindex(".") :]])
    warehouse.write(
        "audit/record_report.sql",
        {
            "report_id": str(uuid.uuid5(NAMESPACE, f"{label}|{cycle.isoformat()}")),
            "label": label,
            "from_cycle": cycle,
            "to_cycle": cycle,
            "location": f"gs://{config.bucket}/{folder}",
            "manifest_sha256": hashlib.sha256(files["manifest.json"]).hexdigest(),
            "verdict_rows": files["verdicts.csv"].count(b"\r\n") - 1,
            "run_id": run_id,
            "written_at": now,
        },
    )
    return f"gs://{config.bucket}/{folder}"
