"""One container as a local process: started on a leash, read to its end, stopped for certain."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from sandbox.kubernetes.images import Command
from sandbox.kubernetes.last_words import LastWords

LEASH = Path(__file__).parents[1] / "leash.py"
KILL_SECONDS = 5.0
LINGER_SECONDS = 1.0


class ContainerProcess:
    """A running command and everything it starts."""

    def __init__(self, process: asyncio.subprocess.Process, output: int) -> None:
        """Take over a started leash and the reading end of its output."""
        self._process, self._output = process, output

    @classmethod
    async def start(cls, command: Command) -> "ContainerProcess":
        """Start a command; OSError when not even the leash can be started."""
        # A pipe of our own: asyncio's would make wait() wait for its other end, too, which an orphan may hold.
        output, writer = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", str(LEASH), "--pass-signals", "--", *command.argv),
                env=command.env,
                cwd=command.workdir,
                stdin=asyncio.subprocess.PIPE,
                stdout=writer,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except BaseException:
            os.close(output)
            raise
        finally:
            os.close(writer)
        return cls(process, output)

    async def read(self, words: LastWords) -> int:
        """Listen to the output until the container has ended; return its exit code."""
        stream = asyncio.StreamReader()
        pipe = os.fdopen(self._output, "rb", buffering=0)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)

        async def copy() -> None:
            while chunk := await stream.read(2**16):
                words.feed(chunk)

        copying = asyncio.create_task(copy())
        code = await self._process.wait()
        # The leash leaves nobody behind to write more, unless it was killed itself.
        await asyncio.wait([copying], timeout=LINGER_SECONDS)
        copying.cancel()
        transport.close()
        return code if code >= 0 else 128 - code

    async def stop(self, grace: float) -> None:
        """Ask the container to end, and after the grace period end it."""
        if self._process.returncode is not None:
            return
        if grace > 0:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            if await self._ended_within(grace):
                return
        assert self._process.stdin is not None
        self._process.stdin.close()  # the lifeline: the leash kills everything
        if not await self._ended_within(KILL_SECONDS):
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _ended_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            return False
        return True
