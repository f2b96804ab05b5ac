"""Writes the evidence of a re-compared cycle: a pack like an audit's, of one cycle, without report."""

import datetime as dt
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedwatch import __version__
from pedwatch.audit import pack_files
from pedwatch.audit.bucket.chained_packs import PackBucket, record_report
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
        AuditError: the label is no single path segment.
    """
    packs = PackBucket(client, config.bucket, label)
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
        manifest = packs.write(compact(cycle), Path(temporary), facts)
    record_report(warehouse, packs, compact(cycle), manifest, now, run_id)
    return packs.address(compact(cycle))
