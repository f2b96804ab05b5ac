"""What ``explain`` and the page of an API say of a cycle: of that cycle, and of limits that took nothing in it."""

import datetime as dt
from typing import Any

from pedwatch.alerts.verdict_story import is_in_force, story, unmatched

CYCLE = dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC)
EVER = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
_NOTHING = "exemption_id limit_version told_cycle told_at surge_allowance offender running is_past_deadline".split()


def row(**fields: Any) -> dict[str, Any]:
    given = {
        "subject": "cluster/prod.orders.checkout/eu-prod-1",
        "cycle": CYCLE,
        "explanation": "as it is",
        "verdict": "over_limit",
        "reason": "over_ceiling",
        "measured": 10,
        "is_lower_bound": False,
        "limit_id": None,
        "rejection": None,
        "episode_id": None,
        "revisions": 1,
    }
    return dict.fromkeys(_NOTHING) | given | fields


def at(hour: int, minute: int, day: int = 2) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=dt.UTC)


def line(name: str, **fields: Any) -> str:
    (found,) = (text for text in story(row(**fields)) if text.strip().startswith(name))
    return found.strip().removeprefix(name).strip()


def test_what_came_after_the_cycle_is_said_to_be_later() -> None:
    episode = {"episode_id": "e1", "started_cycle": CYCLE, "fired_cycle": at(10, 10), "resolved_cycle": at(10, 30)}
    told = line("episode", **episode, episode_phase="pending", end_reason="replicas_fell")
    assert told == ("pending; began 2026-03-02 10:05, not fired; later: fired 10:10, ended 10:30 (replicas_fell)")


def test_what_came_before_the_cycle_says_of_which_day_it_was() -> None:
    episode = {"episode_id": "e1", "started_cycle": at(23, 50, day=1), "fired_cycle": at(23, 55, day=1)}
    told = line("episode", **episode, episode_phase="firing", resolved_cycle=None, end_reason=None)
    assert told == "firing; began 2026-03-01 23:50, fired 2026-03-01 23:55"


def test_a_document_that_does_not_validate_says_why() -> None:
    assert (
        line("document", rejection="max_replicas: -1 is\n  too low") == "does not validate: max_replicas: -1 is too low"
    )


def test_a_limit_that_took_nothing_is_told_with_who_granted_it() -> None:
    version = {
        "limit_id": "prod.orders.checkout",
        "version": 2,
        "max_replicas": 8,
        "approver": "dana",
        "ticket": "PED-1",
        "source_repo": None,
        "source_path": "limits/checkout.yaml",
        "valid_from": at(9, 0),
        "valid_to": EVER,
        "is_deleted": False,
    }
    text = "\n".join(unmatched(version, CYCLE))
    assert "no workload that it takes was seen" in text
    assert "version 2: 8 pods, granted by dana (PED-1), limits/checkout.yaml; in force from 2026-03-02 09:00" in text
    assert is_in_force(version, CYCLE)
    assert not is_in_force(version, at(8, 55))
    assert not is_in_force(version | {"valid_to": CYCLE}, CYCLE), "until then, and no longer"
    assert not is_in_force(version | {"is_deleted": True}, CYCLE)
