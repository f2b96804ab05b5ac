"""Block Kit as safe HTML, block by block."""

import html
from collections.abc import Callable
from typing import Any

from sandbox.slack import mrkdwn

Block = dict[str, Any]
Channels = mrkdwn.ChannelNames


def text_html(text: Block, channels: Channels) -> str:
    """Render a text object."""
    return mrkdwn.to_html(text["text"], channels)


def _section(block: Block, channels: Channels) -> str:
    text = f'<div class="text" dir="auto">{text_html(block["text"], channels)}</div>' if block.get("text") else ""
    fields = "".join(f'<div dir="auto">{text_html(field, channels)}</div>' for field in block.get("fields") or [])
    if fields:
        fields = f'<div class="fields">{fields}</div>'
    return text + fields


def _context(block: Block, channels: Channels) -> str:
    parts = [f"<span>{text_html(element, channels)}</span>" for element in block["elements"]]
    return f'<div class="context" dir="auto">{"".join(parts)}</div>'


def _table(block: Block, _channels: Channels) -> str:
    def row(cells: list[Block], tag: str) -> str:
        written = "".join(f'<{tag} dir="auto">{html.escape(cell["text"])}</{tag}>' for cell in cells)
        return f"<tr>{written}</tr>"

    head, *body = block["rows"]
    rows = "".join(row(cells, "td") for cells in body)
    return f'<div class="table"><table><thead>{row(head, "th")}</thead><tbody>{rows}</tbody></table></div>'


RENDERERS: dict[str, Callable[[Block, Channels], str]] = {
    "context": _context,
    "section": _section,
    "table": _table,
}


def blocks_html(blocks: list[Block], channels: Channels) -> str:
    """Render a message's blocks in order."""
    return "".join(
        f'<div class="block block-{block["type"]}">{RENDERERS[block["type"]](block, channels)}</div>'
        for block in blocks
    )
