"""How every sandbox server starts and stops: one ready line, loopback only, clean on SIGINT and SIGTERM."""

import asyncio
import signal
import sys
import threading

from aiohttp import web

LOOPBACK = "127.0.0.1"


def announce(address: str) -> None:
    """Print the one line a starter waits for: ``ready http(s)://127.0.0.1:N`` or ``ready 127.0.0.1:N``."""
    print(f"ready {address}", flush=True)


def stop_requested() -> threading.Event:
    """Return an event that is set by the first SIGINT or SIGTERM (call it from the main thread).

    The handlers are installed explicitly because a process started with ``&`` inherits SIGINT as ignored.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


async def _serve(app: web.Application, port: int) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, port)
    await site.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    announce(f"http://{LOOPBACK}:{runner.addresses[0][1]}")
    try:
        await stop.wait()
    finally:
        await runner.cleanup()


def serve_app(app: web.Application, port: int) -> None:
    """Serve an aiohttp application on loopback until SIGINT or SIGTERM; port 0 picks a free one.

    Exits with status 1 and one line on stderr when the port is taken.
    """
    try:
        asyncio.run(_serve(app, port))
    except OSError as error:
        sys.exit(f"cannot listen on {LOOPBACK}:{port}: {error.strerror}")
