"""``python -m pedwatch audit export``: a period of a label as one file, to be checked without us."""

import argparse
import datetime as dt
import zipfile
from pathlib import Path

from pedwatch.alerts.wording import counted
from pedwatch.audit import standalone_verifier
from pedwatch.audit.stored_label import sort_out
from pedwatch.cli.evidence_address import kept_heads, open_shelf
from pedwatch.cli.tables import print_json
from pedwatch.errors import AuditError

EXAMPLE = """example:
  python -m pedwatch audit export gs://BUCKET/audits/daily --from 2026-01-01 --to 2026-03-31 -o first-quarter.zip

The same packs give the same bytes. verify.py in it checks it: python verify.py first-quarter.zip --head SHA256"""


def add_action(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action to the command ``audit``."""
    parser = actions.add_parser(
        "export",
        help="write a period of a label as one file that needs nothing of ours to be checked",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("address", metavar="LABEL", help="gs://bucket/audits/label, or a folder with a copy of it")
    parser.add_argument("--from", dest="first", required=True, type=_day, metavar="DAY", help="first day")
    parser.add_argument("--to", dest="last", required=True, type=_day, metavar="DAY", help="last day, included")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE", help="the zip file to write")
    parser.add_argument("--head", metavar="SHA256", help="leave out what was linked after this head was posted")
    parser.add_argument(
        "--heads-bucket",
        metavar="NAME",
        help="bucket of heads to copy from (default, for an address gs://…: evidence_heads.bucket of pedwatch.yaml)",
    )
    parser.set_defaults(run=_export)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write it like 2026-03-01") from None


def _export(arguments: argparse.Namespace) -> int:
    if arguments.last < arguments.first:
        raise AuditError("--to is before --from: swap them, or mend the date")
    if not arguments.output.parent.is_dir():
        raise AuditError(f"{arguments.output.parent} is no folder: make it first, or name another file")
    from pedwatch.audit.handover.export_file import export

    shelf, _ = open_shelf(arguments.address)
    days = (arguments.first, arguments.last)
    kept = kept_heads(arguments.address, arguments.heads_bucket)
    found = export(shelf, sort_out(shelf.names()), kept, days, arguments.output, arguments.head)
    if kept is None:
        unset = (
            "evidence_heads.bucket is not set in pedwatch.yaml, and " if arguments.address.startswith("gs://") else ""
        )
        print(f"without copies of heads: {unset}--heads-bucket is not given")
    sequence, head = found.head
    print(f"{arguments.output}: {counted(len(found.packs), 'pack')}, {arguments.output.stat().st_size / 1e6:.1f} MB")
    print(f"sha256 of the file: {found.sha256}")
    print(f"head that proves it: entry {sequence}, sha256 {head}; compare it with what was posted")
    for day in found.days_without:
        print(f"{day}: no pack is of this day. What to do: run ped_replica_audit for it, and export again")
    return 0


def is_export(address: str) -> bool:
    """Tell whether an address is that of an export, as a file or unpacked."""
    path = Path(address)
    return path.is_file() or (path / standalone_verifier.CONTENTS).is_file()


def verify(arguments: argparse.Namespace) -> int:
    """Check an export, by what it brings for that: so that both say the same.

    Raises:
        AuditError: several heads; an export has one that proves all of it. Or it is no export.
    """
    if len(arguments.head) > 1:
        raise AuditError("an export is held against one head: the newest that you know")
    head = arguments.head[0].strip().lower() if arguments.head else None
    try:
        outcome = standalone_verifier.check(Path(arguments.address), head)
    except zipfile.BadZipFile as error:
        raise AuditError(
            f"{arguments.address}: {error}: name an export, a folder, or gs://bucket/audits/label"
        ) from None
    if arguments.format == "json":
        newest = outcome.newest and (outcome.newest.sequence, outcome.newest.head)
        problems = [problem._asdict() for problem in outcome.problems]
        print_json({"packs": outcome.packs, "head": newest, "problems": problems})
    else:
        print("\n".join(standalone_verifier.told(outcome)))
    return standalone_verifier.DIFFERS if outcome.problems else 0
