"""Block Kit as safe HTML, block by block."""

import html
from collections.abc import Callable
from typing import Any

from sandbox.slack import mrkdwn
from sandbox.slack.chart_svg import chart_html
from sandbox.slack.rich_text_html import rich_text_html

Block = dict[str, Any]
Channels = mrkdwn.ChannelNames


def text_html(text: Block, channels: Channels) -> str:
    """Render a text object."""
    if text["type"] == "mrkdwn":
        return mrkdwn.to_html(text["text"], channels)
    return mrkdwn.plain_to_html(text["text"], text.get("emoji", True))


def _image(image: Block, _channels: Channels) -> str:
    # Nothing is loaded from outside: the alternative text stands for the picture.
    title = f"<figcaption>{text_html(image['title'], {})}</figcaption>" if image.get("title") else ""
    alt = html.escape(image["alt_text"])
    return f'<figure class="image">{title}<span role="img" aria-label="{alt}">🖼 {alt}</span></figure>'


def _element(element: Block, channels: Channels) -> str:
    if element["type"] == "image":
        return _image(element, channels)
    if element["type"] != "button":
        return f'<button type="button" class="button" disabled>{html.escape(element["type"])}</button>'
    label = text_html(element["text"], channels)
    style = html.escape(element.get("style", "default"))
    name = f' aria-label="{html.escape(element["accessibility_label"])}"' if element.get("accessibility_label") else ""
    url = element.get("url", "")
    if mrkdwn.is_safe_link(url):
        href = f'href="{html.escape(url)}" target="_blank" rel="noopener noreferrer"'
        return f'<a class="button {style}" {href}{name}>{label}</a>'
    return f'<button type="button" class="button {style}" disabled{name}>{label}</button>'


def _section(block: Block, channels: Channels) -> str:
    text = f'<div class="text" dir="auto">{text_html(block["text"], channels)}</div>' if block.get("text") else ""
    fields = "".join(f'<div dir="auto">{text_html(field, channels)}</div>' for field in block.get("fields") or [])
    if fields:
        fields = f'<div class="fields">{fields}</div>'
    accessory = block.get("accessory")
    if not accessory:
        return text + fields
    return f'<div class="with-accessory"><div>{text}{fields}</div>{_element(accessory, channels)}</div>'


def _header(block: Block, channels: Channels) -> str:
    return f'<h3 class="header" dir="auto">{text_html(block["text"], channels)}</h3>'


def _divider(_block: Block, _channels: Channels) -> str:
    return "<hr>"


def _context(block: Block, channels: Channels) -> str:
    parts = [
        _image(element, channels) if element["type"] == "image" else f"<span>{text_html(element, channels)}</span>"
        for element in block["elements"]
    ]
    return f'<div class="context" dir="auto">{"".join(parts)}</div>'


def _actions(block: Block, channels: Channels) -> str:
    return f'<div class="actions">{"".join(_element(element, channels) for element in block["elements"])}</div>'


def _markdown(block: Block, _channels: Channels) -> str:
    # Standard Markdown is shown as written: readable, and nothing to get wrong.
    return f'<div class="text markdown" dir="auto">{html.escape(block["text"])}</div>'


def _cell(cell: Block, channels: Channels) -> str:
    return html.escape(cell["text"]) if cell["type"] == "raw_text" else rich_text_html(cell, channels)


def _table(block: Block, channels: Channels) -> str:
    settings = block.get("column_settings") or []
    aligned = [setting.get("align") if isinstance(setting, dict) else None for setting in settings]

    def row(cells: list[Block], tag: str) -> str:
        written = []
        for column, cell in enumerate(cells):
            align = aligned[column] if column < len(aligned) else None
            style = f' class="{align}"' if align in ("center", "right") else ""
            written.append(f'<{tag}{style} dir="auto">{_cell(cell, channels)}</{tag}>')
        return f"<tr>{''.join(written)}</tr>"

    head, *body = block["rows"]
    rows = "".join(row(cells, "td") for cells in body)
    return f'<div class="table"><table><thead>{row(head, "th")}</thead><tbody>{rows}</tbody></table></div>'


def _chart(block: Block, _channels: Channels) -> str:
    return chart_html(block)


RENDERERS: dict[str, Callable[[Block, Channels], str]] = {
    "actions": _actions,
    "context": _context,
    "data_visualization": _chart,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "markdown": _markdown,
    "rich_text": rich_text_html,
    "section": _section,
    "table": _table,
}


def blocks_html(blocks: list[Block], channels: Channels) -> str:
    """Render a message's blocks in order."""
    return "".join(
        f'<div class="block block-{block["type"]}">{RENDERERS[block["type"]](block, channels)}</div>'
        for block in blocks
    )
