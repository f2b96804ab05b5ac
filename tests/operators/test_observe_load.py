"""The load of a cycle: what it takes in, what it refuses, and that a refusal leaves everything as it was."""

import base64
import datetime as dt
import gzip
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from pedwatch.errors import LedgerError
from pedwatch.hooks import load_jobs
from pedwatch.observations.intake import cycle_load
from tests.e2e.stand_ins import cycle_at
from tests.e2e.watch_run import TASKS, Run
from tests.e2e.watched_world import World, workload

EU, US = "eu-prod-1", "us-prod-1"


@pytest.fixture
def shop(make_world: Callable[..., World]) -> World:
    """Two clusters with three workloads, one of them labelled."""
    world = make_world(is_seeded=False, label_keys={"also": ["tier"]})
    labels = {"api_id": "orders", "team_id": "orders", "tier": "gold", "unasked": "secret"}
    world.holds(EU, workload("orders", 3, labels=labels, hpa={"max": 9}), workload("steady", 2))
    world.holds(US, workload("sessions", 4))
    world.leaves_limits_alone()
    return world


def collected(world: World, number: int) -> Run:
    """Run a cycle up to where its pods have ended."""
    return world.run(number).go(until="collect")


def load(run: Run) -> dict[str, Any]:
    """Run the load task."""
    run.go(until="load_observations")
    told: dict[str, Any] = run.told("load_observations")
    told.pop("limits")
    return told


def names(world: World, number: int) -> list[str]:
    """Return the names of a cycle's rows, loaded."""
    found = world.query(f"SELECT * FROM {{replica_observations}} WHERE cycle = TIMESTAMP '{cycle_at(number)}'")
    return sorted(f"{row['cluster']}/{row['resource_type']}/{row['name']}" for row in found)


def objects(world: World, cluster: str, kind: str = "obs") -> list[Any]:
    """Return a cluster's objects, oldest cycle first."""
    blobs = world.storage.list_blobs(world.config.bucket, prefix=f"{kind}/")
    return [blob for blob in blobs if f"/{cluster}." in blob.name]


def assert_refused(world: World, run: Run, message: str) -> None:
    """Hold that a load objects, and changes nothing at all."""
    before = world.tables()
    with pytest.raises(LedgerError, match=message):
        load(run)
    assert world.tables() == before


FIRST = [f"{EU}/deployment/orders", f"{EU}/deployment/steady", f"{EU}/hpa/orders", f"{US}/deployment/sessions"]


def rows_of_loads(world: World) -> list[int]:
    """Return the rows that each load job of this dataset brought, oldest first."""
    # A world that is gone may have had a dataset of this name.
    since = world.warehouse.client.get_dataset(world.config.dataset).created
    jobs = [job for job in world.warehouse.client.list_jobs(min_creation_time=since) if job.job_type == "load"]
    return [job.output_rows for job in jobs if job.destination.dataset_id == world.config.dataset][::-1]


def test_one_job_loads_all_clusters_and_repeating_it_changes_nothing(shop: World) -> None:
    run = collected(shop, 1)
    assert load(run) == {"rows": 4, "seen": [EU, US], "blind": []}
    assert names(shop, 1) == FIRST
    told = shop.tables()
    again = TASKS["load_observations"](run)
    assert (again["rows"], again["seen"], again["blind"]) == (0, [EU, US], [])
    assert shop.tables() == told
    assert rows_of_loads(shop) == [4], "one load job, whatever the number of clusters"


def test_a_cycle_loads_what_was_observed_in_it_and_no_more(shop: World) -> None:
    """It was the whole hour once more in each cycle: 4, 8 and 12 rows."""
    for number in (1, 2, 3):
        assert load(collected(shop, number))["rows"] == 4
    assert rows_of_loads(shop) == [4, 4, 4]
    assert names(shop, 1) == names(shop, 3) == FIRST


def test_labels_that_were_asked_for_arrive_and_no_other(shop: World) -> None:
    load(collected(shop, 1))
    labels = {row["name"]: row["labels"] for row in shop.rows("replica_observations") if row["cluster"] == EU}
    assert labels == {"orders": [{"key": "tier", "value": "gold"}], "steady": []}
    assert "secret" not in repr(shop.rows("replica_observations"))


def states(world: World) -> dict[tuple[Any, str], tuple[str, str | None]]:
    """Return what is recorded of each cycle and cluster: status and error class."""
    return {
        (row["cycle"], row["cluster"]): (row["status"], row["error_class"]) for row in world.rows("collection_runs")
    }


GOOD, LOST = ("complete", None), ("failed", "evidence_lost")


def test_an_object_that_is_missing_costs_its_cluster_that_attempt(shop: World) -> None:
    load(collected(shop, 1))
    run = collected(shop, 2)
    lost = objects(shop, US)[-1]
    content = lost.download_as_bytes(raw_download=True)
    lost.delete()
    assert load(run) == {"rows": 3, "seen": [EU], "blind": [US]}
    first, second = cycle_at(1), cycle_at(2)
    found = states(shop)
    assert [found[first, EU], found[first, US], found[second, EU], found[second, US]] == [GOOD, GOOD, GOOD, LOST]
    [told] = [row["error_message"] for row in shop.rows("collection_runs") if row["error_class"] == "evidence_lost"]
    assert told.startswith(f"its data object gs://{shop.config.bucket}/{lost.name} is not in the bucket: restore it")
    lost.upload_from_string(content, content_type="application/gzip")
    assert load(collected(shop, 3))["rows"] == 5
    assert states(shop)[second, US] == GOOD, "what is restored within the hour counts again"


def test_an_object_that_was_loaded_may_go(shop: World) -> None:
    load(collected(shop, 1))
    run = collected(shop, 2)
    for kind in ("obs", "manifests"):
        objects(shop, US, kind)[0].delete()
    assert load(run) == {"rows": 4, "seen": [EU, US], "blind": []}
    assert states(shop)[cycle_at(1), US] == GOOD
    assert names(shop, 1) == FIRST


def again(world: World, cluster: str, attempt: str) -> None:
    """Write what a cluster's first attempt did once more, as that of a duplicated pod."""
    [data], [manifest] = objects(world, cluster), objects(world, cluster, "manifests")
    told = json.loads(manifest.download_as_bytes())
    lines = gzip.decompress(data.download_as_bytes(raw_download=True)).decode()
    content = gzip.compress(lines.replace(told["attempt_id"], attempt).encode())
    copy = data.bucket.blob(data.name.replace(told["attempt_id"], attempt))
    copy.upload_from_string(content, content_type="application/gzip")
    md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
    told |= {"attempt_id": attempt, "evidence_object": f"gs://{data.bucket.name}/{copy.name}", "object_md5": md5}
    name = manifest.name.rpartition("/")[0] + f"/{cluster}.{attempt}.ndjson"
    manifest.bucket.blob(name).upload_from_string(json.dumps(told).encode())


def test_where_the_owner_of_a_cycle_is_lost_another_attempt_owns_it(shop: World) -> None:
    run = collected(shop, 1)
    again(shop, US, "zz-again")
    [owner, _] = objects(shop, US)
    assert "zz-again" not in owner.name, "the first complete one would own it"
    owner.delete()
    assert load(run) == {"rows": 4, "seen": [EU, US], "blind": []}
    [row] = [row for row in shop.rows("collection_runs") if row["cluster"] == US]
    assert (row["status"], row["attempt_id"]) == ("complete", "zz-again")


def test_an_object_that_is_not_what_the_collector_wrote_is_not_loaded(shop: World) -> None:
    run = collected(shop, 1)
    [changed] = objects(shop, US)
    changed.upload_from_string(b"no gzip at all", content_type="application/gzip")
    assert load(run) == {"rows": 3, "seen": [EU], "blind": [US]}
    assert states(shop)[run.cycle, US] == LOST
    assert names(shop, 1) == FIRST[:3]


def test_a_manifest_that_cannot_be_read_costs_its_cluster_that_attempt(shop: World) -> None:
    run = collected(shop, 1)
    [manifest] = objects(shop, US, "manifests")
    manifest.upload_from_string(b"\xff\xfe")
    assert load(run) == {"rows": 3, "seen": [EU], "blind": [US]}
    assert states(shop)[run.cycle, US] == LOST


def test_what_nobody_vouches_for_does_not_end_the_load(shop: World) -> None:
    load(collected(shop, 1))
    run = collected(shop, 2)
    [first, *_] = objects(shop, US)
    stray = first.bucket.blob(f"{first.name.rpartition('/')[0]}/zz-unknown.a1.ndjson.gz")
    stray.upload_from_string(b"not gzip either", content_type="application/gzip")
    assert load(run)["rows"] == 4


def test_a_late_object_arrives_with_the_next_load(shop: World) -> None:
    run = collected(shop, 1)
    held = [
        (blob, blob.download_as_bytes(raw_download=True))
        for kind in ("obs", "manifests")
        for blob in objects(shop, US, kind)
    ]
    for blob, _ in held:
        blob.delete()
    assert load(run)["blind"] == [US]
    for blob, content in held:
        blob.upload_from_string(content)
    load(collected(shop, 2))
    assert names(shop, 1) == FIRST
    runs = {(row["cycle"], row["cluster"]): row["status"] for row in shop.rows("collection_runs")}
    assert runs[cycle_at(1), US] == "complete", "the late manifest mends the cycle's row"


@pytest.mark.parametrize(("number", "arrives"), [(9, True), (12, False)], ids=["at :00", "at :15"])
def test_late_objects_of_the_hour_before_arrive_for_a_quarter_of_an_hour(
    shop: World, number: int, arrives: bool
) -> None:
    run = collected(shop, 8)  # 10:55; its load never takes place
    assert run.cycle.minute == 55
    load(collected(shop, number))
    assert names(shop, 8) == (FIRST if arrives else [])


def test_a_load_that_dies_leaves_everything_as_it_was_and_is_repeated(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(collected(shop, 1))
    run = collected(shop, 2)
    [*_, newest] = objects(shop, EU)
    whole = newest.download_as_bytes(raw_download=True)
    newest.upload_from_string(whole[: len(whole) // 2], content_type="application/gzip")
    with monkeypatch.context() as patch:
        for looked in ("lost_objects", "spoilt_objects"):  # bytes that go bad while they are read
            patch.setattr(f"pedwatch.observations.intake.cycle_load.{looked}", lambda *_: {})
        assert_refused(shop, run, "load of 2 objects, gs://")
        assert_refused(shop, run, "load of 2 objects, gs://")
    newest.upload_from_string(whole, content_type="application/gzip")
    assert load(run)["rows"] == 4


def test_half_an_object_that_its_manifest_vouches_for_costs_its_cluster_alone(shop: World) -> None:
    """Of the soak: a collector on a full disk wrote half of it, and no cluster was loaded any more."""
    run = collected(shop, 1)
    [data], [manifest] = objects(shop, US), objects(shop, US, "manifests")
    half = data.download_as_bytes(raw_download=True)[:-9]
    data.upload_from_string(half, content_type="application/gzip")
    md5 = base64.b64encode(hashlib.md5(half, usedforsecurity=False).digest()).decode()
    manifest.upload_from_string(json.dumps(json.loads(manifest.download_as_bytes()) | {"object_md5": md5}))
    assert load(run) == {"rows": 3, "seen": [EU], "blind": [US]}
    assert states(shop)[run.cycle, US] == LOST
    assert names(shop, 1) == FIRST[:3]
    assert load(collected(shop, 2))["rows"] == 4


def test_however_many_loads_have_failed_the_next_may_succeed(shop: World) -> None:
    """Of the soak: after twenty that failed nothing was ever loaded again, since only a load moves the table on."""
    table, bucket = load_jobs.look_at(shop.warehouse, "replica_observations"), shop.storage.bucket(shop.config.bucket)
    bucket.blob("bad.gz").upload_from_string(b"no gzip", content_type="application/gzip")
    for _ in range(23):
        with pytest.raises(LedgerError, match=r"bad\.gz"):
            load_jobs.append(shop.warehouse, table, [f"gs://{bucket.name}/bad.gz"], 1)
    assert load(collected(shop, 1))["rows"] == 4


def test_of_two_who_load_at_once_one_does(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was given up and still works, beside its own retry: rows that are there twice would be over."""
    run, real, overtaken = collected(shop, 1), cycle_load.read_manifests, []

    def be_overtaken(*given: Any) -> Any:
        if not overtaken:
            overtaken.append(True)
            load(run)
        return real(*given)

    monkeypatch.setattr(cycle_load, "read_manifests", be_overtaken)
    with pytest.raises(LedgerError, match="replica_observations is loaded by another task meanwhile; try again"):
        TASKS["load_observations"](run)
    assert names(shop, 1) == FIRST
    assert rows_of_loads(shop) == [4]


def test_other_rows_than_promised_are_an_error_and_not_a_quiet_day(shop: World) -> None:
    load(collected(shop, 1))
    table = load_jobs.look_at(shop.warehouse, "replica_observations")
    uris = [f"gs://{shop.config.bucket}/obs/*.ndjson.gz"]
    with pytest.raises(LedgerError, match="4 rows, but the manifests promise 5"):
        load_jobs.append(shop.warehouse, table, uris, 5)


def test_an_hour_is_evidence_two_hours_after_it_began(shop: World) -> None:
    run = collected(shop, 1)
    shop.at(cycle_at(1).replace(minute=0) + dt.timedelta(hours=2))
    assert_refused(shop, run, "began more than two hours ago")


@pytest.mark.parametrize("run_type", ["backfill", "scheduled"])
def test_neither_a_backfill_nor_a_late_run_collects_or_loads(
    shop: World, run_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(collected(shop, 1))
    kept = collected(shop, 2)  # its objects lie in the bucket, not loaded
    before = shop.tables()
    loads: list[Any] = []
    monkeypatch.setattr(load_jobs, "append", lambda *arguments: loads.append(arguments))
    late = shop.run(2, run_type)
    shop.at(kept.cycle + (dt.timedelta(seconds=20) if run_type == "backfill" else dt.timedelta(minutes=5)))
    late.go(until="load_observations")
    assert (late.told("plan_cycle"), late.told("load_observations")["rows"], loads) == ([], 0, [])
    assert shop.tables() == before


def test_a_cycle_whose_run_came_too_late_is_a_gap(shop: World) -> None:
    load(collected(shop, 1))
    late = shop.run(2)
    shop.at(late.cycle + dt.timedelta(minutes=5, seconds=1))
    late.go(until="load_observations")
    load(collected(shop, 3))
    runs = [(row["cycle"], row["cluster"], row["status"], row["error_class"]) for row in shop.rows("collection_runs")]
    assert sorted(run for run in runs if run[0] == cycle_at(2)) == [
        (cycle_at(2), EU, "failed", "missed_cycle"),
        (cycle_at(2), US, "failed", "missed_cycle"),
    ]
    assert len(runs) == 6, "every expected cluster in every cycle, once"
    assert names(shop, 2) == []
