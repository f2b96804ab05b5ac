"""The one outcome that every cluster has in every cycle (include/schemas/collection_manifest.json)."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from replica_collector import __version__
from replica_collector.errors import ErrorClass

SCHEMA_VERSION = 1


class Manifest(Struct, frozen=True, kw_only=True):
    """A ``collection_runs`` row: written last, and also when nothing could be listed."""

    schema_version: int = SCHEMA_VERSION
    cycle: datetime
    cluster: str
    environment: str
    attempt_id: str
    status: Literal["complete", "partial", "failed"]
    error_class: ErrorClass | None = None
    error_message: str | None = None
    deployments_listed: int | None = None
    statefulsets_listed: int | None = None
    rollouts_listed: int | None = None
    hpas_listed: int | None = None
    resource_version_deployments: str | None = None
    resource_version_statefulsets: str | None = None
    resource_version_rollouts: str | None = None
    resource_version_hpas: str | None = None
    not_served: str | None = None
    is_consistent: bool | None = None
    empty_or_missing: list[str] = []
    started_at: datetime
    finished_at: datetime
    retries: int = 0
    bytes_read: int = 0
    collector_version: str = __version__
    evidence_object: str | None = None
    row_count: int = 0
    content_sha256: str | None = None
    object_md5: str | None = None

    def natural_key(self) -> tuple[datetime, str, str]:
        """One manifest per cycle, cluster and attempt."""
        return (self.cycle, self.cluster, self.attempt_id)

    def to_line(self) -> bytes:
        """The manifest as one NDJSON line."""
        return msgspec.json.encode(self) + b"\n"
