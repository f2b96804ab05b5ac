"""The objects of a label in the bucket: created once, never written again; packs with their manifest last."""

import base64
import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pedwatch.audit import chain, revisions
from pedwatch.audit.pack_files import MANIFEST
from pedwatch.audit.request import check_label

if TYPE_CHECKING:
    from google.cloud import storage

ROOT = "audits"
_BLOCK = 1 << 20
_CONTENT_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".py": "text/x-python; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


def content_type(name: str) -> str:
    """Return what a file is served as, by the ending of its name."""
    return _CONTENT_TYPES[name[name.rindex(".") :]]


def _fingerprint(stream: BinaryIO) -> str:
    """Return the hash that Cloud Storage lists with an object."""
    digest = hashlib.md5(usedforsecurity=False)
    while block := stream.read(_BLOCK):
        digest.update(block)
    return base64.b64encode(digest.digest()).decode()


class LabelBucket:
    """What is below ``gs://<bucket>/audits/<label>/``: packs ``<period>/<revision>/`` and their log ``chain/``.

    Args:
        client: an authorised Cloud Storage client.
        bucket: its name.
        label: of the audit.

    Raises:
        AuditError: the label is no single path segment.
    """

    def __init__(self, client: "storage.Client", bucket: str, label: str) -> None:
        self._bucket = client.bucket(bucket)
        self._client = client
        self._root = f"{ROOT}/{check_label(label)}"
        self.label = label

    def address(self, pack: str) -> str:
        """Return where a pack is."""
        return f"gs://{self._bucket.name}/{self._root}/{pack}"

    def manifest(self, pack: str) -> bytes | None:
        """Return the bytes of a pack's manifest; None when there is none."""
        return self._read(f"{pack}/{MANIFEST}")

    def write(self, period: str, folder: Path, manifest: bytes) -> int:
        """Write a pack as a revision of its period, where the newest is not the same already; returns the revision.

        Args:
            period: the folder of a day, or of first and last day.
            folder: all files but the manifest.
            manifest: written last.
        """
        mine = {MANIFEST: _fingerprint(io.BytesIO(manifest))}
        for path in folder.iterdir():
            with path.open("rb") as stream:
                mine[path.name] = _fingerprint(stream)
        while True:
            choice = revisions.choose(mine, self._revisions(period))
            for name in choice.missing:
                with io.BytesIO(manifest) if name == MANIFEST else (folder / name).open("rb") as stream:
                    if not self._create(f"{period}/{choice.revision}/{name}", stream, mine[name]):
                        break  # another run's
            else:
                return choice.revision

    def entries(self, since: int = 1) -> dict[int, bytes]:
        """Return the entries of the chain from a number on, by number."""
        prefix = f"{self._root}/{chain.FOLDER}/"
        start = f"{prefix}{chain.file_name(since)}"
        found: dict[int, bytes] = {}
        for blob in self._client.list_blobs(self._bucket, prefix=prefix, start_offset=start):
            sequence = chain.sequence_of(blob.name.removeprefix(prefix))
            if sequence is not None and sequence >= since:
                found[sequence] = blob.download_as_bytes()
        return found

    def entry(self, sequence: int) -> bytes | None:
        """Return one entry of the chain; None when there is none of that number."""
        return self._read(f"{chain.FOLDER}/{chain.file_name(sequence)}")

    def append(self, entry: chain.Entry) -> bool:
        """Create an entry of the chain; False when another one has its number."""
        content = entry.to_bytes()
        name = f"{chain.FOLDER}/{chain.file_name(entry.sequence)}"
        return self._create(name, io.BytesIO(content), _fingerprint(io.BytesIO(content)))

    def _revisions(self, period: str) -> dict[int, dict[str, str]]:
        prefix = f"{self._root}/{period}/"
        found: dict[int, dict[str, str]] = {}
        for blob in self._client.list_blobs(self._bucket, prefix=prefix):
            folder, _, name = blob.name.removeprefix(prefix).partition("/")
            if named := chain.parts_of(f"{period}/{folder}"):
                found.setdefault(named[1], {})[name] = blob.md5_hash or ""
        return found

    def _create(self, name: str, content: BinaryIO, fingerprint: str) -> bool:
        """Create an object; True when it is there with that content, whoever created it."""
        from google.api_core.exceptions import PreconditionFailed

        blob = self._bucket.blob(f"{self._root}/{name}")
        try:
            blob.upload_from_file(content, content_type=content_type(name), if_generation_match=0, rewind=True)
        except PreconditionFailed:
            # Somebody else's, or our own, whose answer was lost before the client asked again.
            held = self._bucket.get_blob(blob.name)
            return held is not None and held.md5_hash == fingerprint
        return True

    def _read(self, name: str) -> bytes | None:
        blob = self._bucket.get_blob(f"{self._root}/{name}")
        content: bytes | None = blob.download_as_bytes() if blob else None
        return content
