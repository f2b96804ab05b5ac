"""The DAGs as Airflow's DAG processor sees them, with the configuration that ships and no database."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "dags"

#: What the shipped include/config/pedwatch.yaml takes from the environment.
ENVIRONMENT = {
    "PEDWATCH_PROJECT": "policy-project",
    "PEDWATCH_BUCKET": "policy-evidence",
    "PEDWATCH_COLLECTOR_IMAGE": "registry.invalid/replica-collector:1",
    "PEDWATCH_EU_PROD_1_ENDPOINT": "https://eu-prod-1.invalid",
    "PEDWATCH_PLATFORM_CHANNEL": "C0PLATFORM",
}


@pytest.fixture(scope="session")
def shipped_configuration() -> Iterator[pytest.MonkeyPatch]:
    """An environment in which the shipped configuration is valid, and which names no other."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PEDWATCH_CONFIG", "PEDWATCH_INCLUDE", "PEDWATCH_CLOCK"):
            patch.delenv(name, raising=False)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield patch


@pytest.fixture(scope="session")
def dag_bag(shipped_configuration: pytest.MonkeyPatch) -> "DagBag":
    """All DAGs of dags/."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(DAGS)
