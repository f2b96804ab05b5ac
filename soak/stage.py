"""The servers of a soak, the product's configuration on them, and the workers that run on both."""

import datetime as dt
import json
import os
import urllib.request
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from pedwatch.config import Config
from sandbox.environment.servers import BUCKET, PROJECT, Servers
from sandbox.kubernetes.control import ControlClient as KubernetesControl
from sandbox.scenario.clocks import Clocks
from sandbox.slack.control import ControlClient as SlackControl
from soak.inhabitants import PLATFORM_CHANNEL, Cluster, Team
from soak.tries import ROOT, WorkerProcess

KUBECONFIG_IN_PODS = "/etc/pedwatch/kubeconfig/config"
BUDGET_SECONDS = 5
"""A dark cluster costs at most this long, on the wall."""


@dataclass
class Stage(AbstractContextManager["Stage"]):
    """Everything that is real in a soak.

    Args:
        folder: what is written goes there.
        clusters: those that are watched at first.
        teams: who has a channel.
    """

    folder: Path
    clusters: Iterable[Cluster]
    teams: Iterable[Team]
    cycle_minutes: int = 5
    retired: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Start the servers and a worker."""
        channels = {PLATFORM_CHANNEL: "ped-platform"} | {team.channel: team.team_id for team in self.teams}
        self.servers = Servers(self.folder / "servers", [c.name for c in self.clusters], channels)
        self.servers.__enter__()
        self.kubernetes = KubernetesControl(self.servers.kubeconfigs / "control.json")
        self.slack = SlackControl.from_folder(self.servers.data("slack"))
        self.slack.set_rate_limit(False)
        self.clocks = Clocks(self.folder / "clock", self.servers)
        self.write_config()
        self.workers = 0
        self.worker = self._start_worker(ROOT)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them all."""
        self.worker.stop()
        self.servers.stop()

    @property
    def config_file(self) -> Path:
        """Where the product's configuration is."""
        return self.folder / "pedwatch.yaml"

    def config(self) -> Config:
        """Return the configuration in force."""
        return Config.model_validate(yaml.safe_load(self.config_file.read_text()))

    def write_config(self) -> None:
        """Write the product's configuration, as it is now."""
        self.config_file.write_text(yaml.safe_dump(self._document(), sort_keys=False))

    def _document(self) -> dict[str, Any]:
        named = [
            {"name": c.name, "environment": c.environment, "auth": "kubeconfig"}
            for c in self.clusters
            if c.name not in self.retired
        ]
        routes = {t.team_id: {"channel": t.channel, "mode": "team"} for t in self.teams if t.is_live}
        return {
            "project": PROJECT,
            "bucket": BUCKET,
            "cycle_minutes": self.cycle_minutes,
            "firestore": {"project": PROJECT},
            "collector": {
                "image": "collector:soak",
                "budget_seconds": BUDGET_SECONDS,
                "environment": {"STORAGE_EMULATOR_HOST": self.servers.addresses["storage"]},
            },
            "clusters": named,
            "retired_clusters": list(self.retired),
            "slack": {"platform_channel": PLATFORM_CHANNEL, "teams": routes},
        }

    def variables(self) -> dict[str, str]:
        """Return the environment of whoever works on these servers."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PEDWATCH_", "AIRFLOW_"))}
        kept |= {"AIRFLOW_HOME": str(self.folder / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        kept |= {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR", "PEDWATCH_INCLUDE": str(ROOT / "include")}
        kept |= {"AIRFLOW__CORE__UNIT_TEST_MODE": "False", "PEDWATCH_CONFIG": str(self.config_file)}
        return {**kept, **self.servers.client_environment(), **self.servers.connections()}

    def _start_worker(self, build: Path) -> WorkerProcess:
        """Start a worker of what lies in a folder: of the repository, or of a bundle."""
        self.workers += 1
        variables = self.variables()
        if build != ROOT:
            del variables["PEDWATCH_INCLUDE"]  # a bundle has it inside the package
        return WorkerProcess(self.folder / f"worker-{self.workers}", build / "plugins", build / "dags", variables)

    def restart(self, build: Path) -> None:
        """Let a worker of a build take over from the one that is there; nothing may be under way."""
        self.worker.stop()
        self.worker = self._start_worker(build)

    def break_firestore(self, fault: dict[str, Any] | None) -> None:
        """Let calls of Firestore go wrong, or no longer."""
        method, data = ("PUT", json.dumps(fault).encode()) if fault else ("DELETE", None)
        request = urllib.request.Request(f"{self.servers.firestore_control}/fault", method=method, data=data)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10):
            pass

    def pod(self, environment: dict[str, str]) -> dict[str, str]:
        """Return the environment of a collector's process: the secret is mounted where the servers wrote it."""
        mounted = str(self.servers.kubeconfigs / "all.yaml")
        found = {n: v.replace(KUBECONFIG_IN_PODS, mounted) for n, v in environment.items() if n != "TMPDIR"}
        return found

    def at(self, moment: dt.datetime) -> None:
        """Let it be that moment for Firestore and Slack."""
        self.clocks.set(moment)
