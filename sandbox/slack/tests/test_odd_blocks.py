"""Blocks bent out of shape: whatever passes the checks can be shown, and nothing breaks the checks."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.slack.block_html import blocks_html
from sandbox.slack.block_rules import check_blocks
from sandbox.slack.limits import text_length
from sandbox.slack.tests.alert_story import actions, chart, context, firing_blocks, header, section

PIE = {"type": "pie", "segments": [{"label": "a", "value": 1}, {"label": "b", "value": 2.5}]}
RICH: dict[str, Any] = {
    "type": "rich_text",
    "elements": [
        {"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"bold": True}}]},
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U0MAYA"}]}],
        },
        {"type": "rich_text_quote", "elements": [{"type": "date", "timestamp": 1, "format": "{time}"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "link", "url": "https://e.com", "text": "x"}]},
    ],
}
WHOLE: list[dict[str, Any]] = [
    *firing_blocks(":eyes:", "api", "team", 2, 1),
    chart("pods"),
    {"type": "data_visualization", "title": "t", "chart": PIE},
    RICH,
    {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}, RICH]], "column_settings": [{"align": "right"}]},
    {"type": "image", "image_url": "https://e.com/i", "alt_text": "a", "title": {"type": "plain_text", "text": "t"}},
    {"type": "markdown", "text": "# x"},
    {"type": "divider", "block_id": "d"},
    section("x") | {"accessory": actions(("a", "https://e.com", "danger"))["elements"][0]},
    section("x") | {"accessory": {"type": "overflow", "options": [{"text": {"type": "plain_text", "text": "o"}}]}},
    context("x") | {"elements": [{"type": "image", "image_url": "https://e.com", "alt_text": "a"}]},
    header("x"),
]
ODD_VALUES: list[Any] = [None, "", "x", 0, -1, 1.5, True, [], {}, [None], [[]], [{}], {"type": {}}, {"type": "text"}]
ODD = st.sampled_from(ODD_VALUES)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything inside a payload."""
    if isinstance(node, dict):
        inner = list(node.items())
    elif isinstance(node, list):
        inner = list(enumerate(node))
    else:
        inner = []
    return [path] + [found for name, value in inner for found in places(value, (*path, name))]


PLACES = [path for path in places(WHOLE) if path]


def bend(blocks: Any, path: tuple[Any, ...], value: Any) -> None:
    """Put a value where it does not belong, if that place is still there."""
    for name in path[:-1]:
        try:
            blocks = blocks[name]
        except (LookupError, TypeError):
            return
    is_item = isinstance(blocks, list) and isinstance(path[-1], int) and path[-1] < len(blocks)
    if isinstance(blocks, dict) or is_item:
        blocks[path[-1]] = value


def test_the_whole_is_valid() -> None:
    assert check_blocks(WHOLE, "/blocks").problems == []


@settings(max_examples=800)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=3))
def test_whatever_passes_the_checks_can_be_shown(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    blocks = copy.deepcopy(WHOLE)
    for path, value in changes:
        bend(blocks, path, copy.deepcopy(value))
    findings = check_blocks(blocks, "/blocks")
    if not findings.problems:
        assert blocks_html(blocks, {}) and text_length(blocks) > 0
