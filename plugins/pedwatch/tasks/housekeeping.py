"""The tasks of ``ped_housekeeping``: DDL and migrations, and invariants: queries that return offending rows."""

import logging
from pathlib import Path
from typing import Any, Literal

from pedwatch import ddl, schema, settings, sql
from pedwatch.config.needs import GOOGLE
from pedwatch.errors import ConfigurationError, LedgerError
from pedwatch.hooks import applied_schema, kept_tables
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.schema import Step
from pedwatch.tasks import run_start

log = logging.getLogger(__name__)

Severity = Literal["fail", "warn"]
_MARKS: dict[str, Severity] = {"-- #fail ": "fail", "-- #warn ": "warn"}


def apply_ddl(params: Any = None, run_id: Any = None, dag_run: Any = None, dag: Any = None) -> list[str]:
    """Create the dataset and every table, apply the migrations that are pending, then replace every view.

    Additive, so that it may run at any time: nothing is dropped. Stopped anywhere and run again, it ends the same: what
    a migration led to is recorded after it, and until then it is run again from its beginning. Rows are kept from then
    on as long as the configuration says; what is older goes, which is BigQuery's doing. Does nothing when the
    run's parameter ``checks_only`` is set. Returns the statements that were applied, in their order.

    The environment that comes first owns the dataset; another one takes it over with ``take_over`` alone.

    Raises:
        NewerSchemaError: the tables are of a later build; nothing was changed.
        ForeignDatasetError: they are another environment's; nothing was changed.
        LedgerError: BigQuery refused; what was applied before stays.
    """
    from pedwatch.hooks.clients import warehouse_of_any_schema

    config = run_start.begin(dag_run, dag, GOOGLE)
    if params["checks_only"]:
        log.info("checks_only: the tables are left alone")
        return []
    target, environment = warehouse_of_any_schema(config), settings.environment()
    applied_schema.refuse(target, None if params["take_over"] else environment)
    target.create_dataset()
    names = sql.statement_names(target.sql_root)
    applied = _write(target, [name for name in names if name.startswith(ddl.TABLES)])
    for step in applied_schema.pending(target):
        applied += _take(target, step, run_id, environment)
    if environment and schema.owner(applied_schema.applied(target)) != environment:
        log.warning("%s is that of %s from now on", target.config.dataset, environment)
        target.write("schema/take_over.sql", {"environment": environment})
    for change in kept_tables.keep(target):
        log.warning("kept otherwise from now on: %s", change)
    applied += _write(target, [name for name in names if name.startswith(ddl.VIEWS)])
    log.info("applied %s statements to %s", len(applied), target.config.dataset)
    return applied


def _write(target: Warehouse, names: list[str]) -> list[str]:
    for name in names:
        target.write(name)
    return names


def _take(target: Warehouse, step: Step, run_id: str, environment: str | None) -> list[str]:
    applied = _write(target, [step.name] if step.is_migration else [])
    parameters = {"number": step.number, "migration": step.name, "applied_at": settings.now(), "run_id": run_id}
    target.write("schema/record_step.sql", parameters | {"environment": Typed("STRING", environment)})
    log.info("%s has schema %s: %s", target.config.dataset, step.number, step.name)
    return applied


def checks(sql_root: Path) -> dict[str, Severity]:
    """Return the statements of ``checks/``, and what offending rows of each mean: its first line says so.

    Raises:
        LedgerError: a check does not begin with ``-- #fail`` or ``-- #warn``.
    """
    found: dict[str, Severity] = {}
    for name in sql.statement_names(sql_root):
        if name.startswith("checks/"):
            first = (sql_root / name).read_text(encoding="utf-8").split("\n", 1)[0]
            mark = next((mark for mark in _MARKS if first.startswith(mark)), None)
            if mark is None:
                raise LedgerError(f"{name}: its first line must begin with -- #fail or -- #warn and say what is found")
            found[name] = _MARKS[mark]
    return found


def failing_checks(warehouse: Warehouse, names: list[str]) -> dict[str, list[dict[str, object]]]:
    """Run checks and return those that found offending rows, with the rows."""
    found = {name: warehouse.run(name) for name in names}
    return {name: rows for name, rows in found.items() if rows}


def warn_of_gaps(warehouse: Warehouse) -> None:
    """Write to the log what evidence is missing by the calendar, and what makes it."""
    from pedwatch.audit.bucket.calendar_rows import read_gaps

    for gap in read_gaps(warehouse, settings.now()):
        log.warning("evidence that is missing: %s", gap)


def forget_stretches(params: Any = None) -> None:
    """Take the days out of ``subject_stretches`` that no chart shows any more: partitions by number do not expire.

    Does nothing when the run's parameter ``checks_only`` is set.

    Raises:
        LedgerError: BigQuery refused.
    """
    from pedwatch.audit.subject_days import STRETCHES_KEPT
    from pedwatch.hooks.clients import warehouse

    if params["checks_only"]:
        log.info("checks_only: the tables are left alone")
        return
    oldest = (settings.now() - STRETCHES_KEPT).date()
    rows = warehouse(settings.load_config()).write("audit/forget_stretches.sql", {"oldest": oldest})
    log.info("%s rows were taken out of subject_stretches: of days before %s", rows, oldest)


def check_invariants() -> None:
    """Run every query of ``checks/``; what only warns is in the log, and so is evidence that the calendar misses.

    Connections and packages are looked for too, also those that a task comes to need on some day only.

    Raises:
        LedgerError: some that must hold returned rows; the message names them, the log shows them.
        ConfigurationError: they hold, but a connection or a package is missing.
    """
    from pedwatch.hooks.clients import warehouse

    config = settings.load_config()
    lacking = run_start.everything_missing(config)
    for line in lacking:
        log.error("missing: %s", line)
    severities = checks(settings.include_dir() / "sql")
    target = warehouse(config)
    failing = failing_checks(target, list(severities))
    for name, rows in failing.items():
        level = logging.ERROR if severities[name] == "fail" else logging.WARNING
        log.log(level, "%s: %s offending rows, first: %s", name, len(rows), rows[0])
    warn_of_gaps(target)
    broken = sorted(name for name in failing if severities[name] == "fail")
    if broken:
        raise LedgerError(f"{len(broken)} of {len(severities)} invariants do not hold: {', '.join(broken)}")
    log.info("%s invariants were looked at: none that must hold is broken, %s warn", len(severities), len(failing))
    if lacking:
        raise ConfigurationError("\n- ".join(["not all is there that tasks need:", *lacking]))
