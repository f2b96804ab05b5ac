"""What finds a change of evidence, each as a person, a task or an auditor runs it; returns lines, none for nothing."""

import datetime as dt
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pedwatch import settings
from pedwatch.audit import standalone_verifier
from pedwatch.audit.anchors import prefix
from pedwatch.audit.bucket import chain_log, heads, period_pack
from pedwatch.audit.bucket.calendar_rows import read_gaps
from pedwatch.audit.bucket.label_bucket import LabelBucket
from pedwatch.audit.bucket.shelves import BucketShelf
from pedwatch.audit.handover.export_file import export
from pedwatch.audit.handover.sampled_sources import draw
from pedwatch.audit.stored_label import sort_out
from pedwatch.audit.verification import verify
from pedwatch.errors import PedwatchError
from pedwatch.tasks.housekeeping import checks, failing_checks
from tests.evidence.hourly_shop import HourlyShop

HOUR = dt.timedelta(hours=1)
NOTED = 10 * HOUR
"""Of the day: the cycle that attacks are about, of which a sample takes all."""


def _day(shop: HourlyShop, label: str) -> int:
    """Return the day that attacks are about: the first of those audited, the second where it was not yet."""
    return 1 if label == shop.label else 2


def _shelf(shop: HourlyShop, label: str) -> BucketShelf:
    return BucketShelf(shop.world.storage, shop.world.config.bucket, f"audits/{label}/")


def by_verify(shop: HourlyShop, label: str) -> list[str]:
    """``audit verify`` of a label, which is given no head."""
    shelf = _shelf(shop, label)
    found = verify(shelf, sort_out(shelf.names()), label=label, is_whole_label=True)
    return [str(problem) for problem in found.problems]


def by_posted_head(shop: HourlyShop, label: str) -> list[str]:
    """The same with the head that a digest had posted."""
    shelf, posted = _shelf(shop, label), [shop.posted] if label == shop.label else []
    found = verify(shelf, sort_out(shelf.names()), label=label, is_whole_label=True, heads=posted)
    return [str(problem) for problem in found.problems]


def by_anchors(shop: HourlyShop, label: str) -> list[str]:
    """The same with the bucket of heads."""
    shelf, kept = _shelf(shop, label), heads.read_anchors(shop.world.storage, shop.heads, label)
    found = verify(shelf, sort_out(shelf.names()), label=label, is_whole_label=True, anchors=kept)
    return [str(problem) for problem in found.problems]


def by_export(shop: HourlyShop, label: str) -> list[str]:
    """``verify.py`` on an export, which is given the head that was posted."""
    shelf, last = _shelf(shop, label), shop.request(2).days[0]
    first = shop.request(_day(shop, label)).days[0]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "export.zip"
        try:
            export(shelf, sort_out(shelf.names()), _kept(shop), (first, last), target)
        except PedwatchError as error:
            return [str(error)]
        posted = shop.posted if label == shop.label else None
        return [str(problem) for problem in standalone_verifier.check(target, posted).problems]


def _kept(shop: HourlyShop) -> Callable[[str], BucketShelf]:
    return lambda label: BucketShelf(shop.world.storage, shop.heads, prefix(label))


def by_next_link(shop: HourlyShop, label: str) -> list[str]:
    """``ped_replica_audit`` when it links a pack the next time, which the table of entries has to agree with."""
    world = shop.world
    bucket = LabelBucket(world.storage, world.config.bucket, label)
    linked = shop.linked.get(label)
    try:
        if linked is not None:
            chain_log.link(world.warehouse, bucket, linked.pack, linked.manifest_sha256, settings.now(), "next")
    except PedwatchError as error:
        return [str(error)]
    return []


def by_audit_again(shop: HourlyShop, label: str) -> list[str]:
    """An audit of the day again: which files of the pack it would write otherwise."""
    world, found, request = shop.world, [], shop.request(_day(shop, label), label)
    with tempfile.TemporaryDirectory() as folder:
        sources = period_pack.read_sources(world.warehouse, request, settings.now())
        include = settings.include_dir()
        period_pack.write_files(Path(folder), request, sources, world.config, {}, include, _take_no_day)
        for path in sorted(Path(folder).glob("*.csv")):
            blob = shop.bucket("PED_BUCKET").get_blob(f"audits/{label}/{request.folder}/1/{path.name}")
            if blob is None or blob.download_as_bytes() != path.read_bytes():
                found.append(f"{path.name} is written otherwise")
    return found


def _take_no_day(day: dt.date, rows: Sequence[Any], stretches: Sequence[Any]) -> None:
    """Charts are drawn from what an audit stores; this one stores nothing."""


def by_sample(shop: HourlyShop, label: str) -> list[str]:
    """``audit sample`` of the cycle that attacks are about, all of it."""
    world, start = shop.world, shop.request(_day(shop, label)).start + NOTED
    drawn = draw(world.warehouse, world.storage, start, start + HOUR, 100, "all", settings.now())
    return sorted(f"{one.subject}: {finding}" for one in drawn for finding in one.findings)


def by_housekeeping(shop: HourlyShop, label: str) -> list[str]:
    """The invariants that ``ped_housekeeping`` checks every night."""
    failing = failing_checks(shop.world.warehouse, list(checks(settings.include_dir() / "sql")))
    return [f"{name}: {row}" for name, rows in failing.items() for row in rows]


def by_calendar(shop: HourlyShop, label: str) -> list[str]:
    """What housekeeping, the digest and ``audit verify`` say is missing by the calendar."""
    return [str(gap) for gap in read_gaps(shop.world.warehouse, settings.now())]


DETECTORS: Mapping[str, Callable[[HourlyShop, str], list[str]]] = {
    "verify": by_verify,
    "posted head": by_posted_head,
    "kept heads": by_anchors,
    "export": by_export,
    "next link": by_next_link,
    "re-audit": by_audit_again,
    "sample": by_sample,
    "calendar": by_calendar,
    "housekeeping": by_housekeeping,
}
"""By the words of attacks.yaml."""
