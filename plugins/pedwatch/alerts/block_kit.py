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
TITLE, LEAD, ADVICE, LABEL, FIELD, NOTES = 100, 1200, 900, 40, 300, 900
FIELDS, LINES, LINE, LIST = 10, 20, 420, 2800
LINKS, LINK, LINK_LABEL, LINK_ROW = 8, 700, 60, 2800
ROWS, CELL = 30, 400
SCALES = (1.0, 0.6, 0.3)
"""Tried in turn until the whole fits: names of thousands of characters are cut shorter."""

Blocks = list[dict[str, Any]]
_WORD = re.compile(r"\S+")
_FORMATS = re.compile(r":[a-z0-9_+'-]+:|[*~]|(?<![A-Za-z0-9_])_|_(?![A-Za-z0-9_])")
_BACKTICK = "ˋ"
_NO_FORMAT = str.maketrans("", "", "*~`")
_PERSON = re.compile(r"[UW][A-Z0-9]{2,30}")


def escape(text: str) -> str:
    """Make label text harmless: no mention, link or markup can come out of it (Slack's three control characters)."""
    visible = "".join(ch if ch.isprintable() or ch in ISOLATE else " " for ch in text)
    return visible.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_markup(text: str) -> str:
    """Escape, and keep ``*``, ``_``, ``~`` and ``:codes:`` from turning into formatting or emoji.

    Slack has no escape for them: a word that has one is set as code, in which nothing formats, and stays the word that
    people copy. An underscore within a word formats nothing. Backticks alone become a letter that looks like them: no
    name of Kubernetes, Google or Airflow has one. See docs/decisions/0023.
    """
    return _WORD.sub(_as_it_is, escape(text).replace("`", _BACKTICK))


def _as_it_is(found: re.Match[str]) -> str:
    word = found[0]
    if not _FORMATS.search(word):
        return word
    end = len(word.rstrip(".,)")) or len(word)
    begin = len(word) - len(word.lstrip("("))
    if begin >= end or word[:end].endswith(("&amp", "&lt", "&gt")):
        begin, end = 0, len(word)
    return f"{word[:begin]}`{word[begin:end]}`{word[end:]}"


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
    return mention + fit(message.text, TEXT - units(mention), with_people(escape, message), units)


def with_people(marked: Callable[[str], str], message: Message) -> Callable[[str], str]:
    """Return how to mark the texts of a message in which people are named by their ids in Slack."""
    ids = [person for person in message.people if _PERSON.fullmatch(person)]
    if not ids:
        return marked
    named = re.compile(rf"@({'|'.join(ids)})\b")
    return lambda text: named.sub(r"<@\1>", marked(text))


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


def _table_blocks(table: list[list[str]], scale: float) -> Blocks:
    """Return a table; its cells are raw text, in which nothing is markup."""
    if len(table) < 2:
        return []
    rows = [[shorten(cell, CELL) or "–" for cell in row] for row in table[: 1 + int(ROWS * scale)]]
    if len(rows) < len(table):
        rows.append([f"+{len(table) - len(rows)} more", *["–"] * (len(table[0]) - 1)])
    return [{"type": "table", "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]}]


def _blocks(message: Message, scale: float) -> Blocks:
    marked = with_people(plain_markup, message)

    def fitted(text: str, length: int) -> str:
        return fit(text, int(length * scale), marked)

    lead = f"{message.mark} *{fitted(message.title, TITLE)}*\n{fitted(message.summary, LEAD)}"
    if message.mention:
        lead = f"{message.mention} {lead}"
    blocks: Blocks = [{"type": "section", "text": _mrkdwn(lead)}]
    if message.advice:
        blocks.append({"type": "section", "text": _mrkdwn(f"*What to do*\n{fitted(message.advice, ADVICE)}.")})
    blocks += [*_list_blocks(message.lines, scale), *_table_blocks(message.table, scale)]
    for start in range(0, min(len(message.facts), 2 * FIELDS), FIELDS):
        fields = [
            _mrkdwn(f"*{fitted(label, LABEL)}*\n{fitted(value, FIELD)}")
            for label, value in message.facts[start : start + FIELDS]
        ]
        blocks.append({"type": "section", "fields": fields})
    if message.notes:
        blocks.append(_context(fitted(" · ".join(message.notes), NOTES)))
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
    """Return the links in a row; one that is too long as Slack gets it, or is none, is left out."""
    shown: list[str] = []
    for label, url in message.links[:LINKS]:
        address = escape(url)
        is_link = url.startswith(("https://", "http://")) and not set("<>| \n") & set(url)
        written = f"<{address}|{fit(label.translate(_NO_FORMAT), LINK_LABEL, escape)}>"
        if is_link and len(address) <= LINK * scale and sum(map(len, shown)) + len(written) <= LINK_ROW * scale:
            shown.append(written)
    if len(message.links) > LINKS:
        shown.append(f"+{len(message.links) - LINKS} more")
    return "  ·  ".join(shown)


def thread_text(message: Message) -> str:
    """Return the text of the reply in an episode's thread."""
    room = TEXT - units(message.mark) - 1
    return f"{message.mark} {fit(message.thread or message.text, room, with_people(escape, message), units)}"


def thread_blocks(message: Message) -> Blocks:
    """Return the reply's blocks: its words, in which nothing is made a link."""
    lead = f"{message.mark} {fit(message.thread or message.summary, LIST, with_people(plain_markup, message))}"
    return [{"type": "section", "text": _mrkdwn(lead)}]
