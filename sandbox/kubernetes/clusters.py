"""The clusters one process hosts: each with its token, its workloads, its pods and its fault."""

import asyncio
import itertools
import re
import secrets
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.kubernetes.faults import FaultState
from sandbox.kubernetes.kinds import NAMESPACE, POD
from sandbox.kubernetes.listing import PageCache
from sandbox.kubernetes.object_metadata import timestamp
from sandbox.kubernetes.snapshots import History
from sandbox.kubernetes.status import not_found

Object = dict[str, Any]
Key = tuple[str, str]
CLUSTER_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
RESERVED_NAMES = ("all", "ca", "control", "pods", "server")  # files of the kubeconfig folder
COMPOSER_NAMESPACE = "composer-user-workloads"
"""Where Composer lets workloads run: held to Pod Security ``restricted``, and closed to all but ``COMPOSER_KINDS``."""
COMPOSER_KINDS = ("pods", "secrets", "configmaps")
FIRST_NAMESPACES = ("default", "kube-system", COMPOSER_NAMESPACE)
DEFAULT_ACCOUNT = "default"
KEEP_EVENTS = 2000


class Cluster:
    """One cluster: everything behind ``/clusters/<name>``."""

    def __init__(self, name: str) -> None:
        """Begin with an empty, healthy cluster and a fresh token."""
        self.name = name
        self.path = f"/clusters/{name}"
        self.token = secrets.token_urlsafe(24)
        self.calls: Counter[str] = Counter()
        self.fault = FaultState()
        self._versions = itertools.count(1001)
        self.version = 1000
        self.history = History(name, self.next_version)
        self.pods: dict[Key, Any] = {}  # pods of pod_process, each of which knows its cluster
        self.events: list[Object] = []
        self.secrets: dict[Key, Object] = {}
        self.lets_anonymous_in = True

    def next_version(self) -> int:
        """Return the next resource version."""
        self.version = next(self._versions)
        return self.version

    def require_namespace(self, namespace: str) -> None:
        """Raise the 404 of an API server for a namespace that nobody made."""
        if namespace not in self.namespaces():
            raise not_found(NAMESPACE.plural, namespace)

    def namespaces(self) -> set[str]:
        """Return every namespace: of the first ones, or implied by a workload."""
        return {*FIRST_NAMESPACES, *self.history.latest.namespaces}

    def changed(self, obj: Object) -> None:
        """Give an object a new version."""
        obj["metadata"]["resourceVersion"] = str(self.next_version())

    def event(self, pod: Object, reason: str, message: str, type_: str = "Normal") -> None:
        """Record an Event about a pod."""
        meta, now = pod["metadata"], timestamp(datetime.now(UTC))
        event: Object = {
            "metadata": {
                "name": f"{meta['name']}.{secrets.token_hex(8)}",
                "namespace": meta["namespace"],
                "uid": secrets.token_hex(16),
                "creationTimestamp": now,
            },
            "involvedObject": {
                "kind": POD.kind,
                "apiVersion": POD.api_version,
                "name": meta["name"],
                "namespace": meta["namespace"],
                "uid": meta["uid"],
            },
            "reason": reason,
            "message": message,
            "type": type_,
            "source": {"component": "sandbox"},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        self.events.append(event)
        del self.events[:-KEEP_EVENTS]
        self.changed(event)


class Clusters:
    """All clusters of this process."""

    def __init__(self) -> None:
        """Begin with none."""
        self.by_name: dict[str, Cluster] = {}
        self.pages = PageCache()
        self.redirected: Counter[str] = Counter()  # who followed the fault "redirect", with or without credentials
        self.closing = asyncio.Event()

    def add(self, name: str) -> Cluster:
        """Add a cluster; ValueError says why a name will not do."""
        if not CLUSTER_NAME.fullmatch(name) or name in RESERVED_NAMES:
            raise ValueError(f"name: {name!r} is not usable as a cluster's name (lower case letters, digits, dashes)")
        if name in self.by_name:
            raise ValueError(f"name: cluster {name!r} exists already")
        return self.by_name.setdefault(name, Cluster(name))


CLUSTER: web.RequestKey[Cluster] = web.RequestKey("cluster", Cluster)
CLUSTERS: web.AppKey[Clusters] = web.AppKey("clusters", Clusters)
