"""The tasks of ``ped_housekeeping``: DDL, applied idempotently, and invariants: queries that return offending rows."""

import logging
from typing import Any

from pedwatch import settings, sql
from pedwatch.errors import LedgerError
from pedwatch.hooks.warehouse import Warehouse

log = logging.getLogger(__name__)


def apply_ddl(params: Any = None) -> list[str]:
    """Create the dataset, then every table, then every view; additive, so that it may run at any time.

    Does nothing when the run's parameter ``checks_only`` is set.
    """
    from pedwatch.hooks.clients import warehouse

    if params["checks_only"]:
        log.info("checks_only: the tables are left alone")
        return []
    target = warehouse(settings.load_config())
    target.create_dataset()
    applied = [name for name in sql.statement_names(settings.include_dir() / "sql") if name.startswith("ddl/")]
    for name in applied:
        target.write(name)
    log.info("applied %s statements to %s", len(applied), target.config.dataset)
    return applied


def failing_checks(warehouse: Warehouse, names: list[str]) -> dict[str, list[dict[str, object]]]:
    """Run checks and return those that found offending rows, with the rows."""
    found = {name: warehouse.run(name) for name in names}
    return {name: rows for name, rows in found.items() if rows}


def check_invariants() -> None:
    """Run every query of ``checks/``.

    Raises:
        LedgerError: some returned rows; the message names them, the log shows them.
    """
    from pedwatch.hooks.clients import warehouse

    names = [name for name in sql.statement_names(settings.include_dir() / "sql") if name.startswith("checks/")]
    failing = failing_checks(warehouse(settings.load_config()), names)
    for name, rows in failing.items():
        log.error("%s: %s offending rows, first: %s", name, len(rows), rows[0])
    if failing:
        raise LedgerError(f"{len(failing)} of {len(names)} invariants do not hold: {', '.join(sorted(failing))}")
