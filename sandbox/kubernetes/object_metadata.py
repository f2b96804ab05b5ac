"""What the rendered objects share: times, metadata, and what fills them up to the size of real ones.

Most of an object is worth nothing to its reader, a third of it ``managedFields``: that lies in ``filler`` as a cluster
sends it, the same for all.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from sandbox.kubernetes.snapshots import Item

Object = dict[str, Any]
FILLER_TIMES = [
    f"2026-0{1 + n % 9}-{1 + n * 7 % 28:02d}T{n * 5 % 24:02d}:{n * 11 % 60:02d}:{n * 13 % 60:02d}Z" for n in range(16)
]


_FILLER = Path(__file__).parent / "filler"


def filler(name: str) -> Any:
    """Return a part of an object."""
    return msgspec.json.decode((_FILLER / f"{name}.json").read_bytes())


def managed_fields(name: str) -> msgspec.Raw:
    """Return the ``managedFields`` of workloads or of autoscalers, encoded once."""
    return msgspec.Raw(msgspec.json.encode(filler(f"{name}_managed_fields")))


def digest_of(uid: str) -> str:
    """Return the hex digits from which an object's filler is drawn."""
    return hashlib.sha256(uid.encode()).hexdigest()


def filler_time(digit: str) -> str:
    """Return one of sixteen times, chosen by a hex digit."""
    return FILLER_TIMES[int(digit, 16)]


def timestamp(moment: datetime) -> str:
    """Return a time as Kubernetes writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def without_zeros(counts: dict[str, int | None]) -> dict[str, int]:
    """Drop zero counts: the API omits them, and whoever reads them has to know."""
    return {name: count for name, count in counts.items() if count}


def metadata(item: Item, name: str, uid: str, managed: msgspec.Raw, annotations: dict[str, str]) -> Object:
    """Return the metadata of an object; labels are exactly those of the scenario."""
    workload = item.workload
    rendered: Object = {
        "name": name,
        "namespace": workload.namespace,
        "uid": uid,
        "resourceVersion": str(item.resource_version),
        "creationTimestamp": timestamp(item.created_at),
    }
    if workload.deleted_at and uid == item.uid:
        rendered |= {
            "deletionTimestamp": timestamp(workload.deleted_at),
            "deletionGracePeriodSeconds": 0,
            "finalizers": ["foregroundDeletion"],
        }
    if workload.labels:
        rendered["labels"] = workload.labels
    return {**rendered, "annotations": annotations, "managedFields": managed}
