"""Whole runs through Airflow: expectations hold, or are named with what was seen."""

from pathlib import Path

import pytest
import yaml

from sandbox.demo.tests.running import missed, play
from sandbox.scenario.loading import SHIPPED


@pytest.mark.timeout(240)
def test_a_false_expectation_is_named_and_the_others_hold(tmp_path: Path) -> None:
    document = yaml.safe_load((SHIPPED / "quiet.yaml").read_text())
    document["expect"]["verdicts"].append({"name": "a lie", "cycles": 2, "api": "refunds", "verdict": "over_limit"})
    del document["backfill"]  # the other scenarios have one
    scenario = tmp_path / "lie.yaml"
    scenario.write_text(yaml.safe_dump(document))
    finished, summary = play(scenario, tmp_path / "demo")
    assert finished.returncode == 1, finished.stdout + finished.stderr
    [lie] = missed(summary)
    assert lie["name"] == "a lie"
    assert "is within_limit (measured 1, limit 2" in lie["detail"]
    assert "not held a lie" in finished.stdout
    assert summary["slack_messages"] == []
    assert summary["verdict_counts"] == {"within_limit": 6}
    assert (tmp_path / "demo" / "slack.html").exists()


@pytest.mark.timeout(240)
def test_the_hostile_scenario_holds(tmp_path: Path) -> None:
    finished, summary = play(SHIPPED / "hostile.yaml", tmp_path / "demo")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert not missed(summary)


@pytest.mark.timeout(300)
def test_a_backfill_knows_better_and_says_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    finished, summary = play(SHIPPED / "late_limit.yaml", folder)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert not missed(summary)
    # Airflow's own backfill, and not one that skipped what exists: each run was executed, and judged anew.
    assert [run[1:] for run in summary["backfill"]["runs"]] == [["backfill", "success"]] * 3
    names = {item["name"] for item in summary["expectations"]}
    assert "backfill: as known now, cycles 2-3: reviews-api is within_limit" in names
    written = {Path(name).name for name in summary["backfill"]["files"]}
    assert written == {"verdicts.csv", "limits.csv", "coverage.csv", "manifest.json"}
