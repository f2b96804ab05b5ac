"""The product's own configuration file, written for a scenario: the same format a deployment has."""

import base64
from pathlib import Path
from typing import Any

import yaml

from sandbox.environment.airflow_database import POOL
from sandbox.environment.loopback import NO_PROXY
from sandbox.environment.servers import BUCKET, COLLECTOR_ACCOUNT, COLLECTOR_IMAGE, PROJECT, Servers
from sandbox.scenario.model import Scenario

POD_NAMESPACE = "composer-user-workloads"
#: A dark cluster costs at most this long; loopback answers in milliseconds.
BUDGET_SECONDS = 5


def product_config(scenario: Scenario, servers: Servers) -> dict[str, Any]:
    """Return pedwatch.yaml for a scenario."""
    address = servers.addresses["kubernetes"]
    ca_data = base64.b64encode((servers.kubeconfigs / "ca.pem").read_bytes()).decode()
    clusters = [
        {
            "name": cluster.name,
            "environment": cluster.environment,
            "endpoint": f"{address}/clusters/{cluster.name}",
            "ca_data": ca_data,
        }
        for cluster in scenario.clusters
    ]
    teams = {
        team.team_id: {"channel": team.channel.id, "mention": team.mention, "mode": team.mode}
        for team in scenario.teams
    }
    return {
        "project": PROJECT,
        "bucket": BUCKET,
        "cycle_minutes": scenario.cycle_minutes,
        "firestore": {"project": PROJECT},
        "collector": {
            "image": COLLECTOR_IMAGE,
            "pool": POOL,
            "namespace": POD_NAMESPACE,
            "budget_seconds": BUDGET_SECONDS,
            "impersonate": f"{COLLECTOR_ACCOUNT}@{PROJECT}.iam.gserviceaccount.com",
            "iam_endpoint": address,
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
