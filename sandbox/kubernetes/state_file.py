"""The state file: what the clusters hold when the server starts."""

from pathlib import Path
from typing import Any

import msgspec

from sandbox.kubernetes.clusters import Clusters
from sandbox.kubernetes.faults import Fault
from sandbox.kubernetes.workloads import parse_state


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    workloads: list[Any] = []
    fault: Fault | None = None


class _StateFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    clusters: dict[str, _Entry]


def fill(clusters: Clusters, path: Path) -> None:
    """Add and fill the clusters of a state file; ValueError names what is wrong in it."""
    try:
        document = msgspec.json.decode(path.read_bytes(), type=_StateFile)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}") from error
    for name, entry in document.clusters.items():
        cluster = clusters.by_name.get(name) or clusters.add(name)
        try:
            cluster.history.replace(parse_state({"workloads": entry.workloads}))
        except (ValueError, msgspec.MsgspecError) as error:
            raise ValueError(f"{path}: cluster {name}: {error}") from error
        cluster.fault.set(entry.fault)
