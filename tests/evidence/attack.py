"""Somebody changes evidence: with the rights of a member, on the stand-ins, and everything is put back afterwards."""

import base64
import datetime as dt
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from pedwatch.audit import anchors, chain, pack_files
from tests.evidence import rights
from tests.evidence.hourly_shop import LABEL, HourlyShop, place_of, unpacked
from tests.sql.case_files import json_row

Step = Mapping[str, Any]
ROOT = f"audits/{LABEL}/"
NOTED = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
"""The cycle whose objects are attacked: ``{place}`` and ``{told}`` are the folders of data and manifests."""


@dataclass
class Attack:
    """One attack: what it changed, to be put back.

    Args:
        shop: what is attacked.
        member: whose rights it has.
        heads_are_elsewhere: whether the bucket of heads is in a project of its own.
    """

    shop: HourlyShop
    member: str
    heads_are_elsewhere: bool = True
    _objects: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    _tables: set[str] = field(default_factory=set)
    _aside: ExitStack = field(default_factory=ExitStack)

    def take(self, step: Step) -> None:
        """Do one thing.

        Raises:
            RefusedError: the member may not.
            google.api_core.exceptions.Forbidden: Cloud Storage says so.
        """
        ((kind, value),) = step.items()
        getattr(self, f"_{kind}")(value)

    def undo(self) -> None:
        """Put everything back as it was."""
        self._aside.close()
        for (bucket, name), content in self._objects.items():
            blob = self.shop.bucket(bucket).blob(name)
            if content is not None:
                if self._now(bucket, name) != content:
                    blob.upload_from_string(content, content_type="application/octet-stream")
            elif bucket != rights.HEADS and blob.exists():
                blob.delete()
        for table in self._tables:
            self.shop.restore(table)

    def _need(self, permission: str, resource: str) -> None:
        if permission not in rights.permissions(self.member, resource):
            raise rights.RefusedError(f"{self.member} does not have {permission} on {resource}")

    # Objects: the stand-in knows the member by its token, and refuses what it may not.

    def _blob(self, bucket: str, name: str) -> Any:
        granted = rights.permissions(self.member, bucket, name, self.heads_are_elsewhere)
        return self.shop.bucket_as(self.member, granted, bucket).blob(name)

    def _keep(self, bucket: str, name: str) -> None:
        if (bucket, name) not in self._objects:
            blob = self.shop.bucket(bucket).get_blob(name)
            self._objects[bucket, name] = blob.download_as_bytes(raw_download=True) if blob else None

    def _put(self, bucket: str, name: str, content: bytes) -> None:
        self._keep(bucket, name)
        self._blob(bucket, name).upload_from_string(content, content_type="application/octet-stream")

    def _create(self, value: Mapping[str, str]) -> None:
        self._put(value.get("bucket", rights.EVIDENCE), self._name(value["object"]), value["content"].encode())

    def _delete(self, value: Any) -> None:
        bucket, pattern = (rights.EVIDENCE, value) if isinstance(value, str) else (value["bucket"], value["object"])
        names = self.shop.names(bucket, self._name(pattern))
        assert names, f"{pattern} is nothing that is there"
        for name in names:
            self._keep(bucket, name)
            self._blob(bucket, name).delete()

    def _replace(self, value: Mapping[str, str]) -> None:
        bucket = value.get("bucket", rights.EVIDENCE)
        [name] = self.shop.names(bucket, self._name(value["object"]))
        content = self._blob(bucket, name).download_as_bytes(raw_download=True)
        text = unpacked(content)
        assert re.search(value["old"], text.decode()), f"{value['old']} is not there"
        changed = re.sub(value["old"], value["new"], text.decode(), count=1).encode()
        self._put(bucket, name, changed if text == content else gzip.compress(changed, mtime=0))

    def _name(self, text: str) -> str:
        return text.format(label=ROOT.rstrip("/"), place=f"obs/{place_of(NOTED)}", told=f"manifests/{place_of(NOTED)}")

    # Whole forgeries: everything that names what was changed is made anew, so that it fits together.

    def _forge(self, value: Mapping[str, str]) -> None:
        """Change a file of a pack, its manifest, and every entry of the chain from that pack's on."""
        pack = value["pack"]
        self._replace({"object": f"{{label}}/{pack}/{value['file']}", "old": value["old"], "new": value["new"]})
        changed = self._kept_now(f"{ROOT}{pack}/{value['file']}")
        manifest = json.loads(self._kept_now(f"{ROOT}{pack}/{pack_files.MANIFEST}"))
        manifest["files"][value["file"]] = {"sha256": chain.sha256_of(changed), "bytes": len(changed)}
        self._put(rights.EVIDENCE, f"{ROOT}{pack}/{pack_files.MANIFEST}", pack_files.to_json(manifest))
        if value.get("chain", True):
            self._relink(pack)

    def _relink(self, value: str) -> None:
        """Make the chain anew over the packs that are there, as they are now."""
        entries, previous = self._entries(), None
        there = set(self.shop.names(rights.EVIDENCE, f"{ROOT}*/{pack_files.MANIFEST}"))
        kept = [entry for entry in entries if f"{ROOT}{entry.pack}/{pack_files.MANIFEST}" in there]
        for sequence, entry in enumerate(kept, 1):
            content = self._kept_now(f"{ROOT}{entry.pack}/{pack_files.MANIFEST}")
            made = chain.Entry(sequence, LABEL, entry.pack, chain.sha256_of(content), previous, entry.cause)
            previous = chain.sha256_of(made.to_bytes())
            name = f"{ROOT}{chain.FOLDER}/{chain.file_name(sequence)}"
            if self._kept_now(name) != made.to_bytes():
                self._put(rights.EVIDENCE, name, made.to_bytes())
        for sequence in range(len(kept) + 1, len(entries) + 1):
            self._delete(f"{{label}}/{chain.FOLDER}/{chain.file_name(sequence)}")

    def _append(self, value: Mapping[str, str]) -> None:
        """Add an entry for a pack at the end of the chain."""
        entries = self._entries()
        manifest = self._kept_now(f"{ROOT}{value['pack']}/{pack_files.MANIFEST}")
        made = chain.Entry(
            len(entries) + 1,
            LABEL,
            value["pack"],
            chain.sha256_of(manifest),
            chain.sha256_of(entries[-1].to_bytes()),
            "first audit",
        )
        self._put(rights.EVIDENCE, f"{ROOT}{chain.FOLDER}/{chain.file_name(made.sequence)}", made.to_bytes())

    def _copy(self, value: Mapping[str, str]) -> None:
        """Copy a pack, so that there is another one that is sound in itself."""
        for name in self.shop.names(rights.EVIDENCE, f"{ROOT}{value['from']}/*"):
            content = self._kept_now(name)
            self._put(rights.EVIDENCE, name.replace(f"/{value['from']}/", f"/{value['to']}/"), content)

    def _entries(self) -> list[chain.Entry]:
        names = self.shop.names(rights.EVIDENCE, f"{ROOT}{chain.FOLDER}/*")
        return [entry for name in names if (entry := chain.Entry.read(self._kept_now(name)))]

    def _kept_now(self, name: str) -> bytes:
        return self._now(rights.EVIDENCE, name) or b""

    def _now(self, bucket: str, name: str) -> bytes | None:
        blob = self.shop.bucket(bucket).get_blob(name)
        return blob.download_as_bytes(raw_download=True) if blob else None

    def _collect(self, value: Mapping[str, str]) -> None:
        """Write object and manifest of a cluster anew from what the table says now, and record their hashes."""
        cycle, cluster = dt.datetime.fromisoformat(value["cycle"]), value["cluster"]
        where = f"cycle = '{value['cycle']}' AND cluster = '{cluster}'"
        rows = self.shop.ask(f"SELECT * FROM {{replica_observations}} WHERE {where} ORDER BY name")
        content = b"".join(json.dumps(json_row(row)).encode() + b"\n" for row in rows)
        packed = gzip.compress(content, mtime=0)
        name = f"{place_of(cycle)}/{cluster}.a1.ndjson"
        told = json.loads(self._kept_now(f"manifests/{name}"))
        md5 = base64.b64encode(hashlib.md5(packed).digest()).decode()
        told |= {"content_sha256": chain.sha256_of(content), "object_md5": md5}
        self._put(rights.EVIDENCE, f"obs/{name}.gz", packed)
        self._put(rights.EVIDENCE, f"manifests/{name}", json.dumps(told).encode())
        self._sql(f"UPDATE {{collection_runs}} SET content_sha256 = '{told['content_sha256']}' WHERE {where}")

    # Tables and limits.

    def _sql(self, text: str) -> None:
        self._need(rights.UPDATE_ROWS, rights.DATASET)
        tables = set(re.findall(r"{(\w+)}", text))
        self._tables |= tables
        for table in tables:
            self.shop.keep(table)
        before = {table: self.shop.fingerprint(table) for table in tables}
        self.shop.ask(text)
        assert before != {table: self.shop.fingerprint(table) for table in tables}, "it changed nothing"

    def _limit(self, limit_id: str) -> None:
        """Change a limit where it is published."""
        self._need(rights.UPDATE_LIMITS, rights.LIMITS)
        raise AssertionError(f"{self.member} may change {limit_id}: carry that out")

    def _anchor(self, value: Mapping[str, str]) -> None:
        """Add a head: that of an entry as the chain has it now, or another one of that number."""
        self._aside.enter_context(self.shop.other_heads())
        content = self._kept_now(f"{ROOT}{chain.FOLDER}/{chain.file_name(int(value['entry']))}")
        entry = chain.Entry.read(content) if "cause" not in value else None
        made = content if entry else content.replace(b"first audit", value["cause"].encode())
        self._put(rights.HEADS, anchors.object_name(LABEL, int(value["entry"]), made), made)

    def _audit(self, label: str) -> None:
        """Not an attack: the second day is audited, for the first time, under another label."""
        self._tables |= {"audit_reports", "subject_days"}
        for table in ("audit_reports", "subject_days"):
            self.shop.keep(table)
        self.shop.audit(2, label)
        for name in self.shop.names(rights.EVIDENCE, f"audits/{label}/*"):
            self._objects[rights.EVIDENCE, name] = None
