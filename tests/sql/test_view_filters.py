"""Views for people read what was asked about: a condition on the cycle or the day reaches every partitioned table."""

import pytest
from sqlglot import exp, parse_one

from pedwatch import ddl, sql
from tests.sql.googlesql import SQL_ROOT
from tests.sql.view_filters import Filters, filters_in, filters_of

WANTED = {
    "burn_down": Filters((), is_required=False),
    "current_status": Filters((), is_required=False),
    "explain": Filters(("cycle",), is_required=True),
    "headroom": Filters((), is_required=False),
    "limits_now": Filters((), is_required=False),
    "live_ledger": Filters(("cycle",), is_required=True),
    "open_episodes": Filters((), is_required=False),
}
_LEDGER = "SELECT v.cycle, v.fingerprint FROM `d.verdicts` AS v"
_RECENT = f"{_LEDGER} WHERE v.cycle > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)"
_WINDOW = "QUALIFY ROW_NUMBER() OVER (PARTITION BY {} ORDER BY v.revision) = 1"


@pytest.mark.parametrize("view", ddl.view_names(sql.statement_names(SQL_ROOT)))
def test_each_view_is_bounded_or_wants_a_filter_that_prunes(view: str) -> None:
    found = filters_of(view)
    assert found == WANTED[view]
    assert found.columns or not found.is_required, "it reads everything, whatever is asked"


def of(text: str) -> Filters:
    query = parse_one(text, read="bigquery")
    assert isinstance(query, exp.Query)
    return filters_in(query)


@pytest.mark.parametrize(
    ("text", "columns", "is_required"),
    [
        (_LEDGER, ["cycle"], True),
        (_RECENT, ["cycle"], False),
        (f"{_LEDGER} WHERE v.cycle >= TIMESTAMP '1970-01-01 00:00:00+00'", ["cycle"], True),
        ("SELECT * FROM `d.verdicts`", ["cycle"], True),
        (f"WITH l AS ({_LEDGER}) SELECT l.cycle AS at FROM l", ["at"], True),
        ("SELECT DATE(v.cycle) AS day, DATE(v.cycle, 'Europe/Berlin') AS local FROM `d.verdicts` AS v", ["day"], True),
        (f"{_LEDGER} WHERE TRUE {_WINDOW.format('v.cycle, v.fingerprint')}", ["cycle"], True),
        (f"{_LEDGER} WHERE TRUE {_WINDOW.format('v.fingerprint')}", [], True),
        ("SELECT v.cycle, COUNT(*) AS n FROM `d.verdicts` AS v GROUP BY v.cycle", ["cycle"], True),
        ("SELECT MAX(v.cycle) AS cycle FROM `d.verdicts` AS v GROUP BY v.fingerprint", [], True),
        (f"{_LEDGER} LIMIT 10", [], True),
        (
            "SELECT v.cycle FROM `d.episodes` AS e LEFT JOIN `d.verdicts` AS v ON e.fingerprint = v.fingerprint",
            [],
            True,
        ),
        ("SELECT v.cycle FROM `d.verdicts` AS v LEFT JOIN `d.episodes` AS e ON TRUE", ["cycle"], True),
        ("SELECT v.cycle FROM `d.verdicts` AS v INNER JOIN `d.heartbeats` AS h ON v.cycle = h.cycle", ["cycle"], True),
        ("SELECT v.cycle FROM `d.verdicts` AS v LEFT JOIN `d.heartbeats` AS h ON v.cycle = h.cycle", [], True),
        ("SELECT v.cycle FROM `d.verdicts` AS v CROSS JOIN `d.heartbeats` AS h", [], True),
        (f"{_RECENT} AND v.cycle = (SELECT MAX(h.cycle) FROM `d.heartbeats` AS h)", [], True),
        (f"{_LEDGER} UNION ALL SELECT h.cycle, h.run_id FROM `d.heartbeats` AS h", ["cycle"], True),
        ("SELECT e.started_cycle AS cycle FROM `d.episodes` AS e", [], False),
        ("SELECT x.cycle FROM `d.explain` AS x", ["cycle"], True),
    ],
)
def test_what_reaches_a_table(text: str, columns: list[str], is_required: bool) -> None:
    assert of(text) == Filters(tuple(columns), is_required)
