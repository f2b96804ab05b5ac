"""Evidence packs in the bucket: written with the manifest last, linked into the chain of their label."""

import datetime as dt
import json
import logging
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.audit import chain, pack_files
from pedwatch.audit.request import check_label
from pedwatch.hooks.warehouse import Warehouse

if TYPE_CHECKING:
    from google.cloud import storage

log = logging.getLogger(__name__)
ROOT = "audits"
_CONTENT_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
}


class PackBucket:
    """The packs of one label: ``gs://<bucket>/audits/<label>/<folder>/``.

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

    def address(self, folder: str) -> str:
        """Return where a pack is."""
        return f"gs://{self._bucket.name}/{self._root}/{folder}"

    def folders(self) -> list[str]:
        """Return the folders of finished packs: those with a manifest."""
        blobs = self._client.list_blobs(self._bucket, prefix=f"{self._root}/")
        parts = [blob.name.removeprefix(f"{self._root}/").split("/") for blob in blobs]
        return sorted(part[0] for part in parts if part[1:] == [pack_files.MANIFEST])

    def manifest(self, folder: str) -> bytes | None:
        """Return the bytes of a pack's manifest; None when there is none."""
        blob = self._bucket.get_blob(f"{self._root}/{folder}/{pack_files.MANIFEST}")
        content: bytes | None = blob.download_as_bytes() if blob else None
        return content

    def write(self, folder: str, files: Path, facts: Mapping[str, Any]) -> bytes:
        """Write the files of a local folder as a pack, its manifest last; returns the manifest.

        What is there already is left alone. What differs is replaced behind a missing manifest, so that at no time a
        manifest stands over files that are not its own.
        """
        hashes = pack_files.file_hashes(files)
        before = self.manifest(folder)
        old = json.loads(before)["files"] if before else {}
        changed = [name for name, entry in hashes.items() if old.get(name) != entry]
        if before and (changed or old.keys() - hashes.keys()):
            self._bucket.blob(f"{self._root}/{folder}/{pack_files.MANIFEST}").delete()
        for name in old.keys() - hashes.keys():
            self._bucket.blob(f"{self._root}/{folder}/{name}").delete()
        for name in changed:
            self._upload(folder, name, (files / name).read_bytes())
        document = pack_files.manifest(hashes, facts)
        if chain.PACK_FOLDER.fullmatch(folder):
            document |= {pack_files.PREVIOUS: self._link(folder, self.folders())}
        content = pack_files.to_json(document)
        if changed or content != before:
            self._upload(folder, pack_files.MANIFEST, content)
        return content

    def link(self, folder: str) -> list[str]:
        """Link a pack to the one before it, and those after it as far as that changes them; returns those rewritten.

        One task at a time may do it for a label (docs/decisions/0025).
        """
        folders = self.folders()
        rewritten = []
        for each in [other for other in chain.links(folders) if other >= folder]:
            content = self.manifest(each)
            if content is None:
                continue  # is being written anew, and links itself afterwards
            linked = chain.relinked(json.loads(content), self._link(each, folders))
            if linked != content:
                self._upload(each, pack_files.MANIFEST, linked)
                rewritten.append(each)
            elif each != folder:
                break
        return rewritten

    def _link(self, folder: str, folders: list[str]) -> dict[str, str] | None:
        previous = chain.before(folder, folders)
        return chain.link_to(previous, self.manifest(previous) if previous else None)

    def _upload(self, folder: str, name: str, content: bytes) -> None:
        blob = self._bucket.blob(f"{self._root}/{folder}/{name}")
        blob.upload_from_string(content, content_type=_CONTENT_TYPES[name[name.rindex(".") :]])


def record_report(
    warehouse: Warehouse, packs: PackBucket, folder: str, manifest: bytes, now: dt.datetime, run_id: str
) -> None:
    """Write the ``audit_reports`` row of a pack, from what its manifest says; the same pack again changes nothing."""
    said = json.loads(manifest)
    warehouse.write(
        "audit/record_report.sql",
        {
            "report_id": str(uuid.uuid5(NAMESPACE, f"{said['label']}|{folder}")),
            "label": said["label"],
            "from_cycle": dt.datetime.fromisoformat(said["from_cycle"]),
            "to_cycle": dt.datetime.fromisoformat(said["to_cycle"]),
            "location": packs.address(folder),
            "manifest_sha256": chain.hash_of(manifest),
            "verdict_rows": said["verdict_rows"],
            "run_id": run_id,
            "written_at": now,
        },
    )
