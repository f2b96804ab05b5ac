"""Passes TCP connections from all interfaces on to loopback: ``python -m deploy.compose.forward 8091=8090``.

The stand-ins listen on loopback only, and a container's published port does not reach its loopback.
"""

import asyncio
import contextlib
import functools
import sys

LOOPBACK = "127.0.0.1"


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    with contextlib.suppress(ConnectionError, OSError):
        target.write_eof()


async def _forward(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        writer.close()  # not up yet: the browser tries again
        return
    await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    for side in (writer, inner_writer):
        side.close()


async def serve(pairs: dict[int, int], host: str = "0.0.0.0") -> None:
    """Listen on each outer port and pass on to its inner one, until cancelled."""
    servers = [
        await asyncio.start_server(functools.partial(_forward, inner), host, outer) for outer, inner in pairs.items()
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main() -> None:
    """Run the command line."""
    try:
        pairs = {int(outer): int(inner) for outer, inner in (text.split("=") for text in sys.argv[1:])}
    except ValueError:
        pairs = {}
    if not pairs:
        sys.exit("usage: python -m deploy.compose.forward OUTER=INNER [OUTER=INNER …]")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(pairs))


if __name__ == "__main__":
    main()
