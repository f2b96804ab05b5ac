"""One message as a person sees it: author, time, content, reactions, thread, and what lies beneath on demand."""

import html
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.slack import mrkdwn
from sandbox.slack.block_html import blocks_html
from sandbox.slack.message_json import TOMBSTONE_TEXT
from sandbox.slack.records import Content, Message, Revision, ThreadSummary
from sandbox.slack.timestamps import MICROSECONDS, format_ts
from sandbox.slack.workspace import APP_NAME, BOT_USER, PEOPLE

#: The app's avatar: three stacked bars under a line, drawn here so that nothing is loaded.
APP_AVATAR = (
    '<svg viewBox="0 0 36 36" aria-hidden="true"><rect width="36" height="36" rx="8" class="avatar-back"/>'
    '<path class="avatar-bars" d="M11 28v-8M18 28V18M25 28V9"/><path class="avatar-line" d="M6 14h24"/></svg>'
)
UNSPOKEN = "(no top-level text: a screen reader gets whatever Slack picks from the blocks)"


def moment(microseconds: int) -> datetime:
    """Return the time of a message, in UTC."""
    return datetime.fromtimestamp(microseconds / MICROSECONDS, UTC)


def _ordinal(day: int) -> str:
    """Return a day of the month as it is spoken: 1st, 2nd, 11th."""
    suffix = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def day_title(day: datetime) -> str:
    """Return a day as Slack writes it between messages."""
    return f"{day:%A}, {day:%B} {_ordinal(day.day)}, {day:%Y}"


@dataclass(frozen=True)
class Surroundings:
    """What a message's HTML needs beside the message itself."""

    thread: ThreadSummary | None
    reactions: dict[str, list[str]]
    revisions: list[Revision]
    channels: mrkdwn.ChannelNames
    query: str = ""
    """The query that links within the page keep, ``?as=text`` or nothing."""
    is_in_thread: bool = False


def _avatar(user: str) -> str:
    if user == BOT_USER:
        return APP_AVATAR
    initial = html.escape(PEOPLE[user][1][0] if user in PEOPLE else "?")
    return f'<span class="initial" aria-hidden="true">{initial}</span>'


def _byline(message: Message, link: str) -> str:
    name = APP_NAME if message.user == BOT_USER else PEOPLE.get(message.user, (message.user, message.user))[1]
    badge = '<span class="badge">APP</span>' if message.user == BOT_USER else ""
    at = moment(message.ts)
    time = f'<a class="time" href="{link}" title="{at:%Y-%m-%d %H:%M:%S} UTC"><time datetime="{at.isoformat()}">'
    return f'<div class="byline"><b>{html.escape(name)}</b>{badge}{time}{at:%H:%M}</time></a></div>'


def content_html(content: Content, channels: mrkdwn.ChannelNames) -> str:
    """Render what a message says: its blocks, else its text."""
    if content.blocks:
        return blocks_html(content.blocks, channels)
    text = mrkdwn.to_html(content.text, channels)
    return f'<div class="block"><div class="text" dir="auto">{text}</div></div>' if content.text else ""


def _reactions(reactions: dict[str, list[str]]) -> str:
    if not reactions:
        return ""
    chips = "".join(
        f'<li title="{html.escape(", ".join(users))}">{mrkdwn.emoji(name) or html.escape(f":{name}:")}'
        f" <span>{len(users)}</span></li>"
        for name, users in reactions.items()
    )
    return f'<ul class="reactions" aria-label="Reactions">{chips}</ul>'


def _thread(message: Message, around: Surroundings) -> str:
    if around.thread is None or around.is_in_thread:
        return ""
    count = f"{around.thread.count} {'reply' if around.thread.count == 1 else 'replies'}"
    faces = "".join(f'<span class="face">{_avatar(user)}</span>' for user in around.thread.users[:3])
    link = f"/c/{message.channel}/t/{format_ts(message.ts)}{around.query}"
    last = moment(around.thread.latest)
    since = f"{last:%H:%M}" if last.date() == moment(message.ts).date() else f"{last:%b} {last.day}, {last:%H:%M}"
    return f'<a class="thread" href="{link}">{faces}<b>{count}</b> <span>Last reply at {since}</span></a>'


def _metadata(message: Message) -> str:
    metadata = message.content.metadata
    if not metadata:
        return ""
    written = html.escape(json.dumps(metadata["event_payload"], indent=2, ensure_ascii=False))
    summary = f"Metadata: <code>{html.escape(metadata['event_type'])}</code>"
    return f'<details data-key="metadata"><summary>{summary}</summary><pre>{written}</pre></details>'


def _revisions(revisions: list[Revision], channels: mrkdwn.ChannelNames) -> str:
    if not revisions:
        return ""
    items = ""
    for revision in revisions:
        until = f"<p>until {moment(revision.replaced_ts):%b %d, %H:%M:%S}</p>"
        items += f"<li>{until}{content_html(revision.content, channels)}</li>"
    count = f"{len(revisions)} earlier version{'s' if len(revisions) > 1 else ''}"
    return f'<details data-key="revisions"><summary>{count}</summary><ol class="revisions">{items}</ol></details>'


def message_html(message: Message, around: Surroundings) -> str:
    """Render a message."""
    ts = format_ts(message.ts)
    identity = f'id="{"r" if around.is_in_thread else "m"}-{ts}" data-ts="{ts}"'
    if message.deleted_ts is not None:
        thread = _thread(message, around)
        gone = f'<p class="tombstone">{TOMBSTONE_TEXT}</p>'
        return f'<article class="message" {identity}><div class="avatar gone"></div><div>{gone}{thread}</div></article>'
    edited = '<span class="edited">(edited)</span>' if message.edited_ts is not None else ""
    spoken = html.escape(mrkdwn.to_spoken(message.content.text, around.channels) or UNSPOKEN)
    beneath = _metadata(message) + _revisions(around.revisions, around.channels)
    if beneath:
        beneath = f'<div class="beneath">{beneath}</div>'
    return (
        f'<article class="message" {identity}><div class="avatar">{_avatar(message.user)}</div><div>'
        f"{_byline(message, _link(message, around))}"
        f'<div class="rendered">{content_html(message.content, around.channels)}{edited}</div>'
        f'<div class="spoken" dir="auto">{spoken}{" " + edited if edited else ""}</div>'
        f"{_reactions(around.reactions)}{_thread(message, around)}"
        f"{beneath}</div></article>"
    )


def _link(message: Message, around: Surroundings) -> str:
    return f"/c/{message.channel}{around.query}#m-{format_ts(message.ts)}"
