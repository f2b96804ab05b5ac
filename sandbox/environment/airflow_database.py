"""``airflow db migrate`` and then ``airflow pools set``, for the import time of one of them."""

import sys

#: The pool of the collector's pods, as docs/deployment.md has a person create it.
POOL, SLOTS = "pedwatch_collectors", 10


def main() -> None:
    """Create or migrate the database; in it, the pool."""
    from airflow.__main__ import main as airflow
    from airflow.models.pool import Pool

    sys.argv = ["airflow", "db", "migrate"]
    airflow()  # type: ignore[no-untyped-call]  # Airflow leaves it unannotated
    Pool.create_or_update_pool(POOL, SLOTS, "Pods of ped_replica_watch that list clusters", include_deferred=True)


if __name__ == "__main__":
    main()
