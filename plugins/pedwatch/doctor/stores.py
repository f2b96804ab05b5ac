"""BigQuery, Firestore, the bucket, clusters: is each in place? A finding says so, and what to do when it is not.

A check that raises is a finding too: a doctor goes on to the next organ.
"""

import datetime as dt
import ssl
import urllib.error
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pedwatch import ddl, schema, settings, sql
from pedwatch.byte_budgets import MIB
from pedwatch.config import Cluster, Config
from pedwatch.hooks import applied_schema
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.places import KnownCluster

if TYPE_CHECKING:
    from google.cloud import storage

    from pedwatch.limits.store.firestore import FirestoreLimits

Status = Literal["ok", "failed", "warning", "skipped"]
MOST_SKEW = dt.timedelta(seconds=30)
_HOUSEKEEPING = "run the DAG ped_housekeeping once: it creates the dataset, its tables and views"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    area: str
    what: str
    status: Status
    detail: str = ""
    fix: str = ""


Check = Callable[[], Iterator[Finding]]


def examine(area: str, fix: str, check: Check) -> Iterator[Finding]:
    """Run a check; an error it raises is a finding with the area's fix."""
    try:
        yield from check()
    except Exception as error:  # noqa: BLE001 whatever is wrong is what is looked for, and the other checks go on
        text = str(error).strip().splitlines()
        yield Finding(area, "reachable", "failed", f"{type(error).__name__}: {text[0] if text else ''}"[:300], fix)


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


def bigquery_findings(warehouse: Warehouse) -> Iterator[Finding]:
    """Check the dataset, each table's columns, the views, and the clock."""
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
    yield from _schema_findings(warehouse)
    present = {table.table_id for table in client.list_tables(name)}
    statements = sql.statement_names(warehouse.sql_root)
    for kind, names in (("tables", ddl.table_names(statements)), ("views", ddl.view_names(statements))):
        missing = sorted(set(names) - present)
        detail = f"{len(names)} there" if not missing else f"missing: {', '.join(missing)}"
        yield Finding(area, kind, "failed" if missing else "ok", detail, _HOUSEKEEPING if missing else "")
    yield from _column_findings(warehouse)
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
    """Check the bucket of observations."""
    is_there = client.bucket(config.bucket).exists()
    fix = "" if is_there else f"create it, in {config.location}, or correct bucket: in pedwatch.yaml"
    yield Finding(
        "Storage", f"bucket {config.bucket}", "ok" if is_there else "failed", "" if is_there else "absent", fix
    )


def name_findings(config: Config, known: Iterable[KnownCluster]) -> Iterator[Finding]:
    """Check that the names of discovered clusters can hold: alone, a name is unique in one project and location."""
    places = {f"{one.project}/{one.location}" for one in known}
    wide = config.discovery.projects if len(config.discovery.projects) > 1 else sorted(places)
    if config.discovery.names == "qualified" or len(wide) < 2:
        yield Finding("Cluster", "names of discovered clusters", "ok", f"names: {config.discovery.names}")
        return
    detail = f"names: name over {', '.join(wide[:5])}: two clusters may have one name, and the second is not watched"
    fix = "set discovery.names: qualified; clusters that are known keep the names they have"
    yield Finding("Cluster", "names of discovered clusters", "warning", detail, fix)


def cluster_findings(clusters: list[Cluster], timeout_seconds: float = 5.0) -> Iterator[Finding]:
    """Check that each cluster's API server answers; what it answers, only the collector's identity can tell."""
    for cluster in clusters:
        if cluster.endpoint is None:
            yield Finding("Cluster", cluster.name, "skipped", "its address is in the collector's kubeconfig")
            continue
        fix = "run the doctor where the collector runs; else look at endpoint, ca_data and the authorised networks"
        try:
            status = _answer(cluster, timeout_seconds)
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            yield Finding("Cluster", cluster.name, "failed", f"{cluster.endpoint}: {reason}"[:200], fix)
        else:
            yield Finding("Cluster", cluster.name, "ok", f"{cluster.endpoint} answers ({status} without credentials)")


def _answer(cluster: Cluster, timeout_seconds: float) -> int:
    assert cluster.endpoint is not None, "only clusters with an address are asked"
    context = ssl.create_default_context(cadata=b64decode(cluster.ca_data).decode() if cluster.ca_data else None)
    if cluster.ca_data:
        # Strict since Python 3.13; the authorities that clusters make for themselves often lack an extension it wants.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    try:
        with urllib.request.urlopen(
            f"{cluster.endpoint.rstrip('/')}/version", timeout=timeout_seconds, context=context
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return int(error.code)
