"""What a listing of one cluster came to, and that in the manifest's words."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from replica_collector.clusters import Cluster
from replica_collector.config import Config
from replica_collector.errors import classify, describe
from replica_collector.listing import Listing
from replica_collector.manifest import Manifest
from replica_collector.spool import Spool


@dataclass
class Outcome:
    """What a listing came to: listings by resource type, failures by resource type ("" = the cluster's own).

    ``not_served``: resource types that the cluster does not know.
    """

    started_at: datetime
    listings: dict[str, Listing] = field(default_factory=dict)
    failures: dict[str, BaseException] = field(default_factory=dict)
    not_served: list[str] = field(default_factory=list)
    empty_or_missing: tuple[str, ...] = ()
    secrets: frozenset[str] = frozenset()
    retries: int = 0
    bytes_read: int = 0


def manifest(config: Config, cluster: Cluster, outcome: Outcome, spool: Spool | None, evidence: str | None) -> Manifest:
    """The outcome in the manifest's words; ``evidence`` is where a finished spool will be written."""
    listed = list(outcome.listings.values())
    first = next(iter(outcome.failures.values()), None)
    has_rows = bool(listed) and spool is not None
    of_kinds: dict[str, Any] = {f"{name}s_listed": _whole(listing) for name, listing in outcome.listings.items()}
    of_kinds |= {f"resource_version_{name}s": listing.resource_version for name, listing in outcome.listings.items()}
    return Manifest(
        cycle=config.cycle,
        cluster=cluster.name,
        environment=cluster.environment,
        attempt_id=config.attempt_id,
        status="failed" if not listed else "partial" if outcome.failures else "complete",
        error_class=classify(first) if first else None,
        error_message=_message(outcome) if first else None,
        **of_kinds,
        not_served=",".join(outcome.not_served) or None,
        is_consistent=all(listing.is_consistent for listing in listed) if listed else None,
        started_at=outcome.started_at,
        finished_at=datetime.now(UTC),
        empty_or_missing=list(outcome.empty_or_missing),
        retries=outcome.retries,
        bytes_read=outcome.bytes_read,
        evidence_object=evidence if has_rows else None,
        row_count=spool.rows if spool and has_rows else 0,
        content_sha256=spool.content_sha256 if spool and has_rows else None,
        object_md5=base64.b64encode(spool.md5).decode() if spool and has_rows else None,
    )


def _whole(listing: Listing) -> int | None:
    """How many there are; not known where there are others that could not be read."""
    return None if listing.unreadable else listing.count


def _message(outcome: Outcome) -> str:
    parts = [
        f"{resource_type}s: {describe(error, outcome.secrets)}" if resource_type else describe(error, outcome.secrets)
        for resource_type, error in outcome.failures.items()
    ]
    return "; ".join(parts)[:500]
