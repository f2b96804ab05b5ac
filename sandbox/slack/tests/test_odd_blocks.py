"""Blocks bent out of shape: whatever passes the checks can be shown, and nothing breaks the checks."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.slack.block_html import blocks_html
from sandbox.slack.block_rules import check_blocks
from sandbox.slack.message_checks import text_length
from sandbox.slack.tests.alert_story import firing_blocks, header

WHOLE: list[dict[str, Any]] = [
    *firing_blocks(":eyes:", "api", "team", 2, 1),
    {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 2]},
    header("x") | {"block_id": "d"},
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
