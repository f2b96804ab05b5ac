"""The HTTP server: aiohttp in front, handlers on threads."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
from aiohttp import web

from sandbox.bigquery.errors import BigQueryError, invalid
from sandbox.bigquery.http_exchange import API_PREFIX, Answer, Request, Routes, error_answer
from sandbox.bigquery.job_runner import translated
from sandbox.bigquery.rest_datasets import DatasetRoutes
from sandbox.bigquery.rest_jobs import JobRoutes
from sandbox.bigquery.rest_queries import QueryRoutes
from sandbox.bigquery.rest_tabledata import TabledataRoutes
from sandbox.bigquery.rest_tables import TableRoutes
from sandbox.bigquery.service import Service, Waits
from sandbox.bigquery.uploads import UPLOAD_PREFIX, UploadRoutes
from sandbox.lifecycle import LOOPBACK
from sandbox.traffic import recording

_MOST_UPLOAD_BYTES = 4 * 2**30
# Threads cost nothing until they are needed, and a client that waits for its job holds one.
_THREADS = 256

_log = logging.getLogger(__name__)


def make_app(data: Path | None = None, waits: Waits | None = None) -> web.Application:
    """The application; its database opens now and closes with it."""
    service = Service(data, waits)
    routes = Routes()
    for group in (DatasetRoutes, TableRoutes, TabledataRoutes, JobRoutes, QueryRoutes, UploadRoutes):
        group(service).register(routes)
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="request")

    async def handle(request: web.Request) -> web.Response:
        exchange = Request(
            method=request.method,
            path=request.rel_url.raw_path.removeprefix(f"/{API_PREFIX}"),
            query=dict(request.query),
            headers=request.headers,
            data=await request.read(),
        )
        answer, data = await asyncio.get_running_loop().run_in_executor(threads, _answer, routes, exchange)
        headers = {"Content-Type": "application/json; charset=UTF-8", **answer.headers}
        return web.Response(body=data, status=answer.status, headers=headers)

    async def set_rights(request: web.Request) -> web.Response:
        try:
            service.rights.deny(await request.json())
        except (BigQueryError, ValueError) as error:
            return web.Response(status=400, text=str(error))
        return web.Response(text="set")

    async def live(app: web.Application) -> AsyncIterator[None]:
        yield
        threads.shutdown(wait=False, cancel_futures=True)
        service.close()

    recorded = recording({f"/{prefix}": "bigquery" for prefix in (API_PREFIX, UPLOAD_PREFIX)})
    app = web.Application(client_max_size=_MOST_UPLOAD_BYTES, middlewares=recorded)
    app.router.add_put("/rights", set_rights)
    app.router.add_route("*", "/{path:.*}", handle)
    app.cleanup_ctx.append(live)
    return app


def _answer(routes: Routes, request: Request) -> tuple[Answer, bytes]:
    try:
        answer = routes.answer(request)
        return answer, answer.data()
    except BigQueryError as error:
        answer = error_answer(error)
    except duckdb.Error as error:
        answer = error_answer(translated(error))
    except Exception as error:  # noqa: BLE001  A client retries 500 for minutes; a mistake of ours must show at once.
        _log.exception("%s %s", request.method, request.path)
        answer = error_answer(invalid(f"{type(error).__name__}: {error}"))
    return answer, answer.data()


class RunningServer:
    """A server on a thread of this process; for tests."""

    def __init__(self, port: int, data: Path | None) -> None:
        self._loop = asyncio.new_event_loop()
        self._runner = web.AppRunner(make_app(data), access_log=None, shutdown_timeout=2.0)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="bigquery stand-in")
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(port), self._loop).result()
        self.port = int(self._runner.addresses[0][1])
        self.url = f"http://{LOOPBACK}:{self.port}"

    async def _start(self, port: int) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, port).start()

    def stop(self) -> None:
        """Close the server and its database."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def start(port: int = 0, data: str | Path | None = None) -> RunningServer:
    """Start a server in this process; port 0 picks a free one. ``stop()`` it when done."""
    return RunningServer(port, Path(data) if data else None)
