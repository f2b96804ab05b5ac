"""Airflow's web server with Flask AppBuilder's people: ``python -m tests.e2e.fab_airflow``, in Airflow's environment.

One process, for the import time of one: it makes the database and three people, and serves. FAB gives rights to single
DAGs, which the simple auth manager does not know.
"""

import os
import sys

from sandbox.environment.airflow_database import create_in_postgres

WATCHED = "ped_replica_watch"
PEOPLE = {"admin": "Admin", "watcher": "Watcher", "stranger": "Stranger"}
"""Each with its role; the password of each is the name."""


def main() -> None:
    """Create the database, the roles and the people; serve until told to stop."""
    create_in_postgres(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    from airflow.__main__ import main as airflow

    sys.argv = ["airflow", "db", "migrate"]
    airflow()  # type: ignore[no-untyped-call]  # Airflow leaves it unannotated
    _make_people()
    sys.argv = ["airflow", "api-server", "--apps", "core"]
    airflow()  # type: ignore[no-untyped-call]


def _make_people() -> None:
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        manager = builder.sm
        grants = {
            "Watcher": [("can_read", f"DAG:{WATCHED}"), ("can_read", "Website")],
            "Stranger": [("can_read", "DAG:another"), ("can_read", "Website")],
        }
        for name, permissions in grants.items():
            role = manager.add_role(name)
            for action, resource in permissions:
                manager.add_permission_to_role(role, manager.create_permission(action, resource))
        for name, role in PEOPLE.items():
            manager.add_user(name, name, name, f"{name}@example.com", manager.find_role(role), password=name)


if __name__ == "__main__":
    main()
