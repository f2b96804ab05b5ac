"""The statements of limits fit the Python that calls them: types of parameters, names of columns."""

import re

import jinja2
import pytest

from pedwatch import sql
from pedwatch.config import Policy
from pedwatch.limits.belief_rows import COMMIT_COLUMNS, POLICY_COLUMNS, REJECTION_COLUMNS, belief_row
from pedwatch.limits.history import Belief, Statement, learn
from tests.sql.googlesql import DATASET, SQL_ROOT, analyze, analyze_file
from tests.unit.limits.samples import limit, minutes

OF_THE_WHOLE = ("advisories", "retired_clusters", "suppressed_teams")
COMMIT = {
    "sync_id": "STRING",
    "read_time": "TIMESTAMP",
    "previous_read_time": "TIMESTAMP",
    "committed_at": "TIMESTAMP",
    "mode": "STRING",
    "documents_read": "INT64",
    "documents_known": "INT64",
    "documents_sha256": "STRING",
    "changes": "INT64",
    "staged_rows": "INT64",
    "firestore_project": "STRING",
    "firestore_database": "STRING",
    "firestore_collection": "STRING",
    "rejections": REJECTION_COLUMNS,
    "policy_version": "STRING",
    "policies": POLICY_COLUMNS,
    **dict.fromkeys(OF_THE_WHOLE, "ARRAY<STRING>"),
    "policy_commits": COMMIT_COLUMNS,
}
HISTORY = analyze("SELECT * FROM `ped_watch.limit_history`", {})


RECORD = {
    name: kind
    for name, kind in COMMIT.items()
    if name not in ("changes", "staged_rows", "rejections", "policies", *OF_THE_WHOLE, "policy_commits")
}


def test_a_sync_that_found_nothing_is_recorded_with_what_the_ledger_sends() -> None:
    analyze_file("limits/record_sync.sql", RECORD)


def test_the_commit_takes_what_the_ledger_sends() -> None:
    analyze_file("limits/commit_sync.sql", COMMIT)


def test_the_commit_uses_every_parameter() -> None:
    text = sql.render(SQL_ROOT, "limits/commit_sync.sql", dataset=DATASET)
    code = "\n".join(line.partition("--")[0] for line in text.splitlines())
    assert set(re.findall(r"(?<!@)@(\w+)", code)) == set(COMMIT)


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("limits/limits_as_of.sql", {"cycle": "TIMESTAMP", "known_at": "TIMESTAMP"}),
        ("limits/current_beliefs.sql", {"limit_ids": "ARRAY<STRING>"}),
    ],
)
def test_all_columns_of_the_history_are_returned(statement: str, parameters: dict[str, str]) -> None:
    assert analyze_file(statement, parameters) == HISTORY


def test_the_as_of_rule_can_be_the_body_of_a_cte() -> None:
    text = "WITH limits AS ({% include 'limits/limits_as_of.sql' %}) SELECT limit_id FROM limits"
    columns = analyze(_render(text), {"cycle": "TIMESTAMP", "known_at": "TIMESTAMP"})
    assert columns == {"limit_id": "STRING"}


def _render(text: str) -> str:
    return jinja2.Environment(loader=jinja2.FileSystemLoader(SQL_ROOT)).from_string(text).render(dataset=DATASET)


def test_a_belief_fills_every_column_that_is_not_the_syncs() -> None:
    [belief] = learn([], [Statement(minutes(0), limit())]).opened
    assert isinstance(belief, Belief)
    assert {*belief_row(belief), "recorded_from", "recorded_to"} == set(HISTORY)


def test_a_policy_row_has_every_setting() -> None:
    assert set(Policy.model_fields) <= set(POLICY_COLUMNS)
    columns = analyze("SELECT * FROM `ped_watch.policy_history`", {})
    assert set(POLICY_COLUMNS) == set(columns) - {"policy_version", "valid_from", "valid_to", *OF_THE_WHOLE, "commits"}
