"""Every limit, from both sides: what just fits is posted, one more is refused and the answer says where."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.control import ControlClient
from sandbox.slack.tests.alert_story import chart
from sandbox.slack.tests.conftest import refusal

CHANNEL = "C0PLATFORM"
Blocks = list[dict[str, Any]]


def plain(length: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": "x" * length}


def dividers(count: int) -> Blocks:
    return [{"type": "divider"} for _ in range(count)]


def section(length: int) -> Blocks:
    return [{"type": "section", "text": mrkdwn(length)}]


def fields(count: int, length: int = 5) -> Blocks:
    return [{"type": "section", "fields": [mrkdwn(length) for _ in range(count)]}]


def header(length: int) -> Blocks:
    return [{"type": "header", "text": plain(length)}]


def context(count: int) -> Blocks:
    return [{"type": "context", "elements": [mrkdwn(3) for _ in range(count)]}]


def button(length: int = 3, **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(length), **more}


def actions(*elements: dict[str, Any]) -> Blocks:
    return [{"type": "actions", "elements": list(elements)}]


def block_id(length: int) -> Blocks:
    return [{"type": "divider", "block_id": "b" * length}]


def image(alt: int) -> Blocks:
    return [{"type": "image", "image_url": "https://example.com/i.png", "alt_text": "a" * alt}]


def table(rows: int, cells: int) -> Blocks:
    return [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * cells for _ in range(rows)]}]


def chart_with(path: str, value: Any) -> Blocks:
    """Return a chart with one place changed; the path is like ``chart/axis_config/x_label``."""
    block = chart("pods")
    *parents, last = path.split("/")
    place: Any = block
    for name in parents:
        place = place[int(name) if name.isdigit() else name]
    place[int(last) if last.isdigit() else last] = value
    return [block]


def points(count: int) -> Blocks:
    labels = [f"t{number}" for number in range(count)]
    data = [{"label": label, "value": 1} for label in labels]
    axis = {"categories": labels}
    drawn = {"type": "bar", "axis_config": axis, "series": [{"name": "n", "data": data}]}
    return [{"type": "data_visualization", "title": "t", "chart": drawn}]


def pie(segments: int) -> Blocks:
    parts = [{"label": f"s{number}", "value": 1} for number in range(segments)]
    return [{"type": "data_visualization", "title": "t", "chart": {"type": "pie", "segments": parts}}]


LIMITS: list[tuple[str, Blocks, Blocks, str]] = [
    ("blocks", dividers(50), dividers(51), "no more than 50 items allowed [json-pointer:/blocks]"),
    ("section", section(3000), section(3001), "less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ("fields", fields(10), fields(11), "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    ("field", fields(1, 2000), fields(1, 2001), "less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"),
    ("header", header(150), header(151), "less than 151 characters [json-pointer:/blocks/0/text/text]"),
    ("context", context(10), context(11), "no more than 10 items allowed [json-pointer:/blocks/0/elements]"),
    (
        "actions",
        actions(*[button()] * 25),
        actions(*[button()] * 26),
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    ("button text", actions(button(75)), actions(button(76)), "[json-pointer:/blocks/0/elements/0/text/text]"),
    ("button url", actions(button(url="u" * 3000)), actions(button(url="u" * 3001)), "/blocks/0/elements/0/url]"),
    ("button style", actions(button(style="danger")), actions(button(style="pink")), "/blocks/0/elements/0/style]"),
    ("block_id", block_id(255), block_id(256), "less than 256 characters [json-pointer:/blocks/0/block_id]"),
    ("unique block_id", block_id(3), block_id(3) * 2, "already exists [json-pointer:/blocks/1/block_id]"),
    ("image alt", image(2000), image(2001), "[json-pointer:/blocks/0/alt_text]"),
    ("table rows", table(100, 1), table(101, 1), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    ("table cells", table(1, 20), table(1, 21), "[json-pointer:/blocks/0/rows/0]"),
    ("one table", table(1, 1), table(1, 1) * 2, "no more than 1 table blocks"),
    ("chart title", chart_with("title", "t" * 50), chart_with("title", "t" * 51), "/blocks/0/title]"),
    ("chart points", points(20), points(21), "no more than 20 items allowed [json-pointer:/blocks/0/chart"),
    ("pie segments", pie(6), pie(7), "no more than 6 items allowed [json-pointer:/blocks/0/chart/segments]"),
    ("two charts", [chart("a"), chart("b")], [chart("a"), chart("b"), chart("c")], "no more than 2 data_visualization"),
    (
        "axis label",
        chart_with("chart/axis_config/y_label", "y" * 50),
        chart_with("chart/axis_config/y_label", "y" * 51),
        "/blocks/0/chart/axis_config/y_label]",
    ),
    (
        "series name",
        chart_with("chart/series/0/name", "n" * 20),
        chart_with("chart/series/0/name", "n" * 21),
        "/blocks/0/chart/series/0/name]",
    ),
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
    "header with mrkdwn": ([{"type": "header", "text": mrkdwn(3)}], "unsupported type: mrkdwn"),
    "unknown element": (actions({"type": "slider"}), "unsupported type: slider"),
    "image without alt": ([{"type": "image", "image_url": "https://e.com"}], "missing required field: alt_text"),
    "rich text of nothing known": ([{"type": "rich_text", "elements": [{"type": "x"}]}], "/blocks/0/elements/0/type]"),
    "labels that do not match": (chart_with("chart/series/0/data/0/label", "noon"), "labels must match"),
    "a value that is no number": (chart_with("chart/series/0/data/0/value", "9"), "must provide a number"),
    "same series twice": (chart_with("chart/series/1/name", "running"), "series names must be unique"),
    "unknown chart": (chart_with("chart/type", "radar"), "value must be one of: line, bar, area, pie"),
    "label too long": (chart_with("chart/axis_config/categories/0", "c" * 21), "less than 21 characters"),
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
    "attachments": ({"text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
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


def test_a_workspace_without_charts_refuses_them(client: WebClient, control: ControlClient) -> None:
    control.set_charts(False)
    with pytest.raises(SlackApiError) as error:
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=[chart("pods")])
    assert refusal(error) == "invalid_blocks"
    assert "unsupported type: data_visualization" in error.value.response["errors"][0]


def test_valid_blocks_pass_validation(client: WebClient) -> None:
    assert client.blocks_validate(blocks=[*section(10), chart("pods")])["ok"]
