"""Two days through Airflow's own backfill: packs that repeat to the byte, nothing told, nothing live changed.

`python -m bench audit` does the same with a month, twice.
"""

import datetime as dt
import json
import sqlite3
from contextlib import closing

import pytest

from bench.audit import FILES, Stage, staged
from pedwatch.audit.request import AuditRequest
from pedwatch.hooks import clients
from pedwatch.tasks import audit_evidence

DAYS = 2
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def audit_again(stage: Stage, day: int) -> None:
    """Write a day's pack once more, as its tasks do."""
    start = stage.days.start + dt.timedelta(days=day)
    request = AuditRequest("daily", start, start + dt.timedelta(days=1), "UTC")
    now = stage.days.learnt_at + dt.timedelta(days=9)
    storage = clients.storage_client(stage.config, clients.AsPerson())
    audit_evidence.write_pack(stage.warehouse, storage, stage.config, request, now)
    audit_evidence.link_pack(stage.warehouse, storage, stage.config, request, now, "again")


def grid(stage: Stage) -> tuple[list[str], list[str]]:
    """Return what the grid calls the last task of each run, and the links behind its buttons."""
    with closing(sqlite3.connect(f"file:{stage.airflow.database}?mode=ro", uri=True)) as connection:
        names = connection.execute(
            "SELECT rendered_map_index FROM task_instance WHERE task_id = 'link_pack' ORDER BY 1"
        )
        links = connection.execute("SELECT value FROM xcom WHERE key = '_link_AuditReportLink' ORDER BY 1")
        return [name for (name,) in names], [json.loads(link) for (link,) in links]


def test_a_backfill_writes_every_days_pack_and_nothing_else() -> None:
    with staged(DAYS) as stage:
        before = stage.checksums()
        runs = stage.backfill()
        assert [(run.run_type, run.state) for run in runs] == [("backfill", "success")] * DAYS
        packs = stage.packs()
        assert len(packs) == DAYS * FILES
        for day in reversed(range(DAYS)):
            audit_again(stage, day)
        assert stage.packs() == packs
        assert stage.checksums() == before
        assert stage.slack_calls() == 0
        names, links = grid(stage)
        assert [name.split(";")[0] for name in names] == [
            "2026-03-02: 1 APIs over, 2.33 violation-hours, 3.33 not judged",
            "2026-03-03: 1 APIs over, 3.33 violation-hours, 3.33 not judged",
        ]
        assert (
            all(link.endswith("/report.html") and "/daily/2026-03-0" in link for link in links) and len(links) == DAYS
        )
