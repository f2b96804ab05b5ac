"""BigQuery, Firestore, the bucket: is each in place, and is what is in them as young as it should be?"""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pedwatch import ddl, schema, settings, sql
from pedwatch.audit import anchors
from pedwatch.byte_budgets import MIB
from pedwatch.config import Config, EvidenceHeads
from pedwatch.doctor.findings import Finding
from pedwatch.hooks import applied_schema, kept_tables
from pedwatch.hooks.warehouse import Warehouse

if TYPE_CHECKING:
    from google.cloud import storage

    from pedwatch.limits.store.firestore import FirestoreLimits

MOST_SKEW = dt.timedelta(seconds=30)
QUIET = dt.timedelta(minutes=15)
"""After so long without a heartbeat, or three cycles, silence is told: deploy/terraform has the same rule."""
LONGEST_SILENCE = dt.timedelta(days=3, hours=4)
"""Of a DAG that runs on weekdays: from Friday's digest to Monday's."""
_HOUSEKEEPING = "run the DAG ped_housekeeping once: it creates the dataset, its tables and views"


def skew(area: str, theirs: dt.datetime | None) -> Finding:
    """Compare a service's clock with this machine's."""
    what = "clock"
    if theirs is None:
        return Finding(area, what, "skipped", "it does not say what time it is")
    difference = abs(dt.datetime.now(dt.UTC) - theirs)
    detail = f"{difference.total_seconds():.0f} s from this machine's"
    if difference <= MOST_SKEW:
        return Finding(area, what, "ok", detail)
    return Finding(area, what, "failed", detail, "synchronise this machine's clock (chrony, systemd-timesyncd)")


def bigquery_findings(warehouse: Warehouse, environment: str | None) -> Iterator[Finding]:
    """Check the dataset and whose it is, each table's columns, the views, and the clock."""
    from google.api_core.exceptions import NotFound

    area, client, config = "BigQuery", warehouse.client, warehouse.config
    name = f"{config.project}.{config.dataset}"
    try:
        dataset = client.get_dataset(name)
    except NotFound:
        yield Finding(area, f"dataset {name}", "failed", "not found", _HOUSEKEEPING)
        return
    if warehouse.is_elsewhere(dataset):
        fix = f"set location: {dataset.location} in pedwatch.yaml; a dataset cannot be moved"
        yield Finding(area, f"dataset {name}", "failed", f"in {dataset.location}, not {config.location}", fix)
    else:
        yield Finding(area, f"dataset {name}", "ok", dataset.location or "")
    yield _owner_finding(warehouse, environment)
    yield from _schema_findings(warehouse)
    present = {table.table_id for table in client.list_tables(name)}
    statements = sql.statement_names(warehouse.sql_root)
    for kind, names in (("tables", ddl.table_names(statements)), ("views", ddl.view_names(statements))):
        missing = sorted(set(names) - present)
        detail = f"{len(names)} there" if not missing else f"missing: {', '.join(missing)}"
        yield Finding(area, kind, "failed" if missing else "ok", detail, _HOUSEKEEPING if missing else "")
    yield from _column_findings(warehouse)
    yield _kept_finding(warehouse)
    now = _time_of(warehouse)
    yield skew(area, now)


def _time_of(warehouse: Warehouse) -> dt.datetime:
    """Ask BigQuery for the time, of no table: it may bill no more than BigQuery's least."""
    from google.cloud import bigquery

    limited = bigquery.QueryJobConfig(maximum_bytes_billed=10 * MIB)
    text = "SELECT CURRENT_TIMESTAMP() AS now"
    job = warehouse.client.query(text, job_config=limited, location=warehouse.config.location)
    now: dt.datetime = next(iter(job.result())).now
    return now


def _owner_finding(warehouse: Warehouse, environment: str | None) -> Finding:
    """Compare the environment that owns the dataset with the one that is looked at."""
    area, what, applied = "BigQuery", "owner", applied_schema.applied(warehouse)
    if objection := schema.foreign(warehouse.config.dataset, applied, environment):
        told, _, fix = objection.partition(": ")
        return Finding(area, what, "failed", told, fix)
    owner = schema.owner(applied)
    return Finding(area, what, "ok" if owner else "skipped", owner or "no environment has said that it is its own")


def _schema_findings(warehouse: Warehouse) -> Iterator[Finding]:
    """Compare the number that the tables have with the one that this build knows."""
    area, what = "BigQuery", "schema"
    newest = schema.steps(warehouse.sql_root)[-1].number
    if objection := applied_schema.newer(warehouse):
        told, _, fix = objection.partition(": ")
        yield Finding(area, what, "failed", told, fix.rstrip("."))
    elif pending := applied_schema.pending(warehouse):
        names = ", ".join(step.name for step in pending)
        yield Finding(area, what, "failed", f"behind {newest}, missing: {names}", _HOUSEKEEPING)
    else:
        yield Finding(area, what, "ok", str(newest))


def _column_findings(warehouse: Warehouse) -> Iterator[Finding]:
    area, what = "BigQuery", "columns"
    wrong = list(applied_schema.differing(warehouse))
    if not wrong:
        yield Finding(area, what, "ok", "as the DDL says")
        return
    names = ", ".join(f"{each.table}.{each.column.name}" for each in wrong[:10])
    detail = f"missing or of another type: {names}"
    yield Finding(area, what, "failed", detail, applied_schema.remedy(warehouse, wrong[0]))


def _kept_finding(warehouse: Warehouse) -> Finding:
    """Compare how long rows are kept with ``retention.tables`` of the configuration."""
    area, what = "BigQuery", "retention"
    wrong = [str(each) for each in kept_tables.differing(warehouse)]
    if not wrong:
        return Finding(area, what, "ok", "as pedwatch.yaml says")
    return Finding(area, what, "failed", "; ".join(wrong), "run the DAG ped_housekeeping once: it sets them")


def firestore_findings(store: "FirestoreLimits", config: Config) -> Iterator[Finding]:
    """Check that the limits can be read."""
    area, now = "Firestore", store.server_time()
    count = store.count(now)
    where = f"{config.firestore.database}/{config.firestore.collection}"
    if count:
        yield Finding(area, where, "ok", f"{count} limits")
    else:
        fix = (
            "publish some: python -m pedwatch limits publish PATH --apply; or correct firestore.project, "
            "firestore.database or firestore.collection in pedwatch.yaml"
        )
        yield Finding(area, where, "failed", "no limits", fix)
    yield skew(area, None if settings.keeps_its_own_time() else now)


def storage_findings(client: "storage.Client", config: Config) -> Iterator[Finding]:
    """Check that the bucket of observations can be listed: no role of ours may read what a bucket is."""
    from google.api_core.exceptions import NotFound

    area, what = "Storage", f"bucket {config.bucket}"
    try:
        next(iter(client.list_blobs(config.bucket, max_results=1)), None)
    except NotFound:
        fix = f"create it, in {config.location}, or correct bucket: in pedwatch.yaml"
        yield Finding(area, what, "failed", "absent", fix)
    else:
        yield Finding(area, what, "ok")


def heads_findings(client: "storage.Client", heads: EvidenceHeads) -> Iterator[Finding]:
    """Check that heads of evidence are kept in a bucket besides Slack, and that nobody can take them away there."""
    from google.api_core.exceptions import NotFound

    area = "Storage"
    if heads.bucket is None:
        detail = "evidence_heads.bucket is not set: heads of evidence are kept in Slack alone"
        yield Finding(area, "bucket of heads", "skipped", detail)
        return
    what = f"bucket of heads {heads.bucket}"
    try:
        first = next(iter(client.list_blobs(heads.bucket, prefix=f"{anchors.FOLDER}/", max_results=1)), None)
    except NotFound:
        fix = "create it with a retention policy (deploy/terraform), or correct evidence_heads.bucket in pedwatch.yaml"
        yield Finding(area, what, "failed", "absent", fix)
        return
    if first is None:
        yield Finding(area, what, "skipped", "empty: no pack was linked since it was configured")
    elif first.retention_expiration_time is None:
        fix = "set a retention policy, as deploy/terraform does"
        yield Finding(area, what, "failed", "without a retention policy: heads there can be replaced and deleted", fix)
    else:
        yield Finding(area, what, "ok", f"kept until {first.retention_expiration_time:%Y-%m-%d} at least")


def heartbeat_findings(warehouse: Warehouse, now: dt.datetime) -> Iterator[Finding]:
    """Look for the newest heartbeat of each DAG that leaves one: is it as young as its schedule lets expect.

    Args:
        warehouse: the tables.
        now: UTC.
    """
    since = now - LONGEST_SILENCE - dt.timedelta(days=1)
    newest = {row["dag_id"]: row["finished_at"] for row in warehouse.run("heartbeats/newest.sql", {"since": since})}
    period = warehouse.config.period
    for dag_id, patience in {
        "ped_replica_watch": max(QUIET, 3 * period),
        "ped_limits_sync": max(QUIET, 3 * period),
        "ped_housekeeping": dt.timedelta(hours=26),
        "ped_replica_audit": dt.timedelta(hours=28),
        "ped_digest": LONGEST_SILENCE,
    }.items():
        yield _heartbeat(dag_id, newest.get(dag_id), patience, now)


def _heartbeat(dag_id: str, finished_at: dt.datetime | None, patience: dt.timedelta, now: dt.datetime) -> Finding:
    area, fix = "Heartbeat", "docs/runbooks/a-heartbeat-stays-away.md; unpause the DAG if it is paused"
    if finished_at is None:
        return Finding(area, dag_id, "failed", f"none in {LONGEST_SILENCE.days + 1} days", fix)
    minutes = int((now - finished_at).total_seconds() // 60)
    age = f"{minutes} minutes ago" if minutes < 120 else f"{minutes // 60} hours ago"
    if now - finished_at <= patience:
        return Finding(area, dag_id, "ok", age)
    return Finding(area, dag_id, "failed", f"{age}, at {finished_at:%Y-%m-%d %H:%M} UTC", fix)
