"""``airflow COMMAND`` after importing what the DAGs' tasks import.

The LocalExecutor forks a process per task (Linux): imports made before the fork are there for free, where each task
would otherwise spend seconds on them. Nothing else differs.
"""

import importlib
import sys

#: What tasks of this project's DAGs import, directly or through operators and hooks.
MODULES = (
    "airflow.providers.cncf.kubernetes.operators.pod",
    "airflow.providers.google.cloud.hooks.gcs",
    "airflow.providers.google.cloud.operators.bigquery",
    "airflow.providers.slack.hooks.slack",
    "airflow.providers.standard.operators.empty",
    "google.cloud.firestore",
    "google.cloud.storage",
    "pedwatch.config",
)


def main() -> None:
    """Import, then be Airflow's command line."""
    from airflow.__main__ import main as airflow

    for name in MODULES:
        importlib.import_module(name)
    sys.argv[0] = "airflow"
    airflow()  # type: ignore[no-untyped-call]  # Airflow leaves it unannotated


if __name__ == "__main__":
    main()
