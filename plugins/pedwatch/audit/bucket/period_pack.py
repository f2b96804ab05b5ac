"""Writes the evidence pack of an audit: reads the sources, fills the files, puts them into the bucket, links them."""

import datetime as dt
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedwatch import __version__, settings, sql
from pedwatch.audit import (
    chain,
    coverage,
    differences,
    judged,
    pack_files,
    period_episodes,
    policy_changes,
    report,
    standalone_verifier,
)
from pedwatch.audit.assembly import Findings, Sources, audit_period
from pedwatch.audit.bucket import chain_log
from pedwatch.audit.bucket.label_bucket import LabelBucket
from pedwatch.audit.chain import Entry
from pedwatch.audit.request import AuditRequest, check_names
from pedwatch.audit.subject_days import STRETCHES_KEPT, TakeDay
from pedwatch.config import Config
from pedwatch.errors import NothingCollectedYetError
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.staging import append, stage
from pedwatch.hooks.warehouse import Warehouse

if TYPE_CHECKING:
    from google.cloud import storage

DAY_COLUMNS = {"day": "DATE", "day_start": "TIMESTAMP", "day_end": "TIMESTAMP"}
VERDICTS, LEDGER = "audit/period_verdicts.sql", "audit/period_ledger.sql"
DAYS, STRETCHES = "subject_days", "subject_stretches"
TOOLS: Mapping[str, Callable[[Path], Path]] = {
    "README.txt": lambda include: include / "evidence" / "README.txt",
    "verify.py": lambda _: Path(standalone_verifier.__file__),
}
"""What a pack brings to be read and checked without us: so its manifest, and with it the head, vouches for these."""
LIMIT_COLUMNS = (
    "limit_id version api_id team_id environment scope cluster_selector namespace_selector kind_selector name_selector "
    "label_selectors max_replicas approver ticket exemptions source_repo source_path source_commit "
    "document_update_time valid_from first_recorded_from content_sha256"
).split()


def _narrowed(request: AuditRequest) -> dict[str, Any]:
    return {"teams": Typed("ARRAY<STRING>", list(request.teams)), "apis": Typed("ARRAY<STRING>", list(request.apis))}


def read_sources(warehouse: Warehouse, request: AuditRequest, now: dt.datetime) -> Sources:
    """Return what an audit is made of; verdicts are streamed, three results side by side."""
    names = warehouse.run("audit/known_names.sql", {"period_start": request.start, "period_end": request.end})
    check_names(request, _named(names, "team_id"), _named(names, "api_id"))
    # First of all: what is recorded while the rest is read may be in the pack, and is taken for later.
    inputs_as_of = _inputs_as_of(warehouse, request)
    earliest = {"period_start": request.start - period_episodes.LONGEST_WARM_UP, "period_end": request.end}
    seen = warehouse.run("audit/period_coverage.sql", earliest)
    if not any(row["cycle"] >= request.start for row in seen):
        _refuse_before_the_first_collection(warehouse, request)
    before = coverage.lengths_of(row for row in seen if row["cycle"] < request.start)
    begin = request.start - period_episodes.warm_up(before.values())
    warm = {"period_start": begin, "period_end": request.end}
    narrowed = _narrowed(request)
    return Sources(
        begin=begin,
        then=warehouse.stream(VERDICTS, {**warm, **narrowed, "known_at": Typed("TIMESTAMP", None)}),
        now=warehouse.stream(VERDICTS, {**warm, **narrowed, "known_at": request.known_at or now}),
        live=warehouse.stream(LEDGER, {"period_start": request.start, "period_end": request.end, **narrowed}),
        coverage=[row for row in seen if row["cycle"] >= begin],
        limits=warehouse.run("audit/period_limits.sql", warm),
        policies=warehouse.run("audit/period_policies.sql", warm),
        open_episodes=warehouse.run("audit/open_episodes.sql", {"moment": begin, **narrowed}),
        inputs_as_of=inputs_as_of,
    )


def _inputs_as_of(warehouse: Warehouse, request: AuditRequest) -> dt.datetime | None:
    """Return when the newest observation or limit of the period was recorded: what comes later, the pack lacks."""
    days = [{"day": day, "day_start": start, "day_end": end} for day, start, end in request.each_day]
    asked = {"days": Typed(DAY_COLUMNS, days), "period_start": request.start, "period_end": request.end}
    rows = warehouse.run("audit/recorded_days.sql", asked)
    moments = [row[name] for row in rows for name in ("observations_recorded_at", "limits_learnt_at")]
    return max((moment for moment in moments if moment is not None), default=None)


def _refuse_before_the_first_collection(warehouse: Warehouse, request: AuditRequest) -> None:
    kept = dt.timedelta(days=warehouse.config.retention.tables.collection_runs)
    [row] = warehouse.run("audit/first_collection.sql", {"since": request.start - kept})
    first, before = row["first_cycle"], f"{request.end:%Y-%m-%d %H:%M} UTC"
    if first is None:
        raise NothingCollectedYetError(f"nothing was collected yet before {before}: unpause ped_replica_watch first")
    if first >= request.end:
        raise NothingCollectedYetError(
            f"nothing was collected yet before {before}: the first cycle is that of {first:%Y-%m-%d %H:%M} UTC. "
            "Choose a day from then on"
        )


def _named(rows: list[dict[str, Any]], column: str) -> Iterator[str]:
    return (row[column] for row in rows if row[column])


def _csv(stack: ExitStack, folder: Path, name: str, columns: list[str]) -> pack_files.CsvFile:
    return pack_files.CsvFile(stack.enter_context((folder / name).open("w", encoding="utf-8", newline="")), columns)


def write_files(
    folder: Path,
    request: AuditRequest,
    sources: Sources,
    config: Config,
    statements: dict[str, str],
    include: Path,
    take_day: TakeDay,
    pages: str = "",
) -> tuple[Findings, dict[str, Any]]:
    """Write all files of a pack but its manifest into a folder; returns findings and facts for the manifest."""
    with ExitStack() as stack:
        verdicts = _csv(stack, folder, "verdicts.csv", judged.COLUMNS)
        different = _csv(stack, folder, "differences.csv", differences.COLUMNS)
        findings = audit_period(request, sources, config.policy, verdicts.add, different.add, take_day)
    tables: dict[str, tuple[list[str], list[Any]]] = {
        "episodes.csv": (period_episodes.COLUMNS, findings.episode_rows),
        "limits.csv": (LIMIT_COLUMNS, findings.limits),
        "coverage.csv": (coverage.COLUMNS, findings.coverage_rows),
        "policy_changes.csv": (policy_changes.COLUMNS, [change.row for change in findings.policy_changes]),
    }
    for name, (columns, rows) in tables.items():
        (folder / name).write_bytes(pack_files.to_csv(columns, rows))
    for name, tool in TOOLS.items():
        (folder / name).write_bytes(tool(include).read_bytes())
    facts = facts_of(findings, statements, include) | {"pages": pages or None}
    (folder / "report.html").write_bytes(report.render(include / "report", findings, facts))
    return findings, facts


def facts_of(findings: Findings, statements: dict[str, str], include: Path) -> dict[str, Any]:
    """Return what the manifest says of a pack besides its hashes; nothing in it is of the moment it was written."""
    request = findings.request
    # Without the dataset's name: the same rules have the same version in every environment.
    rules = sql.render(include / "sql", "verdicts/judge_period.sql", dataset="dataset")
    return {
        "label": request.label,
        "from_cycle": request.start.isoformat(),
        "to_cycle": request.end.isoformat(),
        "to_cycle_is_included": False,
        "days": [day.isoformat() for day in request.days],
        "report_timezone": request.timezone,
        "counted": f"as known {request.counted}",
        "known_at": request.known_at.isoformat() if request.known_at else request.counted,
        "teams": list(request.teams),
        "apis": list(request.apis),
        "pedwatch_version": __version__,
        "rule_version": hashlib.sha256(rules.encode()).hexdigest(),
        "policy_versions": sorted(findings.figures.policy_versions),
        "verdict_rows": findings.verdict_rows,
        "difference_rows": findings.difference_rows,
        "inputs_as_of": findings.inputs_as_of.isoformat() if findings.inputs_as_of else None,
        "statements": statements,
    }


def write_pack(
    warehouse: Warehouse,
    client: "storage.Client",
    config: Config,
    request: AuditRequest,
    now: dt.datetime,
    pages: str = "",
) -> dict[str, Any]:
    """Audit a period and write its pack, and its days for charts; returns what it says in short.

    A day replaces what ``subject_days`` had of it, so that an audit that is repeated writes the same rows; what it adds
    to ``subject_stretches`` counts instead of what was there. ``pages`` is where the pages about replicas are, which
    the report links to; empty where that is not known.

    Raises:
        NothingCollectedYetError: it ended before the first collection of all.
        AuditError: an unknown team or API, or a period without data. Nothing was written then.
    """
    bucket = LabelBucket(client, config.bucket, request.label)
    statements = {name: warehouse.render(name) for name in (VERDICTS, LEDGER)}
    sources = read_sources(warehouse, request, now)

    def take_day(day: dt.date, rows: Sequence[dict[str, Any]], stretches: Sequence[dict[str, Any]]) -> None:
        # What is of some teams only is no day of the fleet.
        if not request.is_of_all:
            return
        # Before the counts: where they say that a day is audited, charts look for it here.
        if day > (now - STRETCHES_KEPT).date():
            append(warehouse, STRETCHES, ({**row, "audited_at": now} for row in stretches))
        stage(warehouse, DAYS, rows, partition=f"{day:%Y%m%d}")

    with tempfile.TemporaryDirectory() as temporary:
        findings, facts = write_files(
            Path(temporary), request, sources, config, statements, settings.include_dir(), take_day, pages
        )
        folder = Path(temporary)
        manifest = pack_files.to_json(pack_files.manifest(pack_files.file_hashes(folder), facts))
        pack = chain.pack_name(request.folder, bucket.write(request.folder, folder, manifest))
    written = {"pack": pack, "manifest_sha256": chain.sha256_of(manifest), "location": bucket.address(pack)}
    return {**written, "in_short": in_short(findings)}


def in_short(findings: Findings) -> str:
    """Say an audit in one line, for the grid."""
    counted = findings.request.counted
    total, violating = findings.figures.total(counted), len(findings.figures.violating(counted))
    return (
        f"{findings.request.folder}: {violating} APIs over, {report.number(total.violation_hours, 2)} violation-hours, "
        f"{report.number(total.unknown_hours, 2)} not judged; "
        f"coverage {report.number(findings.coverage.percent, 2)} %; {len(findings.differences)} differences from live"
    )


def link_pack(
    warehouse: Warehouse,
    client: "storage.Client",
    config: Config,
    request: AuditRequest,
    written: Mapping[str, Any],
    now: dt.datetime,
    run_id: str,
) -> Entry:
    """Link what `write_pack` wrote into the chain of its label, and record it; returns its entry.

    Raises:
        AuditError: the bucket does not hold what was written, or not what was recorded. Nothing was linked then.
    """
    bucket = LabelBucket(client, config.bucket, request.label)
    return chain_log.link(warehouse, bucket, written["pack"], written["manifest_sha256"], now, run_id)
