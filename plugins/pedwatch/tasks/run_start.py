"""What the first task of every DAG does before anything else: is what was asked for understood, and is all there?

DAGs are parsed whatever is missing (``pedwatch/config/wiring.py``), so that it is a run that says it: all of it at
once, each with what mends it. Of the connections and packages each DAG asks for those without which it can do nothing:
a watch that cannot speak goes on seeing. `everything_missing` asks for all of them, once a day.

A pool that does not exist nobody can ask for: Airflow tells its tasks nothing of pools. It is seen by what it does.
"""

import importlib.metadata
import logging
from collections.abc import Iterator
from typing import Any

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.config.clusters import DEFAULT_POOL
from pedwatch.config.needs import ALL, OPTIONAL, PACKAGES, connections_of
from pedwatch.errors import ConfigurationError
from pedwatch.tasks.run_conf import refuse_unknown

log = logging.getLogger(__name__)


def begin(dag_run: Any, dag: Any, *services: str) -> Config:
    """Refuse a run that cannot do what it is for, at once and without retries; else return the configuration.

    Args:
        dag_run: of the run.
        dag: of the run.
        services: what the DAG cannot do without, see `pedwatch.config.needs`.

    Raises:
        AirflowFailException: one line for each thing that is missing or wrong.
    """
    from airflow.sdk.exceptions import AirflowFailException

    refuse_unknown(dag_run, dag)
    try:
        config = settings.load_config()
    except ConfigurationError as error:
        raise AirflowFailException(_sentence([*str(error).splitlines(), *missing_packages(*ALL)])) from None
    is_in_airflow = dag is not None  # else the task's function was called outside of a run
    if is_in_airflow and missing(config, *services):
        raise AirflowFailException(_sentence(everything_missing(config)))
    return config


def tell_of_waiting_pods(config: Config, dag_id: str, ti: Any) -> None:
    """Log it where the run before has started none of its pods: Airflow waits for a pool that does not exist, silently.

    Only said, not refused: the slots of a pool may also all have been taken for once.

    Args:
        config: names the pool.
        dag_id: of the watch.
        ti: asks Airflow for the run before.
    """
    pool = config.collector.pool
    if pool == DEFAULT_POOL or (before := ti.get_previous_dagrun()) is None:
        return
    states = ti.get_task_states(dag_id=dag_id, task_ids=["collect"], run_ids=[before.run_id]).get(before.run_id, {})
    # What a run that has timed out never started, Airflow calls skipped; nothing else skips a pod.
    if states and set(states.values()) == {"skipped"}:
        log.error(
            "no pod of the run before (%s) was ever started: pool %s does not exist, or had no free slot. Create it: "
            'airflow pools set %s %s "Pods of ped_replica_watch that list clusters"; or set collector.pool',
            before.run_id,
            pool,
            pool,
            config.collector.max_pods,
        )


def everything_missing(config: Config) -> list[str]:
    """Return all that is missing of what the configuration needs, also of what only some task comes to need."""
    return missing(config, *ALL)


def missing(config: Config, *services: str) -> list[str]:
    """Return a line for each package and connection that services need and that is not there."""
    return [*missing_packages(*services), *_missing_connections(config, *services)]


def missing_packages(*services: str) -> list[str]:
    """Return a line for each package that services need and that is not installed where this runs."""
    found = []
    for package in (PACKAGES[service] for service in services if service in PACKAGES):
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found.append(
                f"package {package} is not installed: give the environment the PyPI packages of requirements.txt "
                "(terraform apply), or the image that brings it"
            )
    return found


def _missing_connections(config: Config, *services: str) -> Iterator[str]:
    """Yield a line for each connection that Airflow does not have; one that it could not look for may be there."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    for name, purpose in connections_of(config, *services).items():
        try:
            Connection.get(name)
        except AirflowNotFoundException:
            if name not in OPTIONAL:
                yield (
                    f"connection {name} ({purpose}) is not there: add the secret airflow-connections-{name} "
                    "(docs/deployment.md, step 6), or the connection in Airflow"
                )
        except Exception as error:  # noqa: BLE001 whatever a secrets backend raises; the task that needs it will say more
            log.warning("whether connection %s is there could not be asked: %s", name, type(error).__name__)


def _sentence(lines: list[str]) -> str:
    count = "1 thing is" if len(lines) == 1 else f"{len(lines)} things are"
    return "\n- ".join([f"{count} missing or wrong, and nothing was done:", *lines])
