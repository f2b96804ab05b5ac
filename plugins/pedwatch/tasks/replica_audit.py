"""The tasks of ``ped_replica_audit``: what is asked for, the pack, its link. Values between tasks are JSON."""

import logging
from typing import Any

from pedwatch import settings
from pedwatch.audit.request import AuditRequest, request_of_run
from pedwatch.config.needs import GOOGLE
from pedwatch.cycles import LATE_FILES
from pedwatch.errors import AuditError, NothingCollectedYetError
from pedwatch.run_gates import MANUAL, run_type_of
from pedwatch.tasks import run_start
from pedwatch.tasks.replica_watch import IN_SHORT

log = logging.getLogger(__name__)

SETTLED_AFTER = LATE_FILES
"""So long, and a cycle: the last one of a day may still be running at midnight, and its files may come late."""


def _fail(error: AuditError) -> Exception:
    """Return the error that fails a task without a retry: what a person has to change stays wrong."""
    from airflow.sdk.exceptions import AirflowFailException

    return AirflowFailException(str(error))


def plan_audit(dag_run: Any = None, params: Any = None, dag: Any = None) -> dict[str, Any]:
    """Decide what the run audits; a wrong param fails here, before anything is read."""
    config = run_start.begin(dag_run, dag, GOOGLE)
    start, end = dag_run.data_interval_start, dag_run.data_interval_end
    kept_days = config.retention.tables.replica_observations
    try:
        interval = (start, end) if start and end else None
        request = request_of_run(params, interval, settings.now(), config.report_timezone, kept_days)
    except AuditError as error:
        raise _fail(error) from None
    log.info("audit %s of %s to %s", request.label, request.start.isoformat(), request.end.isoformat())
    return request.to_json()


def is_settled(request: dict[str, Any]) -> bool:
    """Tell whether the last cycle of the period can no longer change by itself."""
    last = AuditRequest.from_json(request).end + settings.load_config().period
    return settings.now() >= last + SETTLED_AFTER


def write_pack_of_run(request: dict[str, Any], dag_run: Any = None) -> dict[str, Any]:
    """Write the pack; returns where it is, and what it says in short.

    What nobody asked for by hand is skipped where nothing was collected yet: the night after an installation is no
    failure that somebody has to look at.
    """
    from pedwatch.audit.bucket import period_pack
    from pedwatch.hooks import run_urls
    from pedwatch.hooks.clients import storage_client, warehouse

    config = settings.load_config()
    try:
        written = period_pack.write_pack(
            warehouse(config),
            storage_client(config),
            config,
            AuditRequest.from_json(request),
            settings.now(),
            run_urls.pages_url(),
        )
    except NothingCollectedYetError as error:
        if run_type_of(dag_run) == MANUAL:
            raise _fail(error) from None
        from airflow.sdk.exceptions import AirflowSkipException

        raise AirflowSkipException(f"no pack: {error}") from None
    except AuditError as error:
        raise _fail(error) from None
    log.info("%s: %s", written["location"], written["in_short"])
    return written


def link_pack_of_run(
    request: dict[str, Any], written: dict[str, Any], of: str = "run", run_id: Any = None, ti: Any = None
) -> dict[str, Any]:
    """Link the pack into its chain, record it, and keep its head elsewhere; in short it is the name of this task.

    Again, each of the three changes nothing that is there.
    """
    from pedwatch.audit.bucket import heads, period_pack
    from pedwatch.hooks.clients import heads_client, storage_client, warehouse

    ti.xcom_push(key=IN_SHORT, value=written["in_short"])
    config = settings.load_config()
    tables, now = warehouse(config), settings.now()
    asked = AuditRequest.from_json(request)
    try:
        entry = period_pack.link_pack(tables, storage_client(config), config, asked, written, now, run_id)
        if config.evidence_heads.bucket:
            heads.anchor(heads_client(config), config.evidence_heads, entry)
    except AuditError as error:
        raise _fail(error) from None
    named = {"pack": entry.pack, "sequence": entry.sequence, "cause": entry.cause}
    return {**named, "is_anchored": config.evidence_heads.bucket is not None}
