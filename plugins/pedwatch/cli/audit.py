"""``python -m pedwatch audit verify``: are evidence packs what they were when they were written?"""

import argparse
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pedwatch import settings
from pedwatch.audit.chain import PACK_FOLDER, hash_of
from pedwatch.audit.pack_files import MANIFEST, sha256_of
from pedwatch.audit.verification import Pack, Problem, head, verify
from pedwatch.cli import audit_sample
from pedwatch.errors import AuditError

if TYPE_CHECKING:
    from google.cloud import storage

DIFFERS = 4
"""Exit status when something differs."""
_CYCLE_LENGTH = len("20260302T100500Z")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser(
        "verify", help=f"check hashes and chain of a pack, or of all packs of a label; exit status {DIFFERS} if not"
    )
    check.add_argument("address", metavar="FOLDER", help="a folder or gs://bucket/audits/label[/day]")
    check.add_argument("--head", metavar="SHA256", help="the chain's head as a digest in Slack has posted it")
    check.add_argument("--format", choices=("text", "json"), default="text")
    check.set_defaults(run=_verify)
    audit_sample.add_action(actions)


def _is_pack(name: str) -> bool:
    return bool(PACK_FOLDER.fullmatch(name)) or (len(name) == _CYCLE_LENGTH and name[8] == "T" and name[-1] == "Z")


def _local_pack(folder: Path) -> Pack:
    manifest = folder / MANIFEST
    return Pack(
        folder.name,
        sorted(path.name for path in folder.iterdir()),
        lambda name: sha256_of(folder / name),
        manifest.read_bytes() if manifest.exists() else None,
    )


def _local_packs(folder: Path) -> tuple[dict[str, Pack], bool]:
    """Return the packs of a folder, and whether it is that of a label."""
    if not folder.is_dir():
        raise AuditError(f"{folder} is no folder: name the folder of a pack or of a label, or gs://bucket/audits/label")
    if (folder / MANIFEST).exists() or _is_pack(folder.name):
        return {folder.name: _local_pack(folder)}, False
    return {path.name: _local_pack(path) for path in sorted(folder.iterdir()) if path.is_dir()}, True


def _stored_pack(folder: str, blobs: Mapping[str, "storage.Blob"]) -> Pack:
    def hash_file(name: str) -> str:
        whole = hashlib.sha256()
        with blobs[name].open("rb") as stream:
            while block := stream.read(1 << 20):
                whole.update(block)
        return whole.hexdigest()

    manifest = blobs[MANIFEST].download_as_bytes() if MANIFEST in blobs else None
    return Pack(folder, sorted(blobs), hash_file, manifest)


def _stored_packs(address: str) -> tuple[dict[str, Pack], bool]:
    from pedwatch.hooks import clients

    bucket, _, prefix = address.removeprefix("gs://").partition("/")
    prefix = prefix.rstrip("/") + "/"
    client = clients.storage_client(settings.load_config(), clients.AsPerson())
    blobs = {blob.name.removeprefix(prefix): blob for blob in client.list_blobs(bucket, prefix=prefix)}
    if not blobs:
        raise AuditError(f"there is nothing below {address}: name the folder of a pack or of a label")
    name = prefix.rstrip("/").rpartition("/")[2]
    if MANIFEST in blobs or _is_pack(name):
        return {name: _stored_pack(name, blobs)}, False
    folders: dict[str, dict[str, storage.Blob]] = {}
    for path, blob in blobs.items():
        folder, _, file = path.partition("/")
        folders.setdefault(folder, {})[file] = blob
    return {folder: _stored_pack(folder, files) for folder, files in sorted(folders.items())}, True


def _check_head(packs: Mapping[str, Pack], expected: str) -> list[Problem]:
    if any(hash_of(pack.manifest or b"") == expected.lower() for pack in packs.values()):
        return []
    fix = "find out who replaced or removed packs since that digest; restore them from a backup"
    return [Problem("chain", f"no pack has the head {expected[:12]}… that was posted", fix)]


def _verify(arguments: argparse.Namespace) -> int:
    read = _stored_packs if arguments.address.startswith("gs://") else _local
    packs, is_whole_label = read(arguments.address)
    problems = verify(packs, is_whole_label=is_whole_label)
    if arguments.head:
        problems += _check_head(packs, arguments.head)
    newest = head(packs)
    if arguments.format == "json":
        found = {"packs": sorted(packs), "head": newest, "problems": [vars(problem) for problem in problems]}
        print(json.dumps(found, indent=2))
        return DIFFERS if problems else 0
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} problems in {len(packs)} packs")
        return DIFFERS
    scope = "and their chain" if is_whole_label else "(the chain needs the folder of the label)"
    print(f"{len(packs)} {'pack is' if len(packs) == 1 else 'packs are'} what they were when written, files {scope}")
    if newest:
        print(f"head of the chain: {newest[0]} {newest[1]}")
    return 0


def _local(address: str) -> tuple[dict[str, Pack], bool]:
    return _local_packs(Path(address))
