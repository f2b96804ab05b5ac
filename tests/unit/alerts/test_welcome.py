"""A team's first message in a new channel is a welcome with a test."""

from collections.abc import Collection

import pytest

from pedwatch.alerts.notifications import Notification
from pedwatch.alerts.welcome import with_welcomes
from pedwatch.config import Config
from tests.unit.alerts.watching import Watch, all_seen

CONFIG = Config.model_validate(
    {
        "project": "p",
        "bucket": "evidence",
        "firestore": {"project": "p"},
        "collector": {"image": "i:1"},
        "clusters": [{"name": "eu-prod-1", "environment": "prod"}],
        "slack": {
            "platform_channel": "C0PLATFORM",
            "canary_channel": "C0CANARY",
            "teams": {
                "orders": {"channel": "C0ORDERS", "also": ["mailto:oncall@shop.example"], "mode": "team"},
                "growth": {"channel": "C0GROWTH", "mode": "canary"},
                "search": {"channel": "C0SEARCH", "mode": "suppressed"},
                "payments": {"channel": "C0PLATFORM", "mode": "team"},
                "media": {"channel": "C0MEDIA"},
            },
        },
    }
)


def rows_of(team: str) -> list[Notification]:
    watch = Watch(slack=CONFIG.slack)
    watch.go(*all_seen(1, 14, 1, team))
    return watch.go(*all_seen(2, 14, 1, team))


@pytest.mark.parametrize(
    ("team", "told", "reasons"),
    [
        ("orders", [], [("C0ORDERS", "welcome"), ("C0ORDERS", "first"), ("mailto:oncall@shop.example", "first")]),
        ("orders", ["C0ORDERS"], [("C0ORDERS", "first"), ("mailto:oncall@shop.example", "first")]),
        ("growth", [], [("C0CANARY", "first")]),
        ("search", [], [("C0SEARCH", "first")]),
        ("payments", [], [("C0PLATFORM", "first")]),
        ("newcomers", [], [("C0PLATFORM", "first")]),
        ("media", [], [("C0PLATFORM", "first")]),
    ],
    ids=["new", "known", "in the canary's channel", "in the shadow", "in the platform's own", "no route", "no mode"],
)
def test_who_is_welcomed(team: str, told: Collection[str], reasons: list[tuple[str, str]]) -> None:
    assert [(row.channel, row.reason) for row in with_welcomes(rows_of(team), CONFIG, told)] == reasons


def test_one_welcome_a_channel_and_always_the_same_row() -> None:
    rows = rows_of("orders")
    first, again = (with_welcomes([*rows, *rows], CONFIG, []) for _ in range(2))
    assert [row.reason for row in first].count("welcome") == 1
    assert first[0].notification_id == again[0].notification_id
    assert (
        "team orders" in first[0].message.summary and "two clean cycles in a row (10 minutes)" in first[0].message.text
    )
