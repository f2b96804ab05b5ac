"""The page: channels, messages and threads as a person sees them, and the JSON that keeps it fresh."""

import hashlib
import html
import re
import secrets
from pathlib import Path
from string import Template
from typing import Any

from aiohttp import web

from sandbox.slack.message_html import Surroundings, day_title, message_html, moment
from sandbox.slack.records import Channel, Message
from sandbox.slack.store import Store
from sandbox.slack.timestamps import format_ts, parse_ts
from sandbox.slack.workspace import Switches

ASSETS = Path(__file__).parent / "page"
ASSET_TYPES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
PERMALINK = re.compile(r"p(\d+)(\d{6})")
#: Nothing from outside is ever loaded, and nothing a sender wrote is ever run.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'"
    "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Item = dict[str, str]


def _item(identity: str, written: str) -> Item:
    """Return a piece of the page; ``print`` changes with its content, so that only what changed is replaced."""
    return {"id": identity, "print": hashlib.sha256(written.encode()).hexdigest()[:16], "html": written}


class Page:
    """Serves the page for people on this machine; it needs no token and changes nothing."""

    def __init__(self, store: Store, switches: Switches) -> None:
        """Read from ``store``; the clock is the workspace's."""
        self._store = store
        self._switches = switches
        self._run = secrets.token_hex(4)
        self._template = Template((ASSETS / "page.html").read_text(encoding="utf-8"))

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the page."""
        return [
            web.get("/", self._home),
            web.get("/c/{channel}", self._show),
            web.get("/c/{channel}/t/{thread}", self._show),
            web.get("/archives/{channel}/{permalink}", self._follow),
            web.get("/page/state", self._state),
            web.get("/page/{asset}", self._asset),
        ]

    def _version(self) -> str:
        """Return what changes with every change, and with every start of the server."""
        return f"{self._run}-{self._store.version}"

    def _channel(self, reference: str) -> Channel:
        channel = self._store.find_channel(reference)
        if channel is None:
            raise web.HTTPNotFound(text="There is no such channel.")
        return channel

    async def _home(self, request: web.Request) -> web.StreamResponse:
        channels = self._store.channels()
        if not channels:
            return web.Response(text="There are no channels yet.", headers=HEADERS)
        raise web.HTTPFound(f"/c/{channels[0].id}")

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        """Lead a permalink to its message."""
        channel = self._channel(request.match_info["channel"])
        found = PERMALINK.fullmatch(request.match_info["permalink"])
        message = self._store.message(channel.id, parse_ts(f"{found[1]}.{found[2]}")) if found else None
        if message is None:
            raise web.HTTPNotFound(text="There is no such message.")
        if message.thread_ts is not None:
            raise web.HTTPFound(f"/c/{channel.id}/t/{format_ts(message.thread_ts)}#r-{format_ts(message.ts)}")
        raise web.HTTPFound(f"/c/{channel.id}#m-{format_ts(message.ts)}")

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["asset"]
        if name not in ASSET_TYPES:
            raise web.HTTPNotFound
        text = (ASSETS / name).read_text(encoding="utf-8")
        return web.Response(text=text, content_type=ASSET_TYPES[name], charset="utf-8", headers=HEADERS)

    async def _state(self, request: web.Request) -> web.StreamResponse:
        """Return the parts of a page that change; only the version when nothing did."""
        version = self._version()
        if request.query.get("known") == version:
            return web.json_response({"version": version}, headers=HEADERS)
        channel = self._channel(request.query.get("channel", ""))
        query = "?as=text" if request.query.get("as") == "text" else ""
        thread = request.query.get("thread")
        state = {
            "version": version,
            "channels": self._channel_items(channel, query),
            "messages": self._message_items(channel, query),
            "thread": self._thread_items(channel, thread, query) if thread else [],
        }
        return web.json_response(state, headers=HEADERS)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        """Show a channel, with a thread beside it if asked; readable without JavaScript as well."""
        channel = self._channel(request.match_info["channel"])
        thread = request.match_info.get("thread", "")
        is_text = request.query.get("as") == "text"
        query = "?as=text" if is_text else ""
        here = f"/c/{channel.id}{f'/t/{html.escape(thread)}' if thread else ''}"
        messages = self._message_items(channel, query)
        values = {
            "channel_id": channel.id,
            "channel_name": html.escape(channel.name),
            "thread_ts": html.escape(thread),
            "body_class": " ".join(name for name, on in (("as-text", is_text), ("has-thread", bool(thread))) if on),
            "as_value": "text" if is_text else "",
            "other_view": here if is_text else f"{here}?as=text",
            "view_current": "true" if is_text else "false",
            "close_thread": f"/c/{channel.id}{query}",
            "version": self._version(),
            "notice": self._notice(channel),
            "channels": self._join(self._channel_items(channel, query)),
            "messages": self._join(messages),
            "thread": self._join(self._thread_items(channel, thread, query)) if thread else "",
        }
        written = self._template.substitute(values)
        return web.Response(text=written, content_type="text/html", charset="utf-8", headers=HEADERS)

    @staticmethod
    def _join(items: list[Item]) -> str:
        return "".join(
            f'<div data-id="{html.escape(item["id"])}" data-print="{item["print"]}">{item["html"]}</div>'
            for item in items
        )

    @staticmethod
    def _notice(channel: Channel) -> str:
        if channel.is_archived:
            return '<p class="notice">This channel is archived: posting to it answers <code>is_archived</code>.</p>'
        if not channel.is_member:
            return '<p class="notice">The app is not in this channel: it answers <code>not_in_channel</code>.</p>'
        return ""

    # The parts

    def _channel_items(self, current: Channel, query: str) -> list[Item]:
        counts = self._store.message_counts()
        items = []
        for channel in self._store.channels():
            count = counts.get(channel.id, 0)
            is_current = channel.id == current.id
            mark = "🔒" if channel.is_private else "#"
            badge = f'<span class="count" data-count="{count}">{count or ""}</span>'
            written = (
                f'<a href="/c/{channel.id}{query}" data-channel="{channel.id}"'
                f"{' aria-current=page' if is_current else ''}{' class=archived' if channel.is_archived else ''}>"
                f'<span class="mark" aria-hidden="true">{mark}</span>{html.escape(channel.name)}{badge}</a>'
            )
            items.append(_item(channel.id, written))
        return items

    def _around(self, message: Message, threads: dict[int, Any], names: dict[str, str], **more: Any) -> Surroundings:
        reactions, revisions = self._store.reactions(message.ts), self._store.revisions(message.ts)
        return Surroundings(threads.get(message.ts), reactions, revisions, names, **more)

    def _names(self) -> dict[str, str]:
        return {channel.id: channel.name for channel in self._store.channels()}

    def _message_items(self, channel: Channel, query: str) -> list[Item]:
        threads, names = self._store.threads(channel.id), self._names()
        items: list[Item] = []
        day = None
        for message in self._store.channel_messages(channel.id):
            at = moment(message.ts)
            if at.date() != day:
                day = at.date()
                items.append(_item(f"day-{day}", f'<h2 class="day"><span>{day_title(at)}</span></h2>'))
            around = self._around(message, threads, names, query=query)
            items.append(_item(format_ts(message.ts), message_html(message, around)))
        return items or [_item("empty", '<p class="empty">Nothing has been posted here yet.</p>')]

    def _thread_items(self, channel: Channel, thread: str, query: str) -> list[Item]:
        try:
            parent = self._store.message(channel.id, parse_ts(thread))
        except ValueError:
            parent = None
        if parent is None:
            return [_item("empty", '<p class="empty">There is no such thread.</p>')]
        replies = self._store.replies(channel.id, parent.ts)
        names = self._names()
        items = []
        for message in [parent, *replies]:
            around = self._around(message, {}, names, query=query, is_in_thread=True)
            items.append(_item(format_ts(message.ts), message_html(message, around)))
        count = f"{len(replies)} {'reply' if len(replies) == 1 else 'replies'}"
        items.insert(1, _item("count", f'<p class="reply-count"><span>{count}</span></p>'))
        return items
