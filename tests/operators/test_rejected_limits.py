"""A document that is no limit is told to its team by the sync that finds it, once, and that it is mended."""

import json
from typing import Any

from google.cloud.firestore import SERVER_TIMESTAMP

from pedwatch.config import Slack
from pedwatch.limits.learnt import SyncPlan
from pedwatch.tasks import rejected_limits
from tests.operators.limit_slice import NAME, Slice, slice_
from tests.unit.limits.samples import limit

__all__ = ["slice_"]
TEAMS = {"orders": {"channel": "C0ORDERS", "also": ["webhook:pager"], "mode": "team"}}
SLACK = Slack.model_validate({"platform_channel": "C0PLATFORM", "teams": TEAMS})


def spoil(slice_: Slice, replicas: Any, document_id: str = NAME) -> None:
    """Write over a document by hand."""
    slice_.documents.document(document_id).set({"max_replicas": replicas, "updated_at": SERVER_TIMESTAMP}, merge=True)


def sync(slice_: Slice) -> list[str]:
    """Sync as the DAG does; return what was asked of BigQuery to tell."""
    asked: list[str] = []

    def tell(plan: SyncPlan) -> None:
        config = slice_.config.model_copy(update={"slack": SLACK})
        asked.append(str(rejected_limits.tell(slice_.warehouse, config, plan, plan.read_time, "run")))

    slice_.sync(tell=tell)
    return asked


def about_limits(slice_: Slice) -> list[dict[str, Any]]:
    return [row for row in slice_.rows("notifications") if row["reason"] != "welcome"]


def told(slice_: Slice, channel: str = "C0ORDERS") -> list[tuple[str, str, int]]:
    rows = [row for row in about_limits(slice_) if row["channel"] == channel]
    rows.sort(key=lambda row: (row["created_at"], row["sequence"]))
    return [(row["reason"], row["status"], row["sequence"]) for row in rows]


def test_its_team_hears_at_once_that_it_is_not_valid_and_that_it_is_again(slice_: Slice) -> None:
    slice_.publish(limit(10))
    assert sync(slice_) == ["0"]
    spoil(slice_, "many")
    assert sync(slice_) == ["3"], "in Slack, after the channel's welcome, and to the webhook"
    [row] = [row for row in about_limits(slice_) if row["channel"] == "C0ORDERS"]
    message = json.loads(row["message"])
    assert "max_replicas: must be a whole number, not 'many'" in message["summary"]
    assert "the version before it stays in force" in message["advice"]
    assert sync(slice_) == ["0"], "told once"

    spoil(slice_, -1)
    sync(slice_)
    slice_.publish(limit(12))
    sync(slice_)
    assert told(slice_) == [
        ("limit_rejected", "unsent", 1),
        ("limit_rejected", "unsent", 2),
        ("limit_accepted", "unsent", 3),
    ]
    assert len({row["episode_id"] for row in about_limits(slice_)}) == 1, "in one thread"
    spoil(slice_, "many")
    sync(slice_)
    assert told(slice_)[3:] == [("limit_rejected", "unsent", 1)], "the same mistake again is a message of its own"


def test_told_before_the_commit_it_is_told_once_though_the_commit_fails(slice_: Slice) -> None:
    slice_.publish(limit(10))
    sync(slice_)
    spoil(slice_, "many")
    commit = slice_.ledger.commit
    slice_.ledger.commit = lambda *_: None  # type: ignore[method-assign]
    sync(slice_)
    slice_.ledger.commit = commit  # type: ignore[method-assign]
    sync(slice_)
    assert told(slice_) == [("limit_rejected", "unsent", 1)]


def test_who_has_no_route_is_told_in_the_platforms_channel(slice_: Slice) -> None:
    spoil(slice_, 5, "prod.newcomers.shop")
    sync(slice_)
    assert told(slice_, "C0PLATFORM") == [("limit_rejected", "unsent", 1)]
    [row] = slice_.rows("notifications")
    assert "its API has no limit" in json.loads(row["message"])["advice"]
    slice_.documents.document("prod.newcomers.shop").delete()
    slice_.sync(is_full=True)
