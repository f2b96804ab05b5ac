"""The audit's tasks as Airflow calls them: a wrong param fails at once and for good, a fresh day waits."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from pedwatch import settings
from pedwatch.audit.request import AuditRequest
from pedwatch.cycles import PERIOD
from pedwatch.tasks import replica_audit

NOW = dt.datetime(2026, 3, 10, 0, 10, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def sandbox_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten past midnight, days in UTC."""
    monkeypatch.setattr(settings, "now", lambda: NOW)
    monkeypatch.setattr(settings, "load_config", lambda: SimpleNamespace(report_timezone="UTC", period=PERIOD))


def run(start: dt.datetime | None = None, end: dt.datetime | None = None) -> SimpleNamespace:
    """Return what tasks see of a run."""
    return SimpleNamespace(data_interval_start=start, data_interval_end=end)


def test_the_daily_run_audits_its_interval_and_waits_until_it_is_settled() -> None:
    day = dt.datetime(2026, 3, 9, tzinfo=dt.UTC)
    request = replica_audit.plan_audit(dag_run=run(day, day + dt.timedelta(days=1)), params={"label": "daily"})
    assert AuditRequest.from_json(request).folder == "2026-03-09"
    assert not replica_audit.is_settled(request)
    earlier = replica_audit.plan_audit(dag_run=run(day - dt.timedelta(days=1), day), params={"label": "daily"})
    assert replica_audit.is_settled(earlier)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"from_date": "2026-03-09", "to_date": "2026-03-01"}, "lies before from_date"),
        ({"from_date": "2026-03-10"}, "still to come"),
        ({"label": "UPPER"}, "use lower-case letters"),
    ],
)
def test_a_wrong_param_fails_at_once_and_is_not_tried_again(params: dict[str, Any], says: str) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=says):
        replica_audit.plan_audit(dag_run=run(), params=params)
