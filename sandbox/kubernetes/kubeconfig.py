"""The files a starter is given: kubeconfigs and the control API's address, readable by their owner only."""

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from sandbox.kubernetes.clusters import Cluster

BASIC_USER = "sandbox"
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # the one in C is not built everywhere


def _document(base_url: str, clusters: Iterable[Cluster]) -> dict[str, Any]:
    names = list(clusters)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "current-context": names[0].name if names else "",
        "clusters": [{"name": c.name, "cluster": {"server": base_url + c.path}} for c in names],
        "users": [{"name": c.name, "user": {"token": c.token}} for c in names],
        "contexts": [{"name": c.name, "context": {"cluster": c.name, "user": c.name}} for c in names],
    }


def _for_kubectl(base_url: str, clusters: Iterable[Cluster]) -> dict[str, Any]:
    """Return the kubeconfig in which the token travels inside the address.

    kubectl withholds every credential of a kubeconfig from a server it reaches without TLS, but its HTTP client sends
    what stands in the address itself.
    """
    clusters = list(clusters)
    document = _document(base_url, clusters)
    address = urlsplit(base_url)
    for entry, cluster in zip(document["clusters"], clusters, strict=True):
        login = f"{BASIC_USER}:{cluster.token}"
        entry["cluster"]["server"] = f"{address.scheme}://{login}@{address.netloc}{cluster.path}"
    document["users"] = [{"name": c.name, "user": {}} for c in clusters]
    return document


class KubeconfigFolder:
    """The folder that holds them."""

    def __init__(self, path: Path) -> None:
        """Make the folder, closed to others."""
        self.path = path.resolve()
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)

    def empty_pod_folder(self) -> Path:
        """Return the folder for the pods' files, without what a killed server may have left in it."""
        pods = self.path / "pods"
        self.remove_pod_folder()
        pods.mkdir(mode=0o700)
        return pods

    def remove_pod_folder(self) -> None:
        """Remove the pods' files."""
        shutil.rmtree(self.path / "pods", ignore_errors=True)

    def file_of(self, cluster: Cluster) -> Path:
        """Return where the kubeconfig of one cluster lies."""
        return self.path / f"{cluster.name}.yaml"

    def write(self, base_url: str, clusters: Iterable[Cluster], changed: Iterable[Cluster]) -> None:
        """Write ``<cluster>.yaml`` for each that changed, ``all.yaml`` and ``kubectl.yaml`` for all together."""
        clusters = list(clusters)
        for cluster in changed:
            self._put(self.file_of(cluster).name, _yaml(_document(base_url, [cluster])))
        self._put("all.yaml", _yaml(_document(base_url, clusters)))
        self._put("kubectl.yaml", _yaml(_for_kubectl(base_url, clusters)))

    def write_control(self, base_url: str, token: str) -> None:
        """Write ``control.json``."""
        self._put("control.json", json.dumps({"url": base_url, "token": token}) + "\n")

    def _put(self, name: str, text: str) -> None:
        """Replace a file in one step, so that no reader sees half of it."""
        draft = self.path / f".{name}.new"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        draft.replace(self.path / name)


def _yaml(document: dict[str, Any]) -> str:
    return str(yaml.dump(document, Dumper=_DUMPER, sort_keys=False))
