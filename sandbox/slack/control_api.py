"""``/control/…``: what tests do to the workspace behind the app's back, and what they read of it."""

import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from aiohttp import web

from sandbox.slack.faults import Fault
from sandbox.slack.records import Channel, Content, Message
from sandbox.slack.timestamps import MICROSECONDS, format_ts, parse_ts
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import PEOPLE, Switches

Body = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SWITCHES = ("is_token_revoked", "scopes", "clock_offset_seconds")


class ControlApi:
    """The control routes; every one asks for the control token."""

    def __init__(self, api: WebApi, token: str, initial_channels: dict[str, str]) -> None:
        """Keep what the routes act on; ``initial_channels`` (id → name) come back with a reset."""
        self._api = api
        self._token = token
        self._initial = initial_channels

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the control API."""
        table: list[tuple[str, str, Callable[[web.Request, Body], Any]]] = [
            ("GET", "/control/messages", self._list_messages),
            ("POST", "/control/messages", self._post_as_person),
            ("DELETE", "/control/messages/{channel}/{ts}", self._delete_message),
            ("POST", "/control/messages/{channel}/{ts}/reactions", self._react_as_person),
            ("GET", "/control/calls", self._list_calls),
            ("DELETE", "/control/calls", self._clear_calls),
            ("POST", "/control/faults", self._order_fault),
            ("DELETE", "/control/faults", self._clear_faults),
            ("POST", "/control/channels/{channel}", self._put_channel),
            ("GET", "/control/switches", self._show_switches),
            ("POST", "/control/switches", self._set_switches),
            ("POST", "/control/reset", self._reset),
        ]
        return [web.route(verb, path, self._guarded(answer)) for verb, path, answer in table]

    def _guarded(self, answer: Callable[[web.Request, Body], Any]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self._token.encode()):
                return web.json_response({"error": "the control token is missing or wrong"}, status=401)
            try:
                body = await request.json() if request.can_read_body else {}
                return web.json_response(answer(request, body))
            except (TypeError, ValueError) as error:
                return web.json_response({"error": str(error)}, status=400)
            except LookupError as error:
                return web.json_response({"error": str(error.args[0])}, status=404)

        return handle

    def add_initial_channels(self) -> None:
        """Create the channels named at the start, where they do not exist yet."""
        for identifier, name in self._initial.items():
            if self._api.store.find_channel(identifier) is None:
                self._api.store.put_channel(Channel(identifier, name, self._api.switches.now() // MICROSECONDS))

    def _channel(self, reference: str) -> Channel:
        channel = self._api.store.find_channel(reference)
        if channel is None:
            raise LookupError(f"no channel {reference}")
        return channel

    # Messages

    def _describe(self, message: Message) -> Body:
        revisions = [
            {**asdict(revision.content), "replaced_ts": format_ts(revision.replaced_ts)}
            for revision in self._api.store.revisions(message.ts)
        ]
        return {
            "channel": message.channel,
            "channel_name": self._channel(message.channel).name,
            "ts": format_ts(message.ts),
            "thread_ts": format_ts(message.thread_ts) if message.thread_ts is not None else None,
            "user": message.user,
            **asdict(message.content),
            "edited": format_ts(message.edited_ts) if message.edited_ts is not None else None,
            "deleted": format_ts(message.deleted_ts) if message.deleted_ts is not None else None,
            "revisions": revisions,
            "reactions": self._api.store.reactions(message.ts),
        }

    def _list_messages(self, request: web.Request, _body: Body) -> Body:
        wanted = request.query.get("channel")
        channel = self._channel(wanted).id if wanted else None
        found = [message for message in self._api.store.all_messages() if channel in (None, message.channel)]
        return {"messages": [self._describe(message) for message in found]}

    def _post_as_person(self, _request: web.Request, body: Body) -> Body:
        if body["user"] not in PEOPLE:
            raise LookupError(f"no user {body['user']}; there are {', '.join(PEOPLE)}")
        thread_ts = parse_ts(body["thread_ts"]) if body.get("thread_ts") else None
        ts = self._api.store.unused_ts(self._api.switches.now())
        message = Message(self._channel(body["channel"]).id, ts, body["user"], Content(text=body["text"]), thread_ts)
        self._api.store.add_message(message)
        return self._describe(message)

    def _delete_message(self, request: web.Request, _body: Body) -> Body:
        channel = self._channel(request.match_info["channel"])
        message = self._api.store.message(channel.id, parse_ts(request.match_info["ts"]))
        if message is None or message.deleted_ts is not None:
            raise LookupError(f"no message {request.match_info['ts']} in {channel.name}")
        self._api.store.delete_message(message, self._api.switches.now())
        return {}

    def _react_as_person(self, request: web.Request, body: Body) -> Body:
        if body["user"] not in PEOPLE:
            raise LookupError(f"no user {body['user']}; there are {', '.join(PEOPLE)}")
        channel = self._channel(request.match_info["channel"])
        message = self._api.store.message(channel.id, parse_ts(request.match_info["ts"]))
        if message is None or message.deleted_ts is not None:
            raise LookupError(f"no message {request.match_info['ts']} in {channel.name}")
        self._api.store.add_reaction(message.ts, body["name"], body["user"])
        return self._describe(message)

    # Calls and faults

    def _list_calls(self, request: web.Request, _body: Body) -> Body:
        method = request.query.get("method")
        return {"calls": [call for call in self._api.calls if method in (None, call["method"])]}

    def _clear_calls(self, _request: web.Request, _body: Body) -> Body:
        self._api.calls.clear()
        return {}

    def _order_fault(self, _request: web.Request, body: Body) -> Body:
        if body.get("channel"):
            body["channel"] = self._channel(body["channel"]).id
        self._api.faults.order(Fault(**body))
        return {}

    def _clear_faults(self, _request: web.Request, _body: Body) -> Body:
        self._api.faults.clear()
        return {}

    # Workspace

    def _put_channel(self, request: web.Request, body: Body) -> Body:
        identifier = request.match_info["channel"]
        channel = self._api.store.find_channel(identifier)
        if channel is None:
            channel = Channel(identifier, identifier.lower(), self._api.switches.now() // MICROSECONDS)
        allowed = {"name", "is_archived", "is_member", "is_private"}
        if not set(body) <= allowed:
            raise ValueError(f"a channel has only {', '.join(sorted(allowed))}")
        changed = replace(channel, **body)
        self._api.store.put_channel(changed)
        return asdict(changed)

    def _show_switches(self, _request: web.Request, _body: Body) -> Body:
        return {**self._api.switches.as_json(), "is_rate_limited": self._api.limits.is_on}

    def _set_switches(self, request: web.Request, body: Body) -> Body:
        unknown = set(body) - {*SWITCHES, "is_rate_limited"}
        if unknown:
            raise ValueError(f"no such switch: {', '.join(sorted(unknown))}")
        self._api.limits.is_on = bool(body.pop("is_rate_limited", self._api.limits.is_on))
        self._change_switches(body)
        return self._show_switches(request, body)

    def _change_switches(self, values: Body) -> None:
        for name, value in values.items():
            setattr(self._api.switches, name, value)
        self._api.store.save_switches(json.loads(json.dumps(values)))

    def _reset(self, _request: web.Request, _body: Body) -> Body:
        self._api.store.clear()
        self._change_switches(Switches().as_json())
        self._api.faults.clear()
        self._api.limits.refill()
        self._api.calls.clear()
        self.add_initial_channels()
        return {}
