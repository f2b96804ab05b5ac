"""A client of the control API, for scenarios, tests and benchmarks. Standard library only."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class ControlError(RuntimeError):
    """The control API refused; the message names the field that is wrong."""


class ControlClient:
    """Steers the clusters of one running ``sandbox.kubernetes``."""

    def __init__(self, control_json_path: str | Path) -> None:
        """Read address and token from the server's ``control.json``."""
        access = json.loads(Path(control_json_path).read_text())
        self._url, self._token = access["url"], access["token"]
        self.metadata = str(access["metadata"])
        """Host and port of the metadata server."""
        # A proxy of the environment has no business between two local processes.
        tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=access["ca_file"]))
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), tls)

    def set_state(self, cluster: str, workloads: Sequence[Document]) -> Document:
        """Replace everything a cluster runs."""
        return self._call("PUT", f"/clusters/{cluster}/state", {"workloads": list(workloads)})

    def set_fault(self, cluster: str, fault: Document | None) -> Document:
        """Make a cluster's API misbehave, or with None behave again."""
        path = f"/clusters/{cluster}/fault"
        return self._call("DELETE", path) if fault is None else self._call("PUT", path, fault)

    def add_cluster(self, name: str) -> Document:
        """Add a cluster; the answer names its kubeconfig."""
        return self._call("POST", "/clusters", {"name": name})

    def set_gke_project(self, project: str, document: Document) -> Document:
        """Say what the GKE API lists for a project; ``sandbox.kubernetes.gke_api`` has the schema."""
        return self._call("PUT", f"/gke/{project}", document)

    def set_iam(self, *, is_enabled: bool = True, may_impersonate: bool = True) -> None:
        """Say whether the IAM Credentials API is on, and whether pods may become anybody."""
        self._call("PUT", "/iam", {"is_enabled": is_enabled, "may_impersonate": may_impersonate})

    def clusters(self) -> list[Document]:
        """Return what is known of every cluster."""
        found: list[Document] = self._call("GET", "/clusters")["clusters"]
        return found

    def rotate_token(self, cluster: str, *, write_kubeconfig: bool = True) -> str:
        """Give a cluster a new token and return it."""
        body = {"write_kubeconfig": write_kubeconfig}
        return str(self._call("POST", f"/clusters/{cluster}/rotate-token", body)["token"])

    def calls(self, cluster: str) -> dict[str, int]:
        """Return how often each route of a cluster was requested."""
        counted: dict[str, int] = self._call("GET", "/calls")["clusters"].get(cluster, {})
        return counted

    def redirected(self) -> dict[str, int]:
        """Return how many clients followed the fault ``redirect``, with and without credentials."""
        counted: dict[str, int] = self._call("GET", "/calls")["redirected"]
        return counted

    def _call(self, method: str, path: str, body: Document | None = None) -> Document:
        request = urllib.request.Request(
            f"{self._url}/control{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=60) as response:
                document: Document = json.load(response)
                return document
        except urllib.error.HTTPError as error:
            raise ControlError(f"{method} {path}: {_message(error)}") from None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError):
        return f"{error.code} {error.reason}"
