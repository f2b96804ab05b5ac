"""Rows on their way to an object: gzip on disk, so that memory does not grow with the cluster.

A listing that has to start over (410, a page too large) takes back what it wrote: ``mark`` before, ``rollback`` after.
"""

import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from replica_collector.errors import OutputError

# Level 3 costs half the CPU of the default 6 and gives away a fifth of the size: an object of a megabyte or two.
LEVEL = 3
GZIP = 31
READ_BYTES = 256 * 1024


@dataclass(frozen=True)
class Mark:
    """A point to go back to."""

    position: int
    rows: int
    compressor: Any
    digest: Any


class Spool:
    """A temporary gzip file (in TMPDIR, gone with the process); its bytes depend on the rows alone."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="replica-collector-", buffering=0)  # noqa: SIM115 - closed by close()
        self._compressor: Any = None
        self._digest = hashlib.sha256()
        self.rows = 0
        self.size = 0
        self.content_sha256 = ""
        self.md5 = b""

    def write(self, lines: bytes, rows: int) -> None:
        """Append whole lines."""
        self._digest.update(lines)
        self._append(self._packing().compress(lines))
        self.rows += rows

    def mark(self) -> Mark:
        """Remember this point."""
        return Mark(self._file.tell(), self.rows, self._packing().copy(), self._digest.copy())

    def rollback(self, mark: Mark) -> None:
        """Forget what was written since; a mark can be gone back to more than once."""
        self._file.seek(mark.position)
        self._file.truncate()
        self._compressor, self._digest = mark.compressor.copy(), mark.digest.copy()
        self.rows = mark.rows

    def finish(self) -> None:
        """End the gzip stream and take its measures; nothing can be written afterwards."""
        self._append(self._packing().flush())
        self._compressor = None
        self.size = self._file.tell()
        self.content_sha256 = self._digest.hexdigest()
        md5 = hashlib.md5(usedforsecurity=False)
        for piece in self.read():
            md5.update(piece)
        self.md5 = md5.digest()

    def read(self) -> Iterator[bytes]:
        """The compressed bytes from the start, piece by piece."""
        self._file.seek(0)
        while piece := self._file.read(READ_BYTES):
            yield piece

    def _packing(self) -> Any:
        """The compressor; it takes a quarter of a megabyte, and clusters may wait long for their turn."""
        if self._compressor is None:
            self._compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)  # writes no time and no name
        return self._compressor

    def _append(self, compressed: bytes) -> None:
        left = memoryview(compressed)
        try:
            # A disk that is nearly full takes a part, and says only then that it is full.
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise OutputError(f"cannot write to the temporary folder: {error.strerror}") from error

    def close(self) -> None:
        """Delete the file."""
        self._file.close()
