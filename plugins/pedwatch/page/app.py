"""The application: GET routes behind Airflow's session and the right to read ped_replica_watch, closed by default."""

import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

import anyio
from anyio.to_thread import run_sync
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from pedwatch import settings
from pedwatch.errors import PedwatchError
from pedwatch.page import guard
from pedwatch.page.episodes_view import EpisodeWish
from pedwatch.page.now_view import Wish
from pedwatch.page.pages import Pages
from pedwatch.page.questions import Api, Questions
from pedwatch.page.rendering import FOLDER

log = logging.getLogger(__name__)

THREADS = 4
"""At most so many requests are worked on at once, each in a thread of ours: those of Airflow's own routes stay free."""
FILES = {"page.css": "text/css", "page.js": "text/javascript"}

_Text = Annotated[str, Query(max_length=300)]
_OptionalText = Annotated[str | None, Query(max_length=300)]
_Number = Annotated[int, Query(ge=1, le=1_000_000)]


def make_app(
    questions: Questions | None = None,
    may_see: Callable[..., Any] | None = None,
    clock: Callable[[], dt.datetime] = settings.now,
) -> FastAPI:
    """Return the application.

    Args:
        questions: to BigQuery; injected in tests.
        may_see: the dependency that lets a request pass; Airflow's, unless a test brings another.
        clock: tells the time, aware; injected in tests.
    """
    pages = Pages(questions or Questions(), clock)
    limiter: list[anyio.CapacityLimiter] = []

    async def in_thread(make: Callable[[], Response]) -> Response:
        if not limiter:
            limiter.append(anyio.CapacityLimiter(THREADS))
        return await run_sync(make, limiter=limiter[0])

    # Every route, also one that is added tomorrow, is behind this; FastAPI's own pages would not be.
    app = FastAPI(
        title="PED replicas",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(may_see or guard.may_read_the_watch())],
    )
    _add_refusals(app, pages)

    def html(make: Callable[[], str]) -> Response:
        return HTMLResponse(make())

    @app.get("/")
    async def root() -> Response:
        return RedirectResponse("now", status_code=307)

    @app.get("/now")
    async def now(wish: Annotated[Wish, Depends(_wish)]) -> Response:
        return await in_thread(partial(html, partial(pages.now, wish)))

    @app.get("/now.json")
    async def now_json(wish: Annotated[Wish, Depends(_wish)]) -> Response:
        return await in_thread(lambda: JSONResponse(pages.now_json(wish)))

    @app.get("/api")
    async def api(
        api: _Text,
        environment: _OptionalText = None,
        team: _OptionalText = None,
        span: _Text = "24h",
        at: _OptionalText = None,
    ) -> Response:
        asked = Api(api, environment or None, team or None)
        return await in_thread(partial(html, partial(pages.api, asked, span, _moment(at))))

    @app.get("/episodes")
    async def episodes(wish: Annotated[EpisodeWish, Depends(_episode_wish)]) -> Response:
        return await in_thread(partial(html, partial(pages.episodes, wish)))

    @app.get("/coverage")
    async def coverage(span: _Text = "24h") -> Response:
        return await in_thread(partial(html, partial(pages.coverage, span)))

    @app.get("/{name}")
    async def file(name: str) -> Response:
        if name not in FILES:
            raise HTTPException(404, f"there is no page {name}")
        content = await in_thread(lambda: Response(_read(name), media_type=FILES[name]))
        content.headers["Cache-Control"] = "private, max-age=300"
        return content

    return app


def _read(name: str) -> bytes:
    return (settings.include_dir() / FOLDER / name).read_bytes()


def _wish(
    q: _Text = "",
    verdict: _Text = "",
    environment: _Text = "",
    team: _Text = "",
    cluster: _Text = "",
    near: bool = False,
    sort: _Text = "over",
    page: _Number = 1,
) -> Wish:
    return Wish(q.strip(), verdict, environment, team, cluster, near, sort, page)


def _episode_wish(
    q: _Text = "", state: _Text = "", kind: _Text = "", team: _Text = "", days: _Number = 30, page: _Number = 1
) -> EpisodeWish:
    return EpisodeWish(q.strip(), state, kind, team, days, page)


def _moment(text: str | None) -> dt.datetime | None:
    """Read a time: with an offset, or as a form field has it, in UTC."""
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise HTTPException(400, f"at: {text!r} is not a time such as 2026-03-02T10:05Z") from None


def _add_refusals(app: FastAPI, pages: Pages) -> None:
    """Say what is wrong: to a person on a page, to a script in JSON."""

    def told(request: Request, status: int, heading: str, reason: str, advice: str) -> Response:
        if not guard.wants_a_page(request):
            return JSONResponse({"detail": reason}, status_code=status)
        try:
            return HTMLResponse(pages.refused(heading, reason, advice), status_code=status)
        except PedwatchError as error:  # the templates are not there either
            return Response(f"{heading}: {reason} {error}", status_code=status, media_type="text/plain")

    @app.exception_handler(PedwatchError)
    async def refused(request: Request, error: PedwatchError) -> Response:
        log.warning("pedwatch_page_refused path=%s error=%s", request.url.path, error)
        advice = "Nothing is known now. The watch itself may well be running: look at the DAG ped_replica_watch."
        return told(request, 503, "The page cannot tell", str(error), advice)

    @app.exception_handler(StarletteHTTPException)
    async def denied(request: Request, error: StarletteHTTPException) -> Response:
        is_person = guard.wants_a_page(request)
        if error.status_code == 401 and is_person:
            return guard.to_login(request)
        if error.status_code == 403 and is_person:
            reason = f"Your role may not read the DAG {guard.WATCHED}, and these pages show what it found."
            return told(request, 403, "Not for your role", reason, "Ask whoever gives roles in Airflow.")
        return told(request, error.status_code, "Not found", str(error.detail), "Begin with Now.")

    @app.exception_handler(RequestValidationError)
    async def unreadable(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}"
        return told(request, 400, "That cannot be asked", reason, "Begin with Now.")

    @app.middleware("http")
    async def finished(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            response = await call_next(request)
        except Exception as error:
            log.exception("pedwatch_page_failed path=%s", request.url.path)
            reason = f"The page failed ({type(error).__name__}); the web server's log has the reason."
            response = told(request, 500, "The page failed", reason, "That is a fault of pedwatch: tell who runs it.")
        for name, value in guard.HEADERS.items():
            response.headers.setdefault(name, value)
        return response
