"""Whole runs through Airflow: expectations hold, or are named with what was seen."""

from pathlib import Path

import pytest
import yaml

from sandbox.demo.tests.running import missed, play
from sandbox.scenario.loading import SHIPPED


@pytest.mark.timeout(240)
def test_the_hostile_scenario_holds(tmp_path: Path) -> None:
    finished, summary = play(SHIPPED / "hostile.yaml", tmp_path / "demo")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert not missed(summary)


@pytest.mark.timeout(300)
def test_a_backfill_knows_better_and_a_false_expectation_alone_is_named(tmp_path: Path) -> None:
    document = yaml.safe_load((SHIPPED / "late_limit.yaml").read_text())
    document["expect"]["verdicts"].append({"name": "a lie", "cycles": 1, "api": "reviews-api", "verdict": "over_limit"})
    scenario, folder = tmp_path / "lie.yaml", tmp_path / "demo"
    scenario.write_text(yaml.safe_dump(document))
    finished, summary = play(scenario, folder)
    assert finished.returncode == 1, finished.stdout + finished.stderr
    [lie] = missed(summary)
    assert lie["name"] == "a lie"
    assert "is within_limit (measured 3, limit 4" in lie["detail"]
    assert "not held a lie" in finished.stdout
    assert (folder / "slack.html").exists()
    # Airflow's own backfill, and not one that skipped what exists: each run was executed, and judged anew.
    assert [run[1:] for run in summary["backfill"]["runs"]] == [["backfill", "success"]] * 3
    names = {item["name"] for item in summary["expectations"]}
    assert "backfill: as known now, cycles 2-3: reviews-api is within_limit" in names
    written = {Path(name).name for name in summary["backfill"]["files"]}
    assert written == {"verdicts.csv", "limits.csv", "coverage.csv", "manifest.json"}
