"""The product's own configuration file, written for a scenario: the same format a deployment has."""

import base64
import json
from pathlib import Path
from typing import Any

import yaml

from sandbox.environment.airflow_database import POOL
from sandbox.environment.kubernetes_api import create
from sandbox.environment.loopback import NO_PROXY
from sandbox.environment.servers import BUCKET, COLLECTOR_IMAGE, POD_CLUSTER, PROJECT, Servers
from sandbox.scenario.model import Scenario

POD_NAMESPACE = "composer-user-workloads"
KUBECONFIG_SECRET = "target-clusters"
#: A dark cluster costs at most this long; loopback answers in milliseconds.
BUDGET_SECONDS = 5


def product_config(scenario: Scenario, servers: Servers) -> dict[str, Any]:
    """Return pedwatch.yaml for a scenario."""
    clusters = [
        {"name": cluster.name, "environment": cluster.environment, "auth": "kubeconfig", "context": cluster.name}
        for cluster in scenario.clusters
    ]
    teams = {
        team.team_id: {"channel": team.channel.id, "mention": team.mention, "mode": team.mode}
        for team in scenario.teams
    }
    return {
        "project": PROJECT,
        "bucket": BUCKET,
        "firestore": {"project": PROJECT},
        "collector": {
            "image": COLLECTOR_IMAGE,
            "pool": POOL,
            "namespace": POD_NAMESPACE,
            "budget_seconds": BUDGET_SECONDS,
            "kubeconfig_secret": KUBECONFIG_SECRET,
            "environment": {**NO_PROXY, "STORAGE_EMULATOR_HOST": servers.addresses["storage"]},
        },
        "clusters": clusters,
        "policy": scenario.policy.model_dump(mode="json", exclude_none=True),
        "slack": {
            "platform_channel": scenario.platform_channel.id,
            "canary_channel": scenario.canary_channel.id if scenario.canary_channel else None,
            "teams": teams,
        },
    }


def write_product_config(path: Path, scenario: Scenario, servers: Servers) -> None:
    """Write pedwatch.yaml for a scenario."""
    header = "# Written by the sandbox for one run; a deployment's own lives in include/config/pedwatch.yaml.\n"
    path.write_text(header + yaml.safe_dump(product_config(scenario, servers), sort_keys=False), encoding="utf-8")


def create_kubeconfig_secret(servers: Servers) -> None:
    """Give the collector's pods the target clusters' kubeconfig, as ``kubectl create secret generic`` would."""
    kubeconfig = (servers.kubeconfigs / "all.yaml").read_bytes()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": KUBECONFIG_SECRET, "namespace": POD_NAMESPACE},
        "data": {"config": base64.b64encode(kubeconfig).decode()},
    }
    create(
        servers.kubeconfigs / f"{POD_CLUSTER}.yaml", f"/api/v1/namespaces/{POD_NAMESPACE}/secrets", json.dumps(secret)
    )
