"""A sample of subject-cycles: drawn by the seed alone, with every row behind each, and what does not agree."""

import contextlib
import gzip
import io
import json
from typing import Any

import pytest

from pedwatch.audit.sample import held_against, in_words, read_object
from pedwatch.cli import main
from tests.evidence.hourly_shop import HourlyShop

PERIOD = ("--from", "2026-03-02T00:00Z", "--to", "2026-03-04T00:00Z")
Drawn = list[tuple[Any, str]]


def sample(*words: str) -> tuple[int, str]:
    """Draw, and return the exit status and what was printed."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        return main(["audit", "sample", *PERIOD, *words]), out.getvalue()


def draw(shop: HourlyShop, seed: str, size: int) -> Drawn:
    """Return what a seed draws."""
    wanted = {"period_start": shop.days.start, "period_end": shop.days.end, "seed": seed, "size": size}
    return [(row["cycle"], row["fingerprint"]) for row in shop.world.warehouse.run("audit/sample.sql", wanted)]


@pytest.fixture(scope="module")
def seed(shop: HourlyShop) -> str:
    """A seed by which the first that is drawn is over its limit: found by trying, as nobody may when auditing."""
    query = "SELECT cycle, fingerprint FROM {verdicts} WHERE cycle > '2026-03-02' AND verdict = 'over_limit'"
    wanted = {(row["cycle"], row["fingerprint"]) for row in shop.world.query(query)}
    return next(str(number) for number in range(300) if draw(shop, str(number), 1)[0] in wanted)


@pytest.fixture(scope="module")
def one(seed: str) -> dict[str, Any]:
    """What is drawn by that seed."""
    status, told = sample("--n", "1", "--seed", seed, "--format", "json")
    [found] = json.loads(told)["sample"]
    assert status == (4 if found["findings"] else 0)
    return found


def test_a_seed_draws_the_same_and_another_one_others(shop: HourlyShop) -> None:
    first = draw(shop, "march", 3)
    assert len(set(first)) == 3
    assert draw(shop, "march", 5)[:3] == first, "more of the same draw, not another one"
    assert draw(shop, "april", 3) != first
    everything = draw(shop, "march", 10_000)
    ledger = shop.world.query("SELECT DISTINCT cycle, fingerprint FROM {verdicts} WHERE cycle > '2026-03-01'")
    assert len(everything) == len(set(everything)) == len(ledger), "each can be drawn, and is drawn once"


def test_behind_a_verdict_stands_all_it_was_made_of(one: dict[str, Any]) -> None:
    live = one["verdicts"]["live"]
    assert live["verdict"] == one["verdicts"]["then"]["verdict"] == "over_limit"
    assert sum(row["status_replicas"] for row in one["observations"]) == live["measured"]
    assert {row["api_id"] for row in one["observations"]} == {live["api_id"]}
    assert (live["limit_id"], live["limit_version"]) in {(row["limit_id"], row["version"]) for row in one["limits"]}
    assert {row["policy_version"] for row in one["policies"]} == {live["policy_version"]}
    [evidence] = one["evidence"]
    assert evidence["state"] == evidence["manifest_state"] == "unchanged"
    assert evidence["recorded_sha256"] == evidence["found_sha256"]
    assert evidence["manifest_object"].replace("/manifests/", "/obs/") + ".gz" == evidence["evidence_object"]
    assert one["messages"] and {row["episode_id"] for row in one["messages"]}


def test_what_was_changed_of_it_is_said(shop: HourlyShop, one: dict[str, Any], seed: str) -> None:
    bucket, _, name = one["evidence"][0]["evidence_object"].removeprefix("gs://").partition("/")
    blob = shop.world.storage.bucket(bucket).blob(name)
    written = blob.download_as_bytes(raw_download=True)
    running = f'"status_replicas": {one["observations"][0]["status_replicas"]}'
    text = gzip.decompress(written).replace(running.encode(), b'"status_replicas": 1')
    try:
        blob.upload_from_string(gzip.compress(text), content_type="application/x-ndjson")
        status, told = sample("--n", "1", "--seed", seed)
    finally:
        blob.upload_from_string(written, content_type="application/x-ndjson")
    assert status == 4
    assert f"{name} has SHA-256" in told and "is not loaded as the collector wrote it" in told
    assert "1 drawn by the seed" in told and "judged live    over_limit (over_ceiling)" in told


RUN = {"cluster": "eu", "evidence_object": "gs://b/obs/x.ndjson.gz", "content_sha256": "5"}
ROW = {"namespace": "shop", "resource_type": "deployment", "name": "orders", "status_replicas": 3, "labels": []}


def test_an_object_that_is_gone_is_told_from_a_cluster_that_was_not_seen() -> None:
    assert held_against(RUN, None, "m", {}, [ROW]).state == "gone"
    assert held_against(RUN, None, "m", None, []).manifest_state == "gone"
    assert held_against(RUN, None, "m", {"cluster": "us"}, []).manifest_state == "changed"
    assert held_against(RUN, None, "m", {"cluster": "eu", "retries": 1}, []).manifest_state == "unchanged"
    assert held_against(RUN | {"evidence_object": None}, None, None, None, []).state == "none"


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8bno gzip", gzip.compress(b"")[:10] + b"\xff" * 20, b"[1]\n{}\nnonsense\n", b"\xff\xfe"]
)
def test_an_object_of_nonsense_is_a_changed_one(content: bytes) -> None:
    found = held_against(RUN, read_object(content), "m", {}, [ROW])
    assert (found.state, found.rows_differ) == ("changed", ("shop/deployment/orders",))


def test_a_row_is_as_written_where_null_is_left_out_and_times_are_text() -> None:
    written = {**ROW, "created_at": "2026-01-01T01:00:00+01:00"}
    row = {**ROW, "created_at": "2026-01-01T00:00:00Z", "paused": None}
    text = json.dumps(written).encode()
    assert held_against(RUN, read_object(text), "m", {}, [row]).rows_differ == ()
    assert held_against(RUN, read_object(text), "m", {}, [row | {"paused": True}]).rows_differ


def test_a_period_without_verdicts_is_refused(shop: HourlyShop, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--from", "2026-01-02T00:00Z", "--to", "2026-01-03T00:00Z", "--seed", "x"]
    assert main(["audit", "sample", *words]) == 1
    assert "the ledger has no verdict from 2026-01-02 00:00" in capsys.readouterr().err
    assert main(["audit", "sample", *PERIOD[2:], "--from", "2026-03-05T00:00Z", "--seed", "x"]) == 1
    assert "--to is not later than --from" in capsys.readouterr().err
    assert list(in_words([])) == []
