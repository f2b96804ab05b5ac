"""What new limits would have fired, over observations that are stored: told before anything is published."""

import datetime as dt

import pytest

from pedwatch.config import Config
from pedwatch.hooks.clients import AsPerson
from pedwatch.limits.document import PedLimit
from pedwatch.limits.document_changes import plan_changes
from pedwatch.replay.proposed_limits import would_have_fired
from tests.operators.limit_slice import NAME, Slice, slice_
from tests.unit.limits.samples import limit

__all__ = ["slice_"]

COLLECTED = """
INSERT INTO `{d}.collection_runs` (cycle, cycle_minutes, cluster, environment, status, attempt_id,
  deployments_listed, recorded_at)
SELECT cycle, 5, 'eu-prod-1', 'prod', 'complete', 'a', 1, cycle FROM UNNEST(@cycles) AS cycle
"""
OBSERVED = """
INSERT INTO `{d}.replica_observations` (cycle, observed_at, environment, cluster, namespace, resource_type, name,
  api_id, team_id, created_at, spec_replicas, status_replicas, updated_replicas, max_surge, attempt_id)
SELECT cycle, cycle, 'prod', 'eu-prod-1', 'shop', 'deployment', 'orders', 'orders-api', 'orders',
  TIMESTAMP '2025-01-01 00:00:00+00', @pods[OFFSET(place)], @pods[OFFSET(place)], @pods[OFFSET(place)], '25%', 'a'
FROM UNNEST(@cycles) AS cycle WITH OFFSET AS place
"""
PODS = [8] * 4 + [14] * 3 + [8] * 4 + [13] * 2 + [8] * 3
"""An hour and twenty minutes: twice above twelve pods."""


def observe(path: Slice) -> None:
    """Store what was observed up to now."""
    from google.cloud import bigquery

    newest = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    newest -= dt.timedelta(minutes=newest.minute % 5)
    cycles = [newest - dt.timedelta(minutes=5 * back) for back in reversed(range(len(PODS)))]
    parameters = [
        bigquery.ArrayQueryParameter("cycles", "TIMESTAMP", cycles),
        bigquery.ArrayQueryParameter("pods", "INT64", PODS),
    ]
    for text in (COLLECTED, OBSERVED):
        job = bigquery.QueryJobConfig(query_parameters=parameters)
        path.warehouse.client.query(text.format(d=path.config.dataset), job_config=job).result()


def replay(path: Slice, *limits: PedLimit, withdraw_missing: bool = False) -> list[str]:
    """Return what is told of publishing some limits."""
    changes = plan_changes(limits, path.store.matching(), withdraw_missing=withdraw_missing)
    return would_have_fired(changes, path.config, AsPerson())


def test_a_lower_limit_says_how_often_it_would_have_fired(slice_: Slice) -> None:
    slice_.publish(limit(20))
    slice_.sync()
    observe(slice_)
    [taken, summary, place] = replay(slice_, limit(12))
    assert taken.startswith(f"{NAME} matches 1 workload with 8 replicas: eu-prod-1/shop/orders (8), as of 20")
    assert summary == "would have fired 2 times in the last 14 days (16 cycles observed):"
    assert place.startswith(f"    {NAME}: 2 times (")
    assert place.endswith("UTC, at most 14 pods, 12 allowed")


def test_a_limit_that_nothing_exceeded_would_not_have_fired(slice_: Slice) -> None:
    slice_.publish(limit(20))
    slice_.sync()
    observe(slice_)
    assert replay(slice_, limit(14))[1:] == ["would not have fired in the last 14 days (16 cycles observed)"]


def test_a_limit_that_matches_nothing_is_not_praised(slice_: Slice) -> None:
    slice_.publish(limit(20))
    slice_.sync()
    observe(slice_)
    for fields, reason in (
        ({"selectors": {"cluster": "us-*"}}, "no cluster of prod is like us-*: there are eu-prod-1"),
        ({"environment": "prodd"}, "no cluster has environment prodd (did you mean prod?)"),
        ({"api_id": "order-api"}, "no workload of team orders has the API label order-api (did you mean orders-api?)"),
        ({"selectors": {"name": "batch-*"}}, "nothing of orders-api runs there that its selectors take"),
    ):
        told = replay(slice_, limit(12, **fields))
        assert told[0].partition(" UTC: ")[2] == reason
        assert told[1:] == ["nothing to replay: none of it matches what runs"]


def test_without_history_there_is_nothing_to_replay(slice_: Slice) -> None:
    assert replay(slice_, limit(12)) == ["no history to replay: nothing was observed in the last 14 days"]


def test_a_withdrawal_alone_is_not_replayed(slice_: Slice) -> None:
    slice_.publish(limit(12))
    assert replay(slice_, withdraw_missing=True) == []


def test_bigquery_out_of_reach_is_a_note(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AsPerson, "bigquery", lambda source, config: 1 / 0)
    changes = plan_changes([limit(12)], [])
    assert would_have_fired(changes, config, AsPerson()) == [
        "not replayed: BigQuery cannot be asked (division by zero)"
    ]
