"""The scheduled query that asks for heartbeats without Airflow (deploy/terraform/pedwatch/second_eye.sql.tftpl)."""

import datetime as dt
import re
from string import Template
from typing import Any

import pytest
import yaml

from tests.sql.evaluator import evaluate, stored
from tests.sql.googlesql import DATASET, analyze
from tests.sql.googlesql_types import ROOT

MODULE = ROOT / "deploy" / "terraform" / "pedwatch"
NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
MINUTES = 15


def query() -> str:
    """The query as Terraform renders it; the catalog here has no projects."""
    text = (MODULE / "second_eye.sql.tftpl").read_text()
    assert set(re.findall(r"\$\{(\w+)\}", text)) == {"project", "dataset", "minutes"}
    return Template(text).substitute(project="acme", dataset=DATASET, minutes=MINUTES).replace("`acme.", "`")


def beat(dag_id: str, minutes_ago: int, origin: str = "live") -> dict[str, Any]:
    finished_at = NOW - dt.timedelta(minutes=minutes_ago)
    return {
        "dag_id": dag_id,
        "cycle": finished_at - dt.timedelta(seconds=40),
        "run_id": f"{dag_id} {minutes_ago}",
        "run_type": "scheduled",
        "origin": origin,
        "finished_at": finished_at,
    }


def test_bigquery_takes_it() -> None:
    analyze(query(), None)


def test_it_waits_for_the_two_that_the_metrics_wait_for() -> None:
    alerts = yaml.safe_load((MODULE / "alerts.yaml").read_text())
    lines = [alert["line"] for alert in alerts.values() if alert["kind"] == "stays_away"]
    assert set(re.findall(r"'(ped_\w+)'", query())) == {line.split("dag_id=")[1].strip() for line in lines}


WATCH, SYNC = "ped_replica_watch", "ped_limits_sync"


@pytest.mark.parametrize(
    ("what", "beats", "holds"),
    [
        ("both came to their end", [beat(WATCH, 4), beat(SYNC, 4)], True),
        ("one cycle was missed", [beat(WATCH, 14), beat(SYNC, 4)], True),
        ("three cycles were missed", [beat(WATCH, 16), beat(SYNC, 4)], False),
        ("limits are not read", [beat(WATCH, 4), beat(SYNC, 16)], False),
        ("only backfills run", [beat(WATCH, 4, "backfill"), beat(SYNC, 4)], False),
        ("another DAG is well", [beat("ped_housekeeping", 4), beat(SYNC, 4)], False),
        ("nothing ever ran", [], False),
    ],
)
def test_it_fails_when_a_live_heartbeat_is_missing(what: str, beats: list[dict[str, Any]], holds: bool) -> None:
    found = re.fullmatch(r"(?:--.*\n)*ASSERT (.*) AS '.*'\n", query(), re.DOTALL)
    assert found is not None, "one assertion"
    asked = f"SELECT {found[1]} AS holds".replace("CURRENT_TIMESTAMP()", "@now")
    answer = evaluate(asked, stored({"heartbeats": beats}), {"now": NOW})
    assert answer.value == [{"holds": holds}], what
