"""Coverage: what should have been seen, and was."""

import datetime as dt

from pedwatch.audit.coverage import summarise, with_gaps
from pedwatch.cycles import PERIOD

TEN = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)


def test_nothing_is_expected_of_a_retired_cluster() -> None:
    known = {"environment": "prod", "error_class": None}
    rows = [
        {"cycle": TEN, "cycle_minutes": 5, "cluster": "eu", "status": "complete", **known},
        {"cycle": TEN, "cycle_minutes": 5, "cluster": "us", "status": "retired", **known},
    ]
    found = summarise(with_gaps(rows, TEN, TEN + 2 * PERIOD))
    assert (found.expected, found.complete, list(found.clusters)) == (2, 1, ["eu"])
    assert [(gap.cluster, gap.status) for gap in found.gaps] == [("eu", "no_record")]
