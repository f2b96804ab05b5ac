"""A whole run through Airflow: expectations hold, or are named with what was seen."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.demo.tests.running import missed, play
from sandbox.scenario.loading import SHIPPED

#: What both scenarios have one of: the same ones.
SHARED = ("start", "platform_channel")


def scenario(name: str) -> dict[str, Any]:
    """Read a shipped scenario."""
    document: dict[str, Any] = yaml.safe_load((SHIPPED / f"{name}.yaml").read_text())
    return document


def side_by_side(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Play two scenarios at once: their clusters, teams, limits, workloads and expectations beside each other."""
    assert all(one[key] == other[key] for key in SHARED)
    both = one | other
    for key in ("teams", "limits", "workloads", "timeline"):
        both[key] = one[key] + other[key]
    both["clusters"] = one["clusters"] + [each for each in other["clusters"] if each not in one["clusters"]]
    both["expect"] = {
        kind: one["expect"].get(kind, []) + other["expect"].get(kind, []) for kind in one["expect"] | other["expect"]
    }
    both["cycles"] = max(one["cycles"], other["cycles"])
    return both


@pytest.mark.timeout(600)
def test_hostile_names_hold_a_backfill_knows_better_and_a_false_expectation_alone_is_named(tmp_path: Path) -> None:
    document = side_by_side(scenario("hostile"), scenario("late_limit"))
    document["expect"]["verdicts"].append({"name": "a lie", "cycles": 1, "api": "reviews-api", "verdict": "over_limit"})
    written, folder = tmp_path / "lie.yaml", tmp_path / "demo"
    written.write_text(yaml.safe_dump(document))
    finished, summary = play(written, folder)
    assert finished.returncode == 1, finished.stdout + finished.stderr
    [lie] = missed(summary)
    assert lie["name"] == "a lie"
    assert "is within_limit (measured 3, limit 4" in lie["detail"]
    assert "not held a lie" in finished.stdout
    assert (folder / "slack.html").exists()
    # Airflow's own backfill, and not one that skipped what exists: each run was executed, and judged anew.
    assert [run[1:] for run in summary["backfill"]["runs"]] == [["backfill", "success"]] * 3
    names = {item["name"] for item in summary["expectations"]}
    assert "nobody is pinged by an approver" in names
    assert "backfill: as known now, cycles 2-3: reviews-api is within_limit" in names
    files = {Path(name).name for name in summary["backfill"]["files"]}
    assert files == {"verdicts.csv", "limits.csv", "coverage.csv", "manifest.json"}
