"""What BigQuery was asked by real runs, as its price list sees it: statements, and the tables that each refers to.

BigQuery bills ten megabytes at least for each table of each statement, of a script's as well. What a script declares or
decides by is an expression and no statement of its own; the tables that it reads are billed all the same, and counted
where it is always evaluated. A temporary table is one, however often it is referred to.
"""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.plan_size import expressions_of, sizes_of
from pedwatch import sql
from tests.sql.googlesql import SQL_ROOT

if TYPE_CHECKING:
    from google.cloud import bigquery

_CONTROL = ("BEGIN_TRANSACTION", "COMMIT_TRANSACTION", "ROLLBACK_TRANSACTION")
_TABLES = {name.split("/")[-1].removesuffix(".sql") for name in sql.statement_names(SQL_ROOT) if "/tables/" in name}


@dataclass(frozen=True)
class Asked:
    """A query job: the statements that it ran, or that it is, and the tables of each.

    Attributes:
        label: which file of include/sql it is.
        statements: a kind for each.
        references: one for each table of each statement and expression; temporary ones are not in it.
        temporary: the temporary tables.
        scans: how often its statements read a table.
    """

    label: str
    statements: tuple[str, ...]
    references: tuple[str, ...]
    temporary: frozenset[str]
    scans: int


def asked_since(client: "bigquery.Client", dataset: str, since: dt.datetime) -> list[Asked]:
    """Return the query jobs on a dataset since a moment of the wall clock, in order."""
    jobs = client.list_jobs(min_creation_time=since)
    return [_asked(client, job) for job in jobs if job.job_type == "query" and dataset in job.query][::-1]


def _asked(client: "bigquery.Client", job: Any) -> Asked:
    tables = []
    if job.num_child_jobs:
        children = [child for child in client.list_jobs(parent_job=job) if child.statement_type not in _CONTROL][::-1]
        tables = [name for expression in expressions_of(job.query) for name in expression.tables]
    else:
        children = [job]
    sizes = [size for child in children for size in sizes_of(child.query)]
    tables += [name for size in sizes for name in size.tables]
    return Asked(
        job.labels["pedwatch"],
        tuple(child.statement_type for child in children),
        tuple(sorted(name for name in tables if name in _TABLES)),
        frozenset(name for name in tables if name not in _TABLES),
        sum(size.scans for size in sizes),
    )


def statements(asked: list[Asked]) -> int:
    """Count the statements."""
    return sum(len(job.statements) for job in asked)


def references(asked: list[Asked]) -> int:
    """Count what is billed."""
    return sum(len(job.references) + len(job.temporary) for job in asked)
