"""An hour of data time with everything failing: nothing lost, nothing told twice, nothing untrue."""

from pathlib import Path

import pytest

from soak.soaking import Soaked

pytestmark = pytest.mark.timeout(900)  # the first test waits for the soak, on a machine that has other work
Short = tuple[Soaked, Path]


def test_the_judge_finds_nothing(short_soak: Short) -> None:
    found, _ = short_soak
    assert [str(finding) for finding in found.verdict.findings] == []


def test_something_went_wrong_and_something_was_told(short_soak: Short) -> None:
    """A soak in which nothing fails, or nobody is over, shows nothing."""
    found, _ = short_soak
    counts, judged = found.counts, found.verdict.counts
    assert counts["killed"] >= 4
    assert sum(count for name, count in counts.items() if name.startswith("fault: ")) >= 10
    assert sum(count for name, count in counts.items() if name.startswith("cluster: ")) >= 3
    assert counts["two workers on one task"] >= 2 and counts["clusters retired"] == counts["pauses"] == 1
    assert judged["breaches that lasted"] >= 3 and judged["verdicts compared"] >= 100
    reasons = {row["reason"] for row in found.evidence.tables["notifications"]}
    assert {"first", "resolved"} <= reasons
