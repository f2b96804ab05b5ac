"""The first day of a fleet that never had limits: more episodes in one fold than a request to BigQuery holds."""

import pytest

from pedwatch.cycles import PERIOD
from pedwatch.errors import LedgerError
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from tests.operators.large_fleet import FIRST, TEAMS, at_cursor, fold, judge

APIS = 2_100
"""More than a page of the fold's input, and over 5 MB in rows; ``bench/folds.py`` takes 50,000."""


def count(warehouse: Warehouse, table: str, what: str) -> int:
    """Count rows, or what is distinct in them."""
    (row,) = warehouse.client.query(f"SELECT {what} AS n FROM `{warehouse.config.dataset}.{table}`").result()
    return int(row.n)


def test_a_fold_that_no_request_holds_is_staged_and_what_goes_on_is_not_written_again(warehouse: Warehouse) -> None:
    warehouse.write("alerts/move_cursor.sql", at_cursor(FIRST - PERIOD))
    for number in range(3):
        judge(warehouse, FIRST + number * PERIOD, APIS)
    third, fourth = FIRST + 2 * PERIOD, FIRST + 3 * PERIOD
    told = fold(warehouse, third)
    assert (told["episodes"], told["firing"], told["notifications"]) == (APIS, APIS, APIS + TEAMS)
    assert count(warehouse, "episodes", "COUNT(DISTINCT IF(state = 'firing', episode_id, NULL))") == APIS
    assert count(warehouse, "notifications", "COUNTIF(status = 'grouped')") == APIS
    assert count(warehouse, "notifications", "COUNTIF(reason = 'storm')") == TEAMS
    assert count(warehouse, "fold_staging", "COUNT(*)") == 2 * APIS + TEAMS

    again = fold(warehouse, third)
    assert (again["episodes"], again["notifications"], again["firing"]) == (0, 0, APIS)
    judge(warehouse, fourth, APIS)
    goes_on = fold(warehouse, fourth)
    assert (goes_on["episodes"], goes_on["notifications"], goes_on["firing"]) == (0, 0, APIS)
    assert count(warehouse, "fold_cursor", "COUNTIF(cycle = TIMESTAMP '2026-03-02 10:15:00+00')") == 1


def test_a_fold_whose_staged_rows_another_one_replaced_writes_nothing(warehouse: Warehouse) -> None:
    parameters = at_cursor(FIRST) | {"run_id": "run-1", "fold_id": "mine", "staged_rows": 1}
    with pytest.raises(LedgerError, match="replaced by another fold"):
        warehouse.write("alerts/commit_staged_fold.sql", parameters)
    assert count(warehouse, "fold_cursor", "COUNT(*)") == 0


def test_a_cursor_that_another_fold_moved_is_not_moved_on(warehouse: Warehouse) -> None:
    """The rows that a fold did not write say what they say as of the cursor it knew."""
    warehouse.write("alerts/move_cursor.sql", at_cursor(FIRST))
    late = {"cycle": FIRST + PERIOD, "computed_at": FIRST, "expected_cursor": Typed("TIMESTAMP", FIRST - PERIOD)}
    with pytest.raises(LedgerError, match="fold cursor moved"):
        warehouse.write("alerts/move_cursor.sql", late)
    assert count(warehouse, "fold_cursor", "COUNTIF(cycle = TIMESTAMP '2026-03-02 10:00:00+00')") == 1
