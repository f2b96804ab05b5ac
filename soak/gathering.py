"""Reads the evidence of a soak off the servers."""

import contextlib
import datetime as dt
import io
import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from google.cloud import bigquery

from pedwatch.hooks import clients
from soak.engine import Engine
from soak.judge.evidence import Cycle, Evidence, Row
from soak.stage import Stage

EVER = "cycle >= TIMESTAMP '2026-01-01 00:00:00+00'"
SMALL = {"collection_runs": EVER, "episodes": "TRUE", "notifications": "TRUE", "heartbeats": EVER}
OBSERVED = (
    "cluster namespace resource_type name attempt_id api_id team_id spec_replicas status_replicas updated_replicas "
    "hpa_target_kind hpa_target_name hpa_current_replicas hpa_max_replicas"
).split()
JUDGED = (
    "fingerprint subject verdict reason measured running max_replicas is_lower_bound api_id team_id cluster revision "
    "origin limits_known_at computed_at"
).split()


@contextlib.contextmanager
def environment(stage: Stage) -> Iterator[None]:
    """Be on the stage's servers for a while."""
    with patch.dict("os.environ", stage.variables()):
        yield


class Tables:
    """The product's tables on a stage's BigQuery, and how much there is of everything."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        with environment(stage):
            self._client = clients.AsPerson().bigquery(stage.config())
        self._dataset = stage.config().dataset

    def rows(self, table: str, where: str, columns: str = "*", **parameters: dt.datetime) -> list[Row]:
        """Return rows of a table."""
        given = [bigquery.ScalarQueryParameter(name, "TIMESTAMP", value) for name, value in parameters.items()]
        config = bigquery.QueryJobConfig(query_parameters=given)
        text = f"SELECT {columns} FROM `{self._dataset}.{table}` WHERE {where}"
        with environment(self._stage):
            return [dict(row.items()) for row in self._client.query(text, job_config=config).result()]

    def cycle(self, cycle: dt.datetime) -> Cycle:
        """Return what the large tables hold of a cycle."""
        found = [
            self.rows(table, "cycle = @cycle", ", ".join(columns), cycle=cycle)
            for table, columns in (("replica_observations", OBSERVED), ("verdicts", JUDGED))
        ]
        return Cycle(*found)

    def counts(self) -> dict[str, int]:
        """Return how many rows and objects there are of what every cycle adds to."""
        bucket = self._stage.servers.data("storage")
        found = {"objects in the bucket": sum(1 for path in bucket.rglob("*") if path.is_file())}
        with environment(self._stage):
            for table in ("replica_observations", "collection_runs", "verdicts", "heartbeats", "limit_sync_runs"):
                found[f"rows of {table}"] = self._client.get_table(f"{self._dataset}.{table}").num_rows
        return found


def pack_problems(stage: Stage) -> list[str]:
    """Return what the product's own command says of the packs of every label."""
    from pedwatch.cli import main

    found = []
    with environment(stage):
        client = clients.AsPerson().storage(stage.config())
        bucket = stage.config().bucket
        labels = {blob.name.split("/")[1] for blob in client.list_blobs(bucket, prefix="audits/")}
        for label in sorted(labels):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                main(["audit", "verify", f"gs://{bucket}/audits/{label}", "--format", "json"])
            problems: list[dict[str, Any]] = json.loads(printed.getvalue())["problems"]
            found += [f"{label}/{each['where']}: {each['what']}" for each in problems]
    return found


def gather(engine: Engine, played: range, tables: Tables) -> Evidence:
    """Read all that is judged."""
    stage = engine.stage
    return Evidence(
        world=engine.world,
        first=played.start,
        cycles=played.stop,
        journal=list(engine.journal.read()),
        tables={name: tables.rows(name, where) for name, where in SMALL.items()},
        of_cycle=tables.cycle,
        messages=stage.slack.messages(),
        pack_problems=pack_problems(stage),
        peaks=engine.peaks,
        stored=engine.stored,
        left_files=sorted(str(path.name) for path in stage.folder.glob("worker-*/try-*")),
    )
