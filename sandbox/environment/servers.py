"""All stand-ins together: starts them side by side, knows their addresses, stops them."""

import json
import os
import secrets
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sandbox.environment.loopback import LOOPBACK, NO_PROXY
from sandbox.environment.process import LeashedProcess, stop_all
from sandbox.kubernetes.control import ControlClient
from sandbox.kubernetes.iam_api import node_variables

PROJECT = "sandbox-project"
BUCKET = "ped-evidence"
POD_CLUSTER = "composer"
#: Whom the collector's pods become, and who they are before.
COLLECTOR_ACCOUNT = "ped-replica-collector"
POD_ACCOUNT = "ped-airflow"
COLLECTOR_IMAGE = "replica-collector:sandbox"
#: What runs when a pod asks for the collector's image: the same program, from this environment.
IMAGES = {COLLECTOR_IMAGE: {"entrypoint": ["python", "-m", "replica_collector"]}}


@dataclass(frozen=True)
class Ports:
    """Ports to listen on; 0 picks a free one."""

    bigquery: int = 0
    storage: int = 0
    firestore: int = 0
    kubernetes: int = 0
    slack: int = 0


@dataclass
class Servers:
    """The stand-ins of one environment.

    Args:
        folder: where they keep data and logs.
        clusters: names of the target clusters.
        channels: Slack channel id → name.
        ports: ports to listen on.
    """

    folder: Path
    clusters: Iterable[str]
    channels: Mapping[str, str]
    ports: Ports = field(default_factory=Ports)
    addresses: dict[str, str] = field(default_factory=dict)
    _processes: dict[str, LeashedProcess] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Start them all and wait until each is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them all."""
        self.stop()

    def start(self) -> None:
        """Start every server, then wait for each."""
        token = os.environ.get("SANDBOX_SLACK_TOKEN") or f"xoxb-sandbox-{secrets.token_hex(12)}"
        for name, arguments in self._arguments().items():
            command = [sys.executable, "-m", f"sandbox.{name}", *arguments]
            environment = {**os.environ, **NO_PROXY, "SANDBOX_SLACK_TOKEN": token}
            if name == "bigquery":
                environment["STORAGE_EMULATOR_HOST"] = self._wait("storage")
            self._processes[name] = LeashedProcess(name, command, self.log(name), environment)
        for name in self._processes:
            self._wait(name)

    def _wait(self, name: str) -> str:
        if name not in self.addresses:
            self.addresses[name] = self._processes[name].address()
        return self.addresses[name]

    def _arguments(self) -> dict[str, list[str]]:
        clusters = [argument for name in (POD_CLUSTER, *self.clusters) for argument in ("--cluster", name)]
        channels = [f"{channel}={name}" for channel, name in self.channels.items()]
        images = self.folder / "images.json"
        images.write_text(json.dumps(IMAGES, indent=2) + "\n")
        accounts = ["--project", PROJECT, "--pods-run-as", POD_ACCOUNT, "--may-impersonate", COLLECTOR_ACCOUNT]
        kubernetes = ["--images", str(images), "--kubeconfig", str(self.kubeconfigs), *accounts, *clusters]
        return {
            "storage": ["--port", str(self.ports.storage), "--data", str(self.data("storage")), "--bucket", BUCKET],
            "kubernetes": ["--port", str(self.ports.kubernetes), *kubernetes],
            "slack": ["--port", str(self.ports.slack), "--data", str(self.data("slack")), "--channel", *channels],
            "firestore": [
                *("--port", str(self.ports.firestore), "--data", str(self.data("firestore")), "--control-port", "0")
            ],
            "bigquery": ["--port", str(self.ports.bigquery), "--data", str(self.data("bigquery"))],
        }

    def stop(self) -> None:
        """Stop every server."""
        stop_all(list(self._processes.values()))
        self._processes.clear()

    def data(self, name: str) -> Path:
        """Return where a server keeps its data."""
        return self.folder / "data" / name

    def log(self, name: str) -> Path:
        """Return where a server's output goes."""
        return self.folder / "logs" / f"{name}.log"

    @property
    def kubeconfigs(self) -> Path:
        """Folder of the kubeconfigs and of the control file."""
        return self.folder / "kube"

    @property
    def slack_token(self) -> str:
        """The bot token."""
        return (self.data("slack") / "token").read_text().strip()

    @property
    def firestore_control(self) -> str:
        """Address of Firestore's control port."""
        output = self._processes["firestore"].output()
        return next(line.split()[1] for line in output.splitlines() if line.startswith("control "))

    def client_environment(self) -> dict[str, str]:
        """Return the variables that point unmodified clients at the stand-ins."""
        return {
            **NO_PROXY,
            "BIGQUERY_EMULATOR_HOST": self.addresses["bigquery"],
            "STORAGE_EMULATOR_HOST": self.addresses["storage"],
            "FIRESTORE_EMULATOR_HOST": self.addresses["firestore"],
            "GOOGLE_CLOUD_PROJECT": PROJECT,
        }

    def identity_environment(self) -> dict[str, str]:
        """Return the variables by which a process is a pod on Google Cloud and trusts who signs its services."""
        metadata = ControlClient(self.kubeconfigs / "control.json").metadata
        return {**node_variables(metadata), "REQUESTS_CA_BUNDLE": str(self.kubeconfigs / "ca.pem")}

    def connections(self) -> dict[str, str]:
        """Return Airflow's connections as environment variables."""
        google = {"conn_type": "google_cloud_platform", "extra": {"project": PROJECT, "is_anonymous": True}}
        kubeconfig = str(self.kubeconfigs / f"{POD_CLUSTER}.yaml")
        kubernetes = {"conn_type": "kubernetes", "extra": {"kube_config_path": kubeconfig, "in_cluster": False}}
        slack: dict[str, Any] = {
            "conn_type": "slack",
            "password": self.slack_token,
            "extra": {"base_url": f"{self.addresses['slack']}/api/", "timeout": 10},
        }
        named = {"GOOGLE_CLOUD_DEFAULT": google, "KUBERNETES_DEFAULT": kubernetes, "SLACK_PED": slack}
        return {f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in named.items()}


__all__ = ["BUCKET", "COLLECTOR_ACCOUNT", "COLLECTOR_IMAGE", "LOOPBACK", "POD_CLUSTER", "PROJECT", "Ports", "Servers"]
