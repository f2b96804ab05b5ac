"""``airflow db migrate`` and then ``airflow pools set``, for the import time of one of them."""

import os
import sys

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

#: The pool of the collector's pods, as docs/deployment.md has a person create it.
POOL, SLOTS = "pedwatch_collectors", 10


def main() -> None:
    """Create or migrate the database; in it, the pool."""
    create_in_postgres(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    from airflow.__main__ import main as airflow
    from airflow.models.pool import Pool

    sys.argv = ["airflow", "db", "migrate"]
    airflow()  # type: ignore[no-untyped-call]  # Airflow leaves it unannotated
    Pool.create_or_update_pool(POOL, SLOTS, "Pods of ped_replica_watch that list clusters", include_deferred=True)


def create_in_postgres(address: str) -> None:
    """Create the database that an address names, unless it is there or is a file."""
    url = make_url(address)
    if url.get_backend_name() != "postgresql":
        return
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        named = {"name": url.database}
        if connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), named).first() is None:
            # An identifier cannot be a parameter; sandbox.environment.airflow makes it of hexadecimal digits.
            connection.execute(text(f'CREATE DATABASE "{url.database}"'))


if __name__ == "__main__":
    main()
