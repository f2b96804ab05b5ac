"""Formats neutral messages as Slack Block Kit. Pure; Slack's limits are kept by construction.

Slack's limits: 50 blocks, section text 3,000, 10 fields of 2,000, ``text`` 4,000 in an edit (``msg_too_long``; a post
may have more, but every parent is edited), and an undocumented total of about 13,200 characters. Here a message has at
most ten blocks and BUDGET characters, whatever the names are.
"""

import re
from collections.abc import Callable
from typing import Any

from pedwatch.alerts.messages import Message
from pedwatch.alerts.wording import ISOLATE

TEXT, BUDGET = 3900, 9500
TITLE, LEAD, LABEL, FIELD, NOTES, QUERY, LINK = 100, 1200, 40, 300, 900, 600, 700
FIELDS, LINKS, LINES, LINE, LIST = 10, 6, 20, 420, 2800
SCALES = (1.0, 0.6, 0.3)
"""Tried in turn until the whole fits: names of thousands of characters are cut shorter."""

Blocks = list[dict[str, Any]]
_EMOJI_CODE = re.compile(r":(?=[a-z0-9_+'-]+:)")
_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9_])_|_(?![A-Za-z0-9_])")
_LOOKALIKES = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})


def escape(text: str) -> str:
    """Make label text harmless: no mention, link or markup can come out of it (Slack's three control characters)."""
    visible = "".join(ch if ch.isprintable() or ch in ISOLATE else " " for ch in text)
    return visible.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_markup(text: str) -> str:
    """Escape, and keep ``*``, ``_``, ``~``, backticks and ``:codes:`` from turning into formatting or emoji.

    They become letters that look like them: Slack has no escape for them, and invisible characters between them are
    boundaries to it, at which formatting begins. An underscore within a word formats nothing and stays.
    """
    calm = escape(text).translate(_LOOKALIKES)
    return _EMOJI_CODE.sub("∶", _UNDERSCORE.sub("ˍ", calm))


def shorten(text: str, length: int) -> str:
    """Cut to ``length`` characters, with an ellipsis where something is missing."""
    return text if len(text) <= length else text[: length - 1] + "…"


def units(text: str) -> int:
    """Count as UTF-16 does, an emoji as two: Slack does not say how it counts, and no count of characters is larger."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fit(text: str, length: int, marked: Callable[[str], str] = plain_markup, size: Callable[[str], int] = len) -> str:
    """Mark text, cut so that the result is at most ``length`` by its size; never within an escape sequence."""
    text = shorten(text, length)
    result = marked(text)
    while size(result) > length and text:
        text = shorten(text, min(len(text) - 1, max(len(text) * length // size(result), 1)))
        result = marked(text)
    return result


def text_of(message: Message) -> str:
    """Return the top-level text: the whole fact, for notifications and screen readers."""
    mention = f"{message.mention} " if message.mention else ""
    return mention + fit(message.text, TEXT - units(mention), escape, units)


def _mrkdwn(text: str) -> dict[str, Any]:
    # Verbatim: an address or a #name in a label is not made a link.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _list_blocks(lines: list[str], scale: float) -> Blocks:
    shown: list[str] = []
    length = 0
    for line in lines[:LINES]:
        item = f"• {fit(line, int(LINE * scale))}"
        length += len(item) + 1
        if length > LIST * scale:
            break
        shown.append(item)
    if len(shown) < len(lines):
        shown.append(f"+{len(lines) - len(shown)} more")
    return [{"type": "section", "text": _mrkdwn("\n".join(shown))}] if shown else []


def _blocks(message: Message, scale: float) -> Blocks:
    def fitted(text: str, length: int) -> str:
        return fit(text, int(length * scale))

    lead = f"{message.mark} *{fitted(message.title, TITLE)}*\n{fitted(message.summary, LEAD)}"
    if message.mention:
        lead = f"{message.mention} {lead}"
    blocks: Blocks = [{"type": "section", "text": _mrkdwn(lead)}, *_list_blocks(message.lines, scale)]
    for start in range(0, min(len(message.facts), 2 * FIELDS), FIELDS):
        fields = [
            _mrkdwn(f"*{fitted(label, LABEL)}*\n{fitted(value, FIELD)}")
            for label, value in message.facts[start : start + FIELDS]
        ]
        blocks.append({"type": "section", "fields": fields})
    if message.notes:
        blocks.append(_context(fitted(" · ".join(message.notes), NOTES)))
    if message.query:
        blocks.append(_context(f"`{fit(message.query.replace('`', chr(39)), int(QUERY * scale), escape)}`"))
    if links := links_text(message, scale):
        blocks.append(_context(links))
    return blocks


def _length(node: Any) -> int:
    """Count the characters of all texts in blocks."""
    if isinstance(node, dict):
        own = node["text"] if isinstance(node.get("text"), str) else ""
        return len(own) + sum(map(_length, node.values()))
    return sum(map(_length, node)) if isinstance(node, list) else 0


def parent_blocks(message: Message) -> Blocks:
    """Return the blocks of a parent message."""
    candidates = [_blocks(message, scale) for scale in SCALES]
    return next((blocks for blocks in candidates if _length(blocks) <= BUDGET), candidates[-1])


def links_text(message: Message, scale: float = 1.0) -> str:
    """Return the links in a row; one that is too long, or is none, is left out."""
    safe = [
        (label, url)
        for label, url in message.links[:LINKS]
        if len(url) <= LINK * scale and url.startswith(("https://", "http://")) and not set("<>| \n") & set(url)
    ]
    shown = [f"<{escape(url)}|{plain_markup(label)}>" for label, url in safe]
    if len(message.links) > LINKS:
        shown.append(f"+{len(message.links) - LINKS} more")
    return "  ·  ".join(shown)


def thread_text(message: Message) -> str:
    """Return the text of the reply in an episode's thread."""
    room = TEXT - units(message.mark) - 1
    return f"{message.mark} {fit(message.thread or message.text, room, escape, units)}"


def thread_blocks(message: Message) -> Blocks:
    """Return the reply's blocks: its words, in which nothing is made a link."""
    lead = f"{message.mark} {fit(message.thread or message.summary, LIST)}"
    return [{"type": "section", "text": _mrkdwn(lead)}]
