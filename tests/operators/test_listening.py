"""ped_limits_sync listens: nothing where all is well, one message for a silence, one when it is over."""

import datetime as dt
from types import SimpleNamespace

import pytest

from pedwatch.alerts import digest
from pedwatch.alerts.live.live_fold import fold_alerts
from pedwatch.config import Config
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.tasks import heartbeats
from tests.operators.listening_platform import NOW, Platform

PERIOD = dt.timedelta(minutes=5)
FIRST = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)


@pytest.fixture
def platform(warehouse: Warehouse, config: Config, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """An outbox and a channel that are empty, after a cycle in which all went well."""
    found = Platform(warehouse, config, monkeypatch)
    found.judges(FIRST)
    for dag_id in ("ped_replica_watch", "ped_limits_sync"):
        found.finishes("r1", dag_id, FIRST)
    found.now = FIRST + PERIOD
    return found


def at(platform: Platform, cycles: int) -> None:
    platform.now = FIRST + cycles * PERIOD + dt.timedelta(seconds=10)


def test_a_quiet_sync_is_one_statement_and_no_call_of_slack(platform: Platform) -> None:
    at(platform, 3)
    since = dt.datetime.now(dt.UTC)
    assert platform.listens() == {"written": 0}
    assert platform.jobs(since) == ["heartbeats-listen"]
    assert (platform.calls, platform.rows()) == ([], [])


def test_a_silence_is_told_once_and_its_end_with_what_was_missed(platform: Platform) -> None:
    at(platform, 4)
    platform.listens(times=2)
    [text] = platform.texts
    assert text == "No cycle judged: no cycle has been judged since 10:00 UTC"
    at(platform, 9)
    since = dt.datetime.now(dt.UTC)
    platform.listens()
    assert platform.jobs(since) == ["heartbeats-listen"], "what was told costs no more"
    platform.judges(FIRST + 9 * PERIOD)
    platform.finishes("r2", cycle=FIRST + 9 * PERIOD)
    platform.listens(times=2)
    parent, reply = platform.texts
    assert parent == "Resolved: cycles are judged again since 10:45 UTC; 8 cycles missed, 10:05 UTC to 10:40 UTC"
    assert reply.startswith(":large_green_circle: Resolved: cycles are judged again")


def test_what_was_told_where_the_platform_is_no_more_ends_where_it_is_now(platform: Platform) -> None:
    platform.fails("r1")
    at(platform, 4)
    platform.listens()
    before = len(platform.texts)
    slack = platform.config.slack.model_copy(update={"platform_channel": "C0MOVED"})
    platform.config.__dict__["slack"] = slack
    for number in range(9, 12):
        platform.now = FIRST + number * PERIOD
        platform.judges(platform.now)
        platform.finishes(f"r{number}", cycle=platform.now)
    platform.listens()
    ends = platform.warehouse.run("alerts/told_channels.sql")
    assert len(platform.texts) == before and "C0MOVED" in {row["channel"] for row in ends}


def test_the_watch_tells_the_end_itself_in_the_same_thread(platform: Platform) -> None:
    at(platform, 4)
    platform.listens()
    at(platform, 9)
    cycle = FIRST + 9 * PERIOD
    told = fold_alerts(platform.warehouse, platform.config, cycle, platform.now, "run", may_notify=True)
    assert told["deliverable"] == 1
    platform.finishes("r2", cycle=cycle)
    platform.listens()
    assert [row["reason"] for row in platform.rows()] == ["silence", "silence_over"]
    assert platform.texts[0].startswith("Resolved: cycles are judged again since 10:45 UTC; 8 cycles missed")


def test_a_gap_in_which_everything_was_down_is_told_by_the_first_cycle_after_it(platform: Platform) -> None:
    at(platform, 24)
    cycle = FIRST + 24 * PERIOD
    for _ in range(2):
        fold_alerts(platform.warehouse, platform.config, cycle, platform.now, "run", may_notify=True)
    platform.listens()
    assert platform.texts == [
        "Resolved: cycles are judged again since 12:00 UTC; 23 cycles missed, 10:05 UTC to 11:55 UTC"
    ]


def test_a_run_that_is_on_its_way_after_a_silence_is_not_one_that_does_not_finish(platform: Platform) -> None:
    at(platform, 24)
    for number in (24, 25, 26, 27):
        cycle = FIRST + number * PERIOD
        fold_alerts(platform.warehouse, platform.config, cycle, platform.now, "run", may_notify=True)
        at(platform, number)
        platform.listens()
        assert [row["reason"] for row in platform.rows()] == ["silence_over", "silence"][: 1 + (number == 27)]
    assert platform.texts[-1].startswith("No run finishes: cycles are judged, but no run of ped_replica_watch has come")


def test_a_cycle_that_may_tell_nobody_leaves_the_end_to_the_sync(platform: Platform) -> None:
    at(platform, 4)
    platform.listens()
    cycle = FIRST + 4 * PERIOD
    fold_alerts(platform.warehouse, platform.config, cycle, platform.now, "by-hand", may_notify=False)
    assert [row["reason"] for row in platform.rows()] == ["silence"]
    platform.finishes("by-hand", cycle=cycle)
    platform.listens()
    assert [row["reason"] for row in platform.rows()] == ["silence", "silence_over"]


def test_stale_runs_that_end_green_are_a_silence(platform: Platform) -> None:
    for number in (1, 2, 3):
        at(platform, number + 1)
        platform.finishes(f"late{number}", cycle=FIRST + number * PERIOD, origin="backfill")
    at(platform, 4)
    platform.listens()
    assert [row["reason"] for row in platform.rows()] == ["silence"]


@pytest.mark.parametrize("run_type", ["backfill", "manual"])
def test_only_a_scheduled_sync_tells(platform: Platform, run_type: str) -> None:
    at(platform, 9)
    since = dt.datetime.now(dt.UTC)
    assert platform.listens(run_type) == {}
    assert (platform.jobs(since), platform.rows(), platform.calls) == ([], [], [])


def test_a_first_installation_has_an_hour(
    warehouse: Warehouse, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = Platform(warehouse, config, monkeypatch)
    platform.listens()
    platform.finishes("s1", "ped_limits_sync", NOW)
    for minutes in (5, 50):
        platform.now = NOW + dt.timedelta(minutes=minutes)
        platform.listens()
    assert platform.rows() == []
    platform.now = NOW + dt.timedelta(minutes=60)
    platform.listens(times=2)
    [text] = platform.texts
    assert text.startswith("No cycle judged: no cycle has been judged yet; limits have been read since 10:05 UTC")


def test_slack_that_refuses_everything_leaves_the_row_to_the_next_one(platform: Platform) -> None:
    from pedwatch.alerts.transport import UnusableTransportError
    from sandbox.slack.errors import SlackRefusal

    at(platform, 4)
    working, platform.workspace.before = platform.workspace.before, lambda method: SlackRefusal("invalid_auth")
    with pytest.raises(UnusableTransportError):
        platform.listens()
    platform.workspace.before = working
    at(platform, 6)
    platform.listens()
    assert platform.texts == ["No cycle judged: no cycle has been judged since 10:00 UTC"]
    assert len(platform.rows()) == 1


@pytest.mark.parametrize(
    ("hours", "says", "coverage"),
    [
        (0, "all clear", "100.0 %"),
        (12, "no cycle since 10:00,", "0.7 %"),
        (72, "no cycle since Mon 02 Mar 10:00,", "0.0 %"),
    ],
)
def test_the_digest_of_a_watch_that_stopped(platform: Platform, hours: int, says: str, coverage: str) -> None:
    dataset = platform.config.dataset
    platform.warehouse.client.query(
        f"INSERT INTO `{dataset}.collection_runs` (cycle, cycle_minutes, cluster, environment, status, recorded_at) "
        f"VALUES (TIMESTAMP '{FIRST.isoformat()}', 5, 'eu-prod-1', 'prod', 'complete', TIMESTAMP '{FIRST.isoformat()}')"
    ).result()
    now = FIRST + dt.timedelta(hours=hours, minutes=1)
    found = digest.from_row(platform.warehouse.run("alerts/digest.sql", {"now": now})[0])
    text = digest.compose(found, "all teams", now.date(), "UTC").text
    assert says in text and f"coverage {coverage}" in text
    assert ("all clear" in text) is (hours == 0)


def test_the_heartbeat_of_a_dag_names_its_run(platform: Platform) -> None:
    run = SimpleNamespace(run_type="backfill", data_interval_end=None, run_after=NOW)
    for kind in ("backfill", "scheduled"):
        run.run_type = kind
        heartbeats.heartbeat(dag_run=run, dag=SimpleNamespace(dag_id="ped_digest"), run_id=kind)
    found = {row["run_id"]: (row["origin"], row["cycle"]) for row in platform.beats() if row["dag_id"] == "ped_digest"}
    assert found == {"backfill": ("backfill", FIRST + PERIOD), "scheduled": ("live", FIRST + PERIOD)}
