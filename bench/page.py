"""The pages in a fleet of 50,000 subjects with 90 days behind it: how long they take, and what they bill.

On the BigQuery stand-in as a process of its own: 5,000 APIs in ten clusters each, 90 audited days, the ledger since the
last of them, a year of episodes. The application is asked in this process, without Airflow before it; "warm" is an
answer that somebody asked for within the minute.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from bench.billed_statements import Catalog
from bench.fleet_sizes import Fleet
from bench.prices import Prices
from bench.results import Goal
from bench.verdicts import World, start_stand_in
from pedwatch.audit.subject_days import api_bucket
from pedwatch.hooks.warehouse import Warehouse

SUBJECTS, APIS, CLUSTERS, DAYS, EPISODES = 50_000, 5_000, 10, 90, 73_000
MIDNIGHT, NEWEST, NOW = (f"2026-03-02 {time}:00+00" for time in ("00:00", "10:05", "10:07"))

_SUBJECT = """CONCAT('cluster/prod.team-', MOD(DIV(i, {clusters}), 100), '.api-', DIV(i, {clusters}), '/c-',
  MOD(i, {clusters})) AS subject, 'cluster' AS scope, 'prod' AS environment,
  CONCAT('c-', MOD(i, {clusters})) AS cluster,
  CONCAT('api-', DIV(i, {clusters})) AS api_id, CONCAT('team-', MOD(DIV(i, {clusters}), 100)) AS team_id"""
_RUN = (
    "STRUCT({start} AS start, {cycles} AS cycles, 5 AS cycle_minutes, '{verdict}' AS verdict, {measured} AS measured, "
    + (
        "20 AS max_replicas, 20 AS ceiling, CAST(NULL AS STRING) AS exemption_id, {rollout} AS is_rollout, "
        "FALSE AS is_blind)"
    )
)
_FROM = "TIMESTAMP(day)"
_RUNS = ", ".join(
    _RUN.format(start=start, cycles=cycles, verdict=verdict, measured=measured, rollout=rollout)
    for start, cycles, verdict, measured, rollout in (
        (_FROM, 96, "within_limit", "8 + MOD(i, 12)", "FALSE"),
        (f"TIMESTAMP_ADD({_FROM}, INTERVAL 8 HOUR)", 2, "within_limit", "9 + MOD(i, 12)", "TRUE"),
        (f"TIMESTAMP_ADD({_FROM}, INTERVAL 490 MINUTE)", 190, "over_limit", "8 + MOD(i, 14)", "FALSE"),
    )
)
_DAYS = f"""
INSERT INTO `{{d}}.subject_days` (day, from_cycle, to_cycle, counted, fingerprint, subject, scope, environment, cluster,
  api_id, team_id, judged_cycles, over_cycles, strict_cycles, exempt_cycles, unknown_cycles, over_minutes,
  strict_minutes, unknown_minutes, replica_minutes_over, peak_measured)
SELECT day, {_FROM}, TIMESTAMP_ADD({_FROM}, INTERVAL 24 HOUR), 'then', CAST(i AS STRING), {_SUBJECT}, 288, 0, 0,
  0, 0, 0, 0, 0, 0, 20
FROM (
  SELECT DATE_SUB(DATE '2026-03-02', INTERVAL b DAY) AS day FROM UNNEST(GENERATE_ARRAY({{until}}, {{back}})) AS b
)
CROSS JOIN UNNEST(GENERATE_ARRAY(0, {{workloads}} - 1)) AS i
"""
_STRETCHES = f"""
INSERT INTO `{{d}}.subject_stretches` (api_bucket, day, audited_at, environment, subject, api_id, team_id, runs)
SELECT bucket, day, {_FROM}, 'prod', who.subject, who.api_id, who.team_id, [{_RUNS}]
FROM (
  SELECT DATE_SUB(DATE '2026-03-02', INTERVAL b DAY) AS day FROM UNNEST(GENERATE_ARRAY({{until}}, {{back}})) AS b
)
CROSS JOIN (SELECT i, {_SUBJECT} FROM UNNEST(GENERATE_ARRAY(0, {{workloads}} - 1)) AS i) AS who
INNER JOIN UNNEST({[api_bucket(f"api-{number}") for number in range(APIS)]}) AS bucket WITH OFFSET AS api
  ON api = DIV(i, {{clusters}})
"""
_LEDGER = f"""
INSERT INTO `{{d}}.verdicts` (cycle, cycle_minutes, fingerprint, subject, scope, environment, cluster, api_id, team_id,
  workload_count, verdict, measured, running, is_lower_bound, is_over_strict, max_replicas, ceiling, is_contested,
  surge_allowance, is_limits_stale, reason, origin, revision, content_sha256, computed_at, run_id)
SELECT cycle, 5, CAST(i AS STRING), {_SUBJECT}, 1, IF(MOD(i, 250) = 0, 'over_limit', 'within_limit'), 8 + MOD(i, 14),
  8 + MOD(i, 14), FALSE, FALSE, 20, 20, FALSE, 0, FALSE, 'within_ceiling', 'live', 1, 'c', cycle, 'r'
FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(TIMESTAMP '{MIDNIGHT}', TIMESTAMP '{NEWEST}', INTERVAL 5 MINUTE)) AS cycle
CROSS JOIN UNNEST(GENERATE_ARRAY(0, {{workloads}} - 1)) AS i
"""
_EPISODES = f"""
INSERT INTO `{{d}}.episodes` (episode_id, fingerprint, kind, state, severity, is_exempted, is_blind, started_cycle,
  fired_cycle, resolved_cycle, last_cycle, over_cycles, unknown_cycles, fold_state, updated_at, subject, scope,
  environment, cluster, api_id, team_id)
SELECT CONCAT('e-', n), CAST(i AS STRING), 'over_limit', IF(n < 200, 'firing', 'resolved'), 'warning', FALSE, FALSE,
  began, began, IF(n < 200, NULL, TIMESTAMP_ADD(began, INTERVAL 2 HOUR)), began, 1, 0, '{{{{}}}}', began, {_SUBJECT}
FROM (
  SELECT n, MOD(n * 250, {{workloads}}) AS i, TIMESTAMP_SUB(TIMESTAMP '{NEWEST}', INTERVAL DIV(n, 200) + 1 DAY) AS began
  FROM UNNEST(GENERATE_ARRAY(0, {EPISODES} - 1)) AS n
)
"""
_NOTES = f"""
INSERT INTO `{{d}}.notifications` (notification_id, episode_id, sequence, cycle, reason, destination, channel,
  told_state, message, status, attempts, created_at, run_id)
SELECT CONCAT('n-', n, '-', s), CONCAT('e-', n), s, TIMESTAMP '{NEWEST}', 'first', 'team', 'C0', '{{{{}}}}',
  '{{{{}}}}', 'sent', 1, TIMESTAMP '{NEWEST}', 'r'
FROM UNNEST(GENERATE_ARRAY(0, {EPISODES} - 1)) AS n CROSS JOIN UNNEST([1, 2]) AS s
"""
_CURSOR = f"""
INSERT INTO `{{d}}.fold_cursor` (name, cycle, cycle_minutes, updated_at)
VALUES ('live', TIMESTAMP '{NEWEST}', 5, TIMESTAMP '{NEWEST}')
"""
_MB = 1e6


def fill(world: World) -> None:
    """Write the fleet; a month at a time, for the stand-in's memory."""
    texts = [_LEDGER, _EPISODES, _NOTES, _CURSOR]
    texts += [_DAYS.replace("{back}", str(back)).replace("{until}", str(back - 29)) for back in range(DAYS, 0, -30)]
    for back in (10, 20, 30, 40):
        texts.append(_STRETCHES.replace("{back}", str(back)).replace("{until}", str(back - 9)))
    for text in texts:
        world.run(text)


def measure() -> tuple[list[Goal], list[dict[str, Any]]]:
    """Fill the fleet, look at the pages, and work out what they bill."""
    with tempfile.TemporaryDirectory(prefix="pedwatch-bench-") as folder:
        server, address = start_stand_in(f"{folder}/data")
        try:
            began = time.perf_counter()
            world = World(address, "pages", workloads=SUBJECTS, clusters=CLUSTERS, apis=APIS)
            fill(world)
            filled = time.perf_counter() - began
            seconds = _look(world.warehouse, Path(folder))
        finally:
            server.terminate()
            server.wait(timeout=30)
    catalog = Catalog()
    prices = Prices(catalog, Fleet(SUBJECTS))
    bills = {name: prices.of(name).bytes / _MB for name in catalog.names if name.startswith("page/")}
    goals = [
        Goal("Now, warm", seconds["now, warm"], 0.5, "s"),
        Goal("an API's 30 days", seconds["api, 30 days"], 1.0, "s"),
        Goal("Now, by the model", bills["page/now.sql"], 120, "MB"),
        Goal("an API's 30 days, by the model", bills["page/stretches.sql"], 60, "MB"),
    ]
    return goals, [{"seconds_to_fill": filled, "seconds": seconds, "mb_by_the_model": bills}]


def _look(warehouse: Warehouse, folder: Path) -> dict[str, float]:
    """Return how long each page takes, in seconds; of several looks the median."""
    from fastapi.testclient import TestClient

    from pedwatch.page.app import make_app
    from pedwatch.page.questions import Questions

    path = folder / "pedwatch.yaml"
    path.write_text(yaml.safe_dump(warehouse.config.model_dump(mode="json")))
    os.environ |= {"PEDWATCH_CONFIG": str(path), "PEDWATCH_CLOCK": NOW, "BIGQUERY_EMULATOR_HOST": "as given"}
    client = TestClient(make_app(Questions(lambda config: warehouse), may_see=lambda: None))

    def seconds(address: str) -> float:
        began = time.perf_counter()
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        return time.perf_counter() - began

    cold = seconds("now")
    looks = ("now", "now?q=api-17", "now?sort=use&page=300", "now?team=team-7&sort=api", "now?near=1")
    return {
        "now, cold": cold,
        "now, warm": statistics.median(map(seconds, looks)),
        "now, warm, the slowest": max(map(seconds, looks)),
        "api, 30 days": statistics.median(seconds(f"api?api=api-{n}&span=30d") for n in (25, 1500, 4999)),
        "api, 24 hours": statistics.median(seconds(f"api?api=api-{n}&span=24h") for n in (26, 1501, 4998)),
        "episodes": seconds("episodes"),
        "coverage": seconds("coverage"),
    }
