"""Puts the parts together into one aiohttp application."""

from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from sandbox.slack.control_api import ControlApi
from sandbox.slack.loopback_guard import loopback_guard
from sandbox.slack.page_views import Page
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.store import Store
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import Switches
from sandbox.traffic import recording

DATABASE_NAME = "slack.db"
MAX_REQUEST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """How to run the stand-in; ``channels`` is id → name."""

    token: str
    control_token: str
    channels: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None
    is_rate_limited: bool = True


def make_app(settings: Settings) -> web.Application:
    """Build the application: Web API, control API and page over one store."""
    store = Store(settings.folder / DATABASE_NAME if settings.folder else None)
    switches = Switches(**store.load_switches())
    api = WebApi(store, switches, settings.token, RateLimits(settings.is_rate_limited))
    control = ControlApi(api, settings.control_token, settings.channels)
    control.add_initial_channels()
    app = web.Application(
        client_max_size=MAX_REQUEST_BYTES, middlewares=[*recording({"/api/": "slack"}), loopback_guard]
    )
    app.add_routes([web.route("*", "/api/{method}", api.handle)])
    app.add_routes(control.routes())
    app.add_routes(Page(store, switches).routes())

    async def close(_app: web.Application) -> None:
        store.close()

    app.on_cleanup.append(close)
    return app
