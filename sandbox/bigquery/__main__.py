"""``python -m sandbox.bigquery``."""

import argparse
import sys
from pathlib import Path

import duckdb

from sandbox.bigquery.server import make_app
from sandbox.bigquery.service import Waits
from sandbox.lifecycle import serve_app

_DESCRIPTION = """\
BigQuery's REST API (v2) on this machine, for the unmodified google-cloud-bigquery client and Airflow's operators.

Point a client here:   export BIGQUERY_EMULATOR_HOST=http://127.0.0.1:PORT
Load from gs:// needs: export STORAGE_EMULATOR_HOST=http://127.0.0.1:PORT   (a Cloud Storage stand-in)

GoogleSQL runs on DuckDB. What is not implemented answers 501 and names the feature.
"""


def main() -> None:
    """Parse the command line and serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.bigquery",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=9050, help="port on 127.0.0.1; 0 picks a free one (default 9050)")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep datasets, tables and finished jobs here (default: in memory)"
    )
    parser.add_argument(
        "--wait",
        type=float,
        metavar="SECONDS",
        help="let jobs.insert and jobs.getQueryResults wait at most this long for a job; with 0 every job is PENDING "
        "when it was inserted (default: 1 second, and what getQueryResults is asked for)",
    )
    arguments = parser.parse_args()
    waits = Waits() if arguments.wait is None else Waits(arguments.wait, arguments.wait)
    try:
        app = make_app(arguments.data, waits)
    except (duckdb.Error, OSError) as error:
        sys.exit(f"cannot open the database in {arguments.data}: {str(error).splitlines()[0]}")
    serve_app(app, arguments.port)


if __name__ == "__main__":
    main()
