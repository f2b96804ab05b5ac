"""What stands outside the bucket of evidence and can be asked: the heads in their own bucket, and the calendar."""

import argparse

from pedwatch import settings
from pedwatch.audit import calendar
from pedwatch.audit.anchors import Anchor
from pedwatch.audit.chain import Entry
from pedwatch.audit.problems import Problem
from pedwatch.audit.stored_label import Shelf, StoredLabel
from pedwatch.audit.verification import Verified
from pedwatch.cli.evidence_address import bucket_of_heads
from pedwatch.errors import LedgerError


def label_of(shelf: Shelf, stored: StoredLabel) -> str | None:
    """Return the label that the chain of a copy names; None where none of its entries can be read."""
    entries = (Entry.read(shelf.read(name)) for name in stored.entries.values())
    return next((entry.label for entry in entries if entry is not None), None)


def anchors_of(arguments: argparse.Namespace, label: str | None) -> tuple[list[Anchor] | None, str | None]:
    """Return the heads that are kept of a label; without any to look at, None and why."""
    is_stored = arguments.address.startswith("gs://")
    bucket = bucket_of_heads(arguments.address, arguments.heads_bucket)
    if bucket is None or label is None:
        return None, "evidence_heads.bucket is not set in pedwatch.yaml" if is_stored else None
    from google.api_core.exceptions import GoogleAPIError

    from pedwatch.audit.bucket import heads
    from pedwatch.hooks import clients

    client = clients.storage_client(settings.load_config(), clients.AsPerson())
    try:
        return heads.read_anchors(client, bucket, label), None
    except GoogleAPIError as error:
        return None, f"{error}; you need roles/storage.objectViewer on {bucket}"


def take_what_is_missing(found: Verified, address: str, label: str | None) -> None:
    """Add what the calendar misses of the label that every day has a pack of; where that is not known, why."""
    if not address.startswith("gs://"):
        if between := calendar.days_between(found.packs):
            named = ", ".join(map(str, between))
            found.notes.append(
                f"days without a pack among these: {named}; a copy does not say whether there was anything to audit"
            )
        return
    if label != calendar.LABEL:
        return
    from pedwatch.audit.bucket.calendar_rows import read_gaps
    from pedwatch.hooks import clients

    try:
        gaps = read_gaps(clients.warehouse(settings.load_config(), clients.AsPerson()), settings.now())
    except LedgerError as error:
        found.not_checked.append(f"whether days are missing: {error}")
        return
    found.problems += [Problem(gap.days, gap.what, gap.fix) for gap in gaps if gap.is_to_be_made]
    found.notes += [f"{gap.days}: {gap.what}; {gap.fix}" for gap in gaps if not gap.is_to_be_made]
