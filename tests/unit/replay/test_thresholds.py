"""What other thresholds would have sent, over the same verdicts."""

import datetime as dt
from typing import Any

import pytest
from pydantic import ValidationError

from pedwatch.config import PolicyConfig, Slack
from pedwatch.replay.thresholds import Counts, Outcome, describe, replay, with_settings
from tests.unit.alerts.stories import LIMIT, ORDERS, cycle_at

SLACK = Slack.model_validate({"platform_channel": "C0PLATFORM"})
_VERDICTS = {"O": ("over_limit", "over_ceiling", 12), ".": ("within_limit", "within_ceiling", 8)}


def verdicts(story: str) -> list[dict[str, Any]]:
    """Rows as replay_period.sql gives them, one a cycle."""
    rows = []
    for number, letter in enumerate(story.replace(" ", ""), 1):
        verdict, reason, measured = _VERDICTS[letter]
        rows.append(
            {
                "cycle": cycle_at(number),
                "cycle_minutes": 5,
                "fingerprint": ORDERS.fingerprint,
                "subject": ORDERS.name,
                **{
                    name: getattr(ORDERS, name)
                    for name in (
                        "scope environment cluster namespace workload_kind workload_name api_id team_id limit_id"
                    ).split()
                },
                "verdict": verdict,
                "reason": reason,
                "measured": measured,
                "running": None,
                "max_replicas": LIMIT,
                "ceiling": LIMIT,
                "exemption_id": None,
                "limit_version": 1,
                "offender": "deployment",
                "spec_replicas": measured,
                "hpa_max_replicas": 30,
            }
        )
    return rows


def test_an_episode_is_two_messages_first_and_resolved() -> None:
    outcome = replay(verdicts(".OO..."), PolicyConfig(), SLACK)
    apis = {"team-orders/orders": Counts(2, 1)}
    assert outcome == Outcome(2, 1, detection_minutes=5, reasons={"first": 1, "resolved": 1}, apis=apis)


def test_nothing_over_sends_nothing() -> None:
    assert replay(verdicts("......"), PolicyConfig(), SLACK) == Outcome(0, 0, None, {})


def test_three_observations_tell_less_and_later() -> None:
    story = "OO.... OO.... OO.... OOOO.."
    now = replay(verdicts(story), PolicyConfig(), SLACK)
    stricter = with_settings(PolicyConfig(), {"for_observations": 3})
    then = replay(verdicts(story), stricter, SLACK)
    assert (now.episodes, then.episodes) == (4, 1)
    assert then.messages < now.messages
    change = f"{now.messages} → {then.messages} messages, 4 → 1 episodes"
    assert describe({"for_observations": 3}, now, then) == [
        f"for_observations=3: {change}, detection +5 min",
        f"    team-orders/orders: {change}",
    ]
    assert describe({"gross_count": 9}, now, now)[0].endswith("detection as before; no API differs")


@pytest.mark.parametrize("mode", ["platform", "team", "suppressed"])
def test_a_storm_is_one_message_and_copies_are_none_also_of_a_team_in_shadow(mode: str) -> None:
    also = ["webhook:alertmanager", "mailto:orders@example.com"]
    route = {"channel": "C0ORDERS", "mode": mode, "also": also}
    slack = Slack.model_validate(
        {"platform_channel": "C0PLATFORM", "storm_above": 2, "platform_also": also, "teams": {"team-orders": route}}
    )
    stories = [verdicts(".OO..."), verdicts(".OO..."), verdicts(".OO...")]
    for number, rows in enumerate(stories):
        for row in rows:
            row |= {"subject": f"{row['subject']}-{number}", "fingerprint": f"{number}", "api_id": f"api-{number}"}
    together = sorted((row for rows in stories for row in rows), key=lambda row: row["cycle"])
    outcome = replay(together, PolicyConfig(), slack)
    assert (outcome.messages, outcome.episodes, outcome.reasons) == (2, 3, {"resolved": 1, "storm": 1})
    assert outcome.apis["storm of team-orders"] == Counts(2, 0)
    assert replay(stories[0], PolicyConfig(), slack).messages == 2


def test_what_was_over_before_the_period_is_no_news_of_it() -> None:
    rows = verdicts(".OO... .OO...")
    outcome = replay(rows, PolicyConfig(), SLACK, start=cycle_at(7))
    assert (outcome.messages, outcome.episodes) == (2, 1)
    ended = replay(rows, PolicyConfig(), SLACK, start=cycle_at(5))
    assert ended.reasons == {"first": 1, "resolved": 2}, "that it ended is"


def test_settings_count_for_teams_and_apis_that_have_their_own() -> None:
    policy = PolicyConfig.model_validate({"teams": {"a": {"for_observations": 1, "apis": {"x": {"gross_count": 9}}}}})
    changed = with_settings(policy, {"for_observations": 3})
    assert changed.for_api("a", "x").for_observations == 3
    assert changed.for_api("a", "x").gross_count == 9
    assert changed.for_api(None, None).for_observations == 3


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="for_observation"):
        with_settings(PolicyConfig(), {"for_observation": 3})


@pytest.mark.parametrize("setting", ["tolerance_count", "tolerance_ratio"])
@pytest.mark.parametrize("level", ["defaults", "team", "API", "--set"])
def test_no_tolerance_is_below_zero(setting: str, level: str) -> None:
    """Else verdicts/_chosen_matches.sql would leave out members of subjects that are over."""
    below = {setting: -1 if setting == "tolerance_count" else -0.1}
    levels: dict[str, dict[str, Any]] = {
        "defaults": {"defaults": below},
        "team": {"teams": {"a": below}},
        "API": {"teams": {"a": {"apis": {"x": below}}}},
    }
    with pytest.raises(ValidationError, match=rf"{setting}\n.*greater than or equal to 0"):
        if level == "--set":
            with_settings(PolicyConfig(), below)
        PolicyConfig.model_validate(levels[level])


def test_cycles_may_be_missing() -> None:
    rows = [row for row in verdicts("OOOO....") if row["cycle"].minute != 15]
    assert replay(rows, PolicyConfig(), SLACK).episodes == 1


def test_times_of_rows_may_lie_hours_apart() -> None:
    rows = verdicts("OO..OO..")
    for row in rows[4:]:
        row["cycle"] += dt.timedelta(hours=5)
    assert replay(rows, PolicyConfig(), SLACK).episodes == 2
