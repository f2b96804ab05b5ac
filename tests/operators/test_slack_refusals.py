"""Every code that Slack lists is classed on purpose, and only Slack's own codes are refusals."""

import datetime as dt
from typing import get_args

import pytest

from pedwatch.alerts.channels.retry_after import LONGEST_SECONDS, retry_after
from pedwatch.alerts.channels.slack_answers import call_of
from pedwatch.alerts.channels.slack_refusals import UNUSABLE, Call, Meaning, meaning
from sandbox.contracts.descriptions import description

NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
THREAD = {"thread_ts": "1.0"}
CALLED = (
    "auth.test blocks.validate chat.delete chat.getPermalink chat.postMessage chat.update conversations.history"
    " conversations.info conversations.replies reactions.get"
).split()
"""The methods that the product calls."""


def listed() -> list[tuple[Call, str]]:
    """Every code of every described method, by what the call does."""
    return [
        (call, code)
        for method in CALLED
        for call in {call_of(method, {}), call_of(method, THREAD)}
        for code in description("slack").methods[method]["errors"]
    ]


def test_no_listed_code_is_left_to_chance() -> None:
    codes = listed()
    assert len({code for _, code in codes}) > 90
    assert [(call, code) for call, code in codes if meaning(call, code) == "unknown"] == []
    assert {meaning(call, code) for call, code in codes} == set(get_args(Meaning)) - {"unknown"}


def test_a_parent_is_gone_by_two_codes_alone() -> None:
    gone = {code for call, code in listed() if call == "edit" and meaning(call, code) == "gone"}
    assert gone == {"message_not_found"}
    assert meaning("edit", "thread_not_found") == "gone"


@pytest.mark.parametrize(
    ("call", "code", "means"),
    [
        ("post", "app_access_restricted", "unusable"),
        ("post", "method_deprecated", "unusable"),
        ("read", "method_deprecated", "ours"),
        ("post", "ekm_access_denied", "wait"),
        ("post", "external_channel_migrating", "wait"),
        ("edit", "external_channel_migrating", "wait"),
        ("reply", "restricted_action_non_threadable_channel", "elsewhere"),
        ("reply", "cannot_reply_to_message", "elsewhere"),
        ("post", "restricted_action_non_threadable_channel", "closed"),
        ("post", "is_archived", "closed"),
        ("edit", "is_archived", "stands"),
        ("edit", "edit_window_closed", "stands"),
        ("edit", "cant_update_message", "stands"),
        ("edit", "msg_too_long", "stands"),
        ("post", "msg_too_long", "ours"),
        ("edit", "block_mismatch", "blocks"),
        ("post", "internal_error", "unclear"),
        ("post", "something_new", "unknown"),
        ("edit", "something_new", "unknown"),
    ],
)
def test_what_a_code_means_depends_on_what_was_asked(call: Call, code: str, means: str) -> None:
    assert meaning(call, code) == means


def test_what_stops_everything_says_what_to_mend() -> None:
    assert all(mend and not mend.endswith(".") for mend in UNUSABLE.values())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": "86400000"}, LONGEST_SECONDS),
        ({"Retry-After": "inf"}, LONGEST_SECONDS),
        ({"Retry-After": "Mon, 02 Mar 2026 10:00:30 GMT"}, 30.0),
        ({"Retry-After": "Mon, 02 Mar 2026 09:00:00 GMT"}, 0.0),
        ({"Retry-After": "Mon, 02 Mar 2026 12:00:30 GMT", "Date": "Mon, 02 Mar 2026 12:00:00 GMT"}, 30.0),
        ({"Retry-After": "Monday, 02-Mar-26 10:00:30 GMT"}, 30.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "Mon, 99 Foo 2026 10:00:30 GMT"}, None),
        ({"Retry-After": "7, 7"}, None),
        ({"Retry-After": "7", "Date": "nonsense"}, 7.0),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds
