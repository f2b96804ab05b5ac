"""Formats neutral messages as Slack Block Kit. Pure; Slack's limits are kept by construction.

Limits: 50 blocks, header 150 characters, section text 3,000, 10 fields of 2,000, ``text`` advised up to 4,000.
"""

from typing import Any

from pedwatch.alerts.messages import Message

HEADER, SECTION, FIELD, FIELDS, TEXT = 150, 3000, 2000, 10, 4000
Blocks = list[dict[str, Any]]


def escape(text: str) -> str:
    """Make label text harmless: no mention, link or markup can come out of it (Slack's three control characters)."""
    visible = "".join(ch if ch.isprintable() else " " for ch in text)
    return visible.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_markup(text: str) -> str:
    """Escape, and keep ``*``, ``_``, ``~`` and backticks from turning into formatting."""
    return escape(text).translate({ord(ch): f"\u200b{ch}" for ch in "*_~`"})


def shorten(text: str, length: int) -> str:
    """Cut to ``length`` characters, with an ellipsis where something is missing."""
    return text if len(text) <= length else text[: length - 1] + "…"


def text_of(message: Message) -> str:
    """Return the top-level text: the whole fact, for notifications and screen readers."""
    mention = f"{message.mention} " if message.mention else ""
    return mention + shorten(escape(message.text), TEXT - len(mention))


def parent_blocks(message: Message) -> Blocks:
    """Return the blocks of an episode's parent message."""
    summary = shorten(plain_markup(message.summary), SECTION - 200)
    lead = f"{message.mark} *{plain_markup(message.title)}*  {summary}"
    if message.mention:
        lead = f"{message.mention} {lead}"
    blocks: Blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": shorten(lead, SECTION)}}]
    facts = message.facts[:FIELDS]
    if facts:
        fields = [
            {"type": "mrkdwn", "text": shorten(f"*{plain_markup(label)}*\n{plain_markup(value)}", FIELD)}
            for label, value in facts
        ]
        blocks.append({"type": "section", "fields": fields})
    if message.notes:
        notes = shorten(plain_markup(" · ".join(message.notes)), FIELD)
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": notes}]})
    return blocks


def thread_text(message: Message) -> str:
    """Return the text of the reply in an episode's thread."""
    return f"{message.mark} {shorten(escape(message.thread or message.text), TEXT)}"
