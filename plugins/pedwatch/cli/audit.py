"""``python -m pedwatch audit``: are evidence packs what they were when they were written, and what do they rest on?"""

import argparse
from collections.abc import Iterator, Sequence

from pedwatch.alerts.wording import counted
from pedwatch.audit import chain, witnesses
from pedwatch.audit.pack_files import MANIFEST
from pedwatch.audit.stored_label import StoredLabel, is_cycle, one_pack, sort_out
from pedwatch.audit.verification import Verified, verify
from pedwatch.cli import audit_export, audit_outside, audit_sample
from pedwatch.cli.evidence_address import open_shelf
from pedwatch.cli.tables import print_json
from pedwatch.errors import AuditError

DIFFERS = 4
"""Exit status when something differs."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser(
        "verify", help=f"check hashes and chain of a pack, or of all packs of a label; exit status {DIFFERS} if not"
    )
    check.add_argument(
        "address", metavar="FOLDER", help="a folder, an export, or gs://bucket/audits/label[/day[/revision]]"
    )
    check.add_argument(
        "--head",
        metavar="SHA256",
        action="append",
        default=[],
        help="a head of the chain as a digest in Slack has posted it, however long ago; may be repeated",
    )
    check.add_argument(
        "--heads-bucket",
        metavar="NAME",
        help="bucket of heads to compare with (default, for an address gs://…: evidence_heads.bucket of pedwatch.yaml)",
    )
    check.add_argument("--format", choices=("text", "json"), default="text")
    check.set_defaults(run=_verify)
    audit_export.add_action(actions)
    audit_sample.add_action(actions)


def _stored(names: Sequence[str], path: str) -> tuple[StoredLabel, bool]:
    """Sort out what is there, and tell whether it is all of a label."""
    *_, parent, name = ["", "", *path.split("/")]
    if MANIFEST in names or chain.parts_of(f"{parent}/{name}") or is_cycle(name):
        return one_pack(chain.pack_name(parent, int(name)) if name.isdigit() else name, names), False
    if chain.is_period(name):
        found = sort_out(f"{name}/{each}" for each in names)
        within = {
            pack: {file: at.partition("/")[2] for file, at in files.items()} for pack, files in found.packs.items()
        }
        return StoredLabel(within, strays=[each.partition("/")[2] for each in found.strays]), False
    found = sort_out(names)
    if not found.packs and not found.entries:
        raise AuditError(_no_label(path, names))
    return found, True


def _no_label(path: str, names: Sequence[str]) -> str:
    """Say that a folder is that of no label, and which labels are below it."""
    labels = sorted({name.partition("/")[0] for name in names if _is_below_a_label(name)})
    named = f"it holds labels; name one: {', '.join(f'{path}/{label}' for label in labels)}" if labels else ""
    return f"{path or 'the bucket'} is no folder of a label: {named or 'no pack is below it; name audits/LABEL'}"


def _is_below_a_label(name: str) -> bool:
    found = sort_out([name.partition("/")[2]])
    return bool(found.packs or found.entries)


def _verify(arguments: argparse.Namespace) -> int:
    if audit_export.is_export(arguments.address):
        return audit_export.verify(arguments)
    shelf, path = open_shelf(arguments.address)
    stored, is_whole_label = _stored(shelf.names(), path)
    if arguments.head and not is_whole_label:
        raise AuditError("--head is checked against the chain, which is in the folder of the label: name that one")
    # Of a copy nobody knows what its folder was called.
    label = path.rpartition("/")[2] if arguments.address.startswith("gs://") else None
    anchors, why_not = None, None
    if is_whole_label:
        anchors, why_not = audit_outside.anchors_of(arguments, label or audit_outside.label_of(shelf, stored))
    found = verify(
        shelf, stored, label=label, is_whole_label=is_whole_label, heads=arguments.head, anchors=anchors or ()
    )
    if is_whole_label:
        audit_outside.take_what_is_missing(found, arguments.address, label)
        found.notes += witnesses.told(found.head[0] if found.head else 0, arguments.head, anchors, why_not)
    if arguments.format == "json":
        document = {"packs": found.packs, "head": found.head, "notes": found.notes, "not_checked": found.not_checked}
        print_json(document | {"problems": [vars(problem) for problem in found.problems]})
    else:
        print("\n".join(_lines(found, bool(stored.entries))))
    return DIFFERS if found.problems else 0


def _lines(found: Verified, has_chain: bool) -> Iterator[str]:
    count = counted(len(found.packs), "pack")
    yield from map(str, found.problems)
    yield from found.notes
    if found.problems:
        yield f"{counted(len(found.problems), 'problem')} in {count}"
    else:
        what = "files, manifests and their chain" if has_chain else "files by their manifests"
        yield f"{count} {'is' if len(found.packs) == 1 else 'are'} as when written: {what}"
    yield from (f"not checked: {line}" for line in found.not_checked)
    if found.head:
        yield f"head of the chain: entry {found.head[0]}, sha256 {found.head[1]}"
