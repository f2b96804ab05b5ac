"""What BigQuery runs in a cycle of ``ped_replica_watch``: query jobs, and the statements of those that are scripts."""

import datetime as dt
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest


def count_jobs() -> dict[str, list[str]]:
    """Live through a cycle that tells nothing, and one that tells something; return the jobs of each, by label."""
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
    from tests.e2e.stand_ins import stand_ins_in
    from tests.e2e.watched_world import World, workload

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pedwatch-bench-")))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        world = World(stack.enter_context(stand_ins_in(folder / "stand-ins")), folder / "world", patch)
        steady, over = workload("steady", 5), workload("orders", 20)
        world.holds("eu-prod-1", steady)
        world.run(1).go()
        found = {}
        for number, what, workloads in ((2, "quiet", [steady]), (3, "telling", [steady, over])):
            world.holds("eu-prod-1", *workloads)
            since = dt.datetime.now(dt.UTC)
            world.run(number).go()
            found[what] = world.jobs(since)
        return found
