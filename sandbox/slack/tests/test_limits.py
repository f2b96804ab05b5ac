"""Every limit, from both sides: what just fits is posted, one more is refused and the answer says where."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.control import ControlClient
from sandbox.slack.tests.conftest import refusal

CHANNEL = "C0PLATFORM"
Blocks = list[dict[str, Any]]


def mrkdwn(length: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": "x" * length}


def section(length: int) -> Blocks:
    return [{"type": "section", "text": mrkdwn(length)}]


def fields(count: int, length: int = 5) -> Blocks:
    return [{"type": "section", "fields": [mrkdwn(length) for _ in range(count)]}]


def context(count: int) -> Blocks:
    return [{"type": "context", "elements": [mrkdwn(3) for _ in range(count)]}]


def block_id(length: int) -> Blocks:
    return [{**section(1)[0], "block_id": "b" * length}]


def table(rows: int, cells: int) -> Blocks:
    return [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * cells for _ in range(rows)]}]


LIMITS: list[tuple[str, Blocks, Blocks, str]] = [
    ("blocks", section(1) * 50, section(1) * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ("section", section(3000), section(3001), "less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ("fields", fields(10), fields(11), "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    ("field", fields(1, 2000), fields(1, 2001), "less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"),
    ("context", context(10), context(11), "no more than 10 items allowed [json-pointer:/blocks/0/elements]"),
    ("block_id", block_id(255), block_id(256), "less than 256 characters [json-pointer:/blocks/0/block_id]"),
    ("unique block_id", block_id(3), block_id(3) * 2, "already exists [json-pointer:/blocks/1/block_id]"),
    ("table rows", table(100, 1), table(101, 1), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    ("table cells", table(1, 20), table(1, 21), "[json-pointer:/blocks/0/rows/0]"),
    ("one table", table(1, 1), table(1, 1) * 2, "no more than 1 table blocks"),
]


@pytest.mark.parametrize(("fits", "exceeds", "says"), [case[1:] for case in LIMITS], ids=[case[0] for case in LIMITS])
def test_the_limit_fits_and_one_more_does_not(client: WebClient, fits: Blocks, exceeds: Blocks, says: str) -> None:
    assert client.chat_postMessage(channel=CHANNEL, text="x", blocks=fits)["ok"]
    with pytest.raises(SlackApiError) as error:
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=exceeds)
    assert refusal(error) == "invalid_blocks"
    lines = error.value.response["response_metadata"]["messages"]
    assert any(line.startswith("[ERROR] ") and says in line for line in lines), lines


MALFORMED: dict[str, tuple[Any, str]] = {
    "unknown type": ([{"type": "marquee"}], "unsupported type: marquee [json-pointer:/blocks/0/type]"),
    "no type": ([{"text": "x"}], "missing required field: type [json-pointer:/blocks/0]"),
    "not an object": (["x"], "must provide an object [json-pointer:/blocks/0]"),
    "empty section": ([{"type": "section"}], "missing required field: text or fields"),
    "empty text": (section(0), "must be more than 0 characters"),
    "text is no object": ([{"type": "section", "text": "x"}], "must provide an object [json-pointer:/blocks/0/text]"),
    "a text that is plain": (
        [{"type": "section", "text": {"type": "plain_text", "text": "x"}}],
        "unsupported type: plain_text",
    ),
    "what is not implemented": ([{"type": "rich_text"}], "the sandbox does not implement blocks of type rich_text"),
}


@pytest.mark.parametrize(("blocks", "says"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_blocks_are_refused_with_the_place(client: WebClient, blocks: Any, says: str) -> None:
    with pytest.raises(SlackApiError) as error:
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks)
    assert refusal(error) == "invalid_blocks"
    assert any(says in line for line in error.value.response["response_metadata"]["messages"])
    with pytest.raises(SlackApiError) as error:
        client.blocks_validate(message={"blocks": blocks})
    assert refusal(error) == "invalid_message"
    assert error.value.response["errors"][0]["pointer"].startswith("/blocks/0")


def test_all_blocks_together_have_a_limit(client: WebClient) -> None:
    client.chat_postMessage(channel=CHANNEL, text="x", blocks=section(3000) * 4)
    with pytest.raises(SlackApiError) as error:
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=section(3000) * 4 + section(1200))
    assert refusal(error) == "msg_blocks_too_long"


def test_what_others_measured_of_that_limit(client: WebClient) -> None:
    assert client.chat_postMessage(channel=CHANNEL, text="x", blocks=section(192) * 49 + section(189))["ok"]
    with pytest.raises(SlackApiError) as error:
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=section(252) * 45)
    assert refusal(error) == "msg_blocks_too_long"


OTHER_REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"text": "x" * 40_001}, "msg_too_long"),
    "nothing": ({}, "no_text"),
    "only spaces": ({"text": " \n"}, "no_text"),
    "blocks as broken JSON": ({"blocks": "[{"}, "invalid_blocks_format"),
    "blocks as an object": ({"blocks": {"type": "divider"}}, "invalid_blocks_format"),
    "attachments": ({"text": "x", "attachments": [{}]}, "invalid_arguments"),
    "a broadcast": ({"text": "x", "reply_broadcast": True}, "invalid_arguments"),
    "metadata without type": ({"text": "x", "metadata": {"event_payload": {}}}, "invalid_metadata_format"),
    "metadata without payload": ({"text": "x", "metadata": {"event_type": "t"}}, "invalid_metadata_format"),
    "metadata": (
        {"text": "x", "metadata": {"event_type": "t", "event_payload": {"k": "v" * 16_384}}},
        "metadata_too_large",
    ),
    "half a surrogate pair": ({"text": "\ud83d"}, "invalid_charset"),
    "markdown_text": ({"markdown_text": "# x"}, "invalid_arguments"),
}


@pytest.mark.parametrize(("arguments", "code"), OTHER_REFUSALS.values(), ids=OTHER_REFUSALS)
def test_other_refusals_store_nothing(
    client: WebClient, control: ControlClient, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(SlackApiError) as error:
        client.api_call("chat.postMessage", json={"channel": CHANNEL, **arguments})
    assert refusal(error) == code and error.value.response.status_code == 200
    assert control.messages() == []


def test_forty_thousand_characters_of_text_fit_a_post_and_four_thousand_an_edit(client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="x" * 40_000)["ts"]
    assert client.chat_update(channel=CHANNEL, ts=ts, text="y" * 4_000)["ok"]
    with pytest.raises(SlackApiError) as error:
        client.chat_update(channel=CHANNEL, ts=ts, text="z" * 4_001)
    assert refusal(error) == "msg_too_long"


def test_valid_blocks_pass_validation(client: WebClient) -> None:
    assert client.blocks_validate(blocks=section(10))["ok"]
