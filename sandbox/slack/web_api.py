"""The Web API's front door: faults on order, token, scopes, rate limits, then the method."""

import asyncio
import hmac
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.slack import methods_chat, methods_conversations, methods_workspace
from sandbox.slack.arguments import Arguments, read_arguments, required_arguments
from sandbox.slack.errors import RateLimited, SlackRefusal
from sandbox.slack.faults import Fault, Faults
from sandbox.slack.method_call import Call, Method
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.store import Store
from sandbox.slack.workspace import METHOD_SCOPES, Switches

METHODS: dict[str, Method] = {**methods_chat.METHODS, **methods_conversations.METHODS, **methods_workspace.METHODS}
KEPT_CALLS = 10_000


@dataclass
class WebApi:
    """Answers ``/api/<method>`` and remembers every call, for tests that count them."""

    store: Store
    switches: Switches
    token: str
    limits: RateLimits
    faults: Faults = field(default_factory=Faults)
    calls: list[dict[str, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        method = request.match_info["method"]
        try:
            arguments = await read_arguments(request, method)
        except SlackRefusal as refusal:
            return self._answer(method, "", refusal)
        named = arguments.text("channel")
        found = self.store.find_channel(named) if named else None
        channel = found.id if found else named
        fault = self.faults.take(method, channel) if method in METHODS else None
        if fault is None:
            return self._run(request, method, channel, arguments)
        return await self._fail(request, method, channel, arguments, fault)

    def _run(self, request: web.Request, method: str, channel: str, arguments: Arguments) -> web.Response:
        try:
            if method not in METHODS:
                raise SlackRefusal("unknown_method", req_method=method)
            self._authorize(request, method, arguments)
            self.limits.check(method, channel)
            arguments.check(required_arguments(method))
            base_url = f"http://{request.host}"
            answer = METHODS[method](Call(arguments, self.store, self.switches, base_url))
        except SlackRefusal as refusal:
            return self._answer(method, channel, refusal)
        except UnicodeEncodeError:
            # JSON can write half a surrogate pair, which is no character and cannot be stored.
            return self._answer(method, channel, SlackRefusal("invalid_charset"))
        return self._answer(method, channel, answer)

    def _authorize(self, request: web.Request, method: str, arguments: Arguments) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip() or arguments.text("token")
        if not token:
            raise SlackRefusal("not_authed")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise SlackRefusal("invalid_auth")
        if self.switches.is_token_revoked:
            raise SlackRefusal("token_revoked")
        missing = self.switches.require_scope(method)
        if missing is not None:
            raise SlackRefusal("missing_scope", **missing)

    def _answer(
        self, method: str, channel: str, result: dict[str, Any] | SlackRefusal, fault: str | None = None
    ) -> web.Response:
        body = result.body() if isinstance(result, SlackRefusal) else result
        # In lower case, as Slack's own proxies write them.
        headers = {
            "x-oauth-scopes": ",".join(self.switches.scopes),
            "x-accepted-oauth-scopes": METHOD_SCOPES.get(method) or "",
        }
        status = 200
        if isinstance(result, RateLimited):
            status = 429
            headers["retry-after"] = str(result.retry_after)
        self._note(method, channel, status, body.get("error"), fault)
        return web.json_response(body, status=status, headers=headers)

    def _note(self, method: str, channel: str, status: int | None, error: str | None, fault: str | None) -> None:
        self.calls.append(
            {"at": time.time(), "method": method, "channel": channel, "status": status, "error": error, "fault": fault}
        )
        del self.calls[:-KEPT_CALLS]

    async def _fail(
        self, request: web.Request, method: str, channel: str, arguments: Arguments, fault: Fault
    ) -> web.StreamResponse:
        """Let a call go wrong as ordered."""
        match fault.kind:
            case "ratelimited":
                return self._answer(method, channel, RateLimited(fault.retry_after), fault.kind)
            case "error":
                return self._answer(method, channel, SlackRefusal(fault.error), fault.kind)
            case "server_error":
                self._note(method, channel, 500, None, fault.kind)
                return web.Response(status=500, text="Internal Server Error")
            case "timeout":
                self._note(method, channel, None, None, fault.kind)
                await asyncio.sleep(fault.seconds)
                return _drop_connection(request)
            case "stored_then_dropped":
                self._run(request, method, channel, arguments)
                self.calls[-1] |= {"fault": fault.kind, "status": None}
                return _drop_connection(request)
            case "odd" | "answer":
                if fault.is_stored:
                    self._run(request, method, channel, arguments)
                self._note(method, channel, None, None, fault.kind)
                return await _say(request, fault.raw())
            case _:
                await asyncio.sleep(fault.seconds)
                response = self._run(request, method, channel, arguments)
                self.calls[-1] |= {"fault": fault.kind}
                return response


async def _say(request: web.Request, raw: bytes) -> web.Response:
    """Send bytes that no server would write, and close the connection."""
    if request.transport is not None:
        request.transport.write(raw)
        request.transport.close()
    return web.Response()


def _drop_connection(request: web.Request) -> web.Response:
    """Close the connection without a byte of an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
