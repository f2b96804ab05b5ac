"""The files a starter is given: kubeconfigs, certificates, the control API's address, readable by their owner only."""

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from sandbox.kubernetes.authority import Authority
from sandbox.kubernetes.clusters import Cluster

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # the one in C is not built everywhere


def _document(base_url: str, ca_data: str, clusters: Iterable[Cluster]) -> dict[str, Any]:
    names = list(clusters)
    common = {"certificate-authority-data": ca_data}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "current-context": names[0].name if names else "",
        "clusters": [{"name": c.name, "cluster": {"server": base_url + c.path, **common}} for c in names],
        "users": [{"name": c.name, "user": {"token": c.token}} for c in names],
        "contexts": [{"name": c.name, "context": {"cluster": c.name, "user": c.name}} for c in names],
    }


class KubeconfigFolder:
    """The folder that holds them."""

    def __init__(self, path: Path) -> None:
        """Make the folder, closed to others."""
        self.path = path.resolve()
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        self.authority = Authority(self.path, "ca")

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
        """Write ``<cluster>.yaml`` for each that changed, and ``all.yaml`` for all together."""
        for cluster in changed:
            self._put(self.file_of(cluster).name, self._yaml(base_url, [cluster]))
        self._put("all.yaml", self._yaml(base_url, clusters))

    def _yaml(self, base_url: str, clusters: Iterable[Cluster]) -> str:
        return str(yaml.dump(_document(base_url, self.authority.data, clusters), Dumper=_DUMPER, sort_keys=False))

    @property
    def ca_file(self) -> Path:
        """The authority's certificate."""
        return self.path / "ca.pem"

    def write_control(self, base_url: str, token: str, metadata: str) -> None:
        """Write ``control.json``, and ``ca.pem``, by which its reader knows the server."""
        access = {"url": base_url, "token": token, "ca_file": str(self.ca_file), "metadata": metadata}
        self._put(self.ca_file.name, self.authority.pem)
        self._put("control.json", json.dumps(access) + "\n")

    def _put(self, name: str, text: str) -> None:
        """Replace a file in one step, so that no reader sees half of it."""
        draft = self.path / f".{name}.new"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        draft.replace(self.path / name)
