"""How every sandbox server starts and stops: one ready line, loopback only, clean on SIGINT and SIGTERM."""

import asyncio
import queue
import signal
import sys

from aiohttp import web

LOOPBACK = "127.0.0.1"


def announce(address: str) -> None:
    """Print the one line a starter waits for: ``ready http(s)://127.0.0.1:N`` or ``ready 127.0.0.1:N``."""
    print(f"ready {address}", flush=True)


class StopRequest:
    """Whether somebody has asked this process to stop.

    Not a ``threading.Event``: its lock is held for a moment by whoever waits, and a handler that runs just then in the
    same thread, and sets it, waits for itself for ever. A ``SimpleQueue`` may be put into from a handler.
    """

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[None] = queue.SimpleQueue()

    def ask(self) -> None:
        """Ask it; a signal handler may."""
        self._asked.put(None)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is asked, for so long at most; returns whether it was. One thread waits."""
        try:
            self._asked.get(timeout=seconds)
        except queue.Empty:
            return False
        return True


def stop_requested() -> StopRequest:
    """Return what the first SIGINT or SIGTERM asks (call it from the main thread).

    The handlers are installed explicitly because a process started with ``&`` inherits SIGINT as ignored.
    """
    stop = StopRequest()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.ask())
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
