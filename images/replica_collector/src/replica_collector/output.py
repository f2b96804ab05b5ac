"""Where objects go: their names, a local folder, or (gcs.py) a bucket. An object is there whole or not at all."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from replica_collector.deadline import Deadline
from replica_collector.errors import OutputError
from replica_collector.spool import Spool


@dataclass(frozen=True)
class Object:
    """Something to be written: ``pieces`` gives its bytes, from the start at each call."""

    name: str
    content_type: str
    size: int
    md5: bytes
    pieces: Callable[[], Iterable[bytes]]


class Output(Protocol):
    """A place for objects."""

    def uri(self, name: str) -> str:
        """The full name of an object."""

    def write(self, objects: Sequence[Object], deadline: Deadline) -> None:
        """Write the objects whole, each before the next one starts; raises ``OutputError``."""


@dataclass(frozen=True)
class Names:
    """Object names of one cluster's attempt.

    The hour is the cycle's own (11:00 belongs to hour 11), so that a load job can take an hour by its prefix. Both
    names end in neither ``.json`` nor ``.sql``, which Airflow would take for template files.
    """

    cycle: datetime
    cluster: str
    attempt_id: str

    @property
    def data(self) -> str:
        """The rows."""
        return f"obs/{self._place}.ndjson.gz"

    @property
    def manifest(self) -> str:
        """The manifest."""
        return f"manifests/{self._place}.ndjson"

    @property
    def _place(self) -> str:
        return f"hour={self.cycle:%Y%m%d%H}/{self.cycle:%Y%m%dT%H%M%SZ}/{self.cluster}.{self.attempt_id}"


def data_object(name: str, spool: Spool) -> Object:
    """The rows of a finished spool; no contentEncoding, so that the bytes stay as they are when downloaded."""
    return Object(name, "application/gzip", spool.size, spool.md5, spool.read)


def text_object(name: str, content: bytes) -> Object:
    """A small NDJSON object."""
    md5 = hashlib.md5(content, usedforsecurity=False).digest()
    return Object(name, "application/x-ndjson", len(content), md5, lambda: (content,))


class FolderOutput:
    """Objects as files below a local folder."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._root = Path(unquote(urlsplit(uri).path))

    def uri(self, name: str) -> str:
        """A ``file://`` URI: the output's own text and the name, as in a bucket."""
        return f"{self._uri}/{name}"

    def write(self, objects: Sequence[Object], deadline: Deadline) -> None:
        """Write each file under a temporary name and rename it once it is on disk."""
        for item in objects:
            deadline.check()
            try:
                _write_file(self._root / item.name, item.pieces())
            except OSError as error:
                raise OutputError(f"cannot write {self.uri(item.name)}: {error.strerror}") from error


def _write_file(path: Path, pieces: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
