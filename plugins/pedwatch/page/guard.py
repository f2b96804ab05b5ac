"""Who may see the pages, and what a browser may do with them."""

from collections.abc import Callable
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

WATCHED = "ped_replica_watch"
"""Whoever may read this DAG may see what it found."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer; Airflow sends none of its own (3.3.1)."""


def may_read_the_watch() -> Callable[..., None]:
    """Return the dependency that asks Airflow: 401 without a session, 403 without the right to read the DAG."""
    from airflow.api_fastapi.core_api.security import requires_access_dag

    return requires_access_dag(method="GET", param_dag_id=WATCHED)


def wants_a_page(request: Request) -> bool:
    """Whether a person asks, with a browser, and not a script."""
    return "text/html" in request.headers.get("accept", "")


def to_login(request: Request) -> Response:
    """Send a person who has no session to Airflow's login, and from there back."""
    path = request.url.path
    asked = f"{path}?{request.url.query}" if request.url.query else path
    return RedirectResponse(f"../api/v2/auth/login?{urlencode({'next': asked})}", status_code=302)
