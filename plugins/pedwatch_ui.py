"""Airflow's plugin: the pages about replicas, in the web server, and where its menus lead to them.

Airflow imports this file in every process that it starts, so it imports nothing but Airflow's base class. The pages
themselves are made when the first request comes: a fault of theirs is an answer to that request, never a web server
that does not start, and never a menu without the entry.
"""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/ped-replicas"
_FIRST = f"{PREFIX.removeprefix('/')}/now"


class PageWhenAsked:
    """An ASGI application that makes the real one for its first request; closed while it cannot."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand a request on."""
        if self._app is None:
            from pedwatch.page.app import make_app

            self._app = make_app()
        await self._app(scope, receive, send)


class PedReplicas(AirflowPlugin):
    """The pages, an entry in the menu, and one at each DAG; both in a tab of their own, since frames block links."""

    name = "ped_replicas"
    fastapi_apps = [{"app": PageWhenAsked(), "url_prefix": PREFIX, "name": "PED replicas"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        # Addresses without a leading slash: they are read below Airflow's own, which may have a path.
        {"name": "PED replicas", "href": _FIRST, "destination": "nav", "category": "browse"},
        {"name": "PED replicas", "href": _FIRST, "destination": "dag"},
    ]
