"""Starts the stand-in as a real process."""

import signal
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config

from sandbox.kubernetes.control import ControlClient

START_SECONDS = 20


@dataclass
class Cluster:
    """One cluster of a running server."""

    name: str
    folder: Path
    control: ControlClient

    @property
    def kubeconfig(self) -> Path:
        """The cluster's kubeconfig."""
        return self.folder / f"{self.name}.yaml"

    @property
    def server(self) -> str:
        """The cluster's address."""
        return str(yaml.safe_load(self.kubeconfig.read_text())["clusters"][0]["cluster"]["server"])

    @property
    def token(self) -> str:
        """The cluster's bearer token."""
        return str(yaml.safe_load(self.kubeconfig.read_text())["users"][0]["user"]["token"])

    @property
    def tls(self) -> ssl.SSLContext:
        """What a client of the standard library needs to know the server by."""
        return ssl.create_default_context(cafile=self.folder / "ca.pem")

    def api_client(self) -> client.ApiClient:
        """The official client, as configured by the kubeconfig."""
        return config.new_client_from_config(str(self.kubeconfig))

    def set_state(self, *workloads: dict[str, Any]) -> None:
        """Replace what the cluster runs."""
        self.control.set_state(self.name, workloads)

    def set_fault(self, kind: str, **options: Any) -> None:
        """Make the cluster's API misbehave."""
        self.control.set_fault(self.name, {"kind": kind, **options})


@dataclass
class Server:
    """A running stand-in."""

    process: subprocess.Popen[str]
    url: str
    folder: Path

    @property
    def control(self) -> ControlClient:
        """A client of the control API."""
        return ControlClient(self.folder / "control.json")

    def cluster(self, name: str) -> Cluster:
        """One of its clusters."""
        return Cluster(name, self.folder, self.control)

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Stop the process and return its exit status."""
        self.process.send_signal(how)
        status = self.process.wait(timeout=START_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def start_server(folder: Path, *flags: str, environment: dict[str, str] | None = None) -> Server:
    """Start the stand-in on a free port and wait for its ready line."""
    command = [sys.executable, "-m", "sandbox.kubernetes", "--port", "0", "--kubeconfig", str(folder), *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    word, _, url = process.stdout.readline().strip().partition(" ")
    assert word == "ready", "the stand-in did not start"
    return Server(process, url, folder)
