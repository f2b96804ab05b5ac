"""Evidence where it is kept: in a folder, or below an address in Cloud Storage."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pedwatch.audit.pack_files import sha256_of

if TYPE_CHECKING:
    from google.cloud import storage

_BLOCK = 1 << 20
_CHUNK = 8 << 20
"""Of a large object at once; the client's own forty megabytes are kept until they are read."""


class FolderShelf:
    """The files of a local folder, such as a copy of a label's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """Return the names of all files, relative, with slashes."""
        paths = (path for path in self._folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(self._folder).as_posix() for path in paths)

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        return (self._folder / name).read_bytes()

    def open(self, name: str) -> BinaryIO:
        """Open a file, to be read in blocks."""
        return (self._folder / name).open("rb")

    def size(self, name: str) -> int:
        """Return how many bytes a file has."""
        return (self._folder / name).stat().st_size

    def sha256(self, name: str) -> str:
        """Return a file's hash."""
        return sha256_of(self._folder / name)


class BucketShelf:
    """The objects below a prefix; listed once.

    Args:
        client: an authorised Cloud Storage client.
        bucket: its name.
        prefix: with a slash at its end.
    """

    def __init__(self, client: "storage.Client", bucket: str, prefix: str) -> None:
        self._blobs = {blob.name.removeprefix(prefix): blob for blob in client.list_blobs(bucket, prefix=prefix)}

    def names(self) -> list[str]:
        """Return the names of all objects, relative."""
        return sorted(self._blobs)

    def read(self, name: str) -> bytes:
        """Return an object's bytes."""
        content: bytes = self._blobs[name].download_as_bytes()
        return content

    def open(self, name: str) -> BinaryIO:
        """Open an object, to be read in blocks."""
        stream: BinaryIO = self._blobs[name].open("rb", chunk_size=_CHUNK)
        return stream

    def size(self, name: str) -> int:
        """Return how many bytes an object has."""
        return int(self._blobs[name].size)

    def sha256(self, name: str) -> str:
        """Return an object's hash, read in blocks."""
        whole = hashlib.sha256()
        with self.open(name) as stream:
            while block := stream.read(_BLOCK):
                whole.update(block)
        return whole.hexdigest()
