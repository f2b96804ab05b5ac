"""A fleet to look at: what the pages' tests, their pictures and their first look in a browser show.

A month of an API that was over, exempt, rolled out and not seen; a cluster that cannot be seen now; a team whose name
is hostile; and enough quiet APIs for several pages.
"""

import datetime as dt
from typing import Any

from google.cloud import bigquery

from pedwatch.audit.subject_days import api_bucket
from pedwatch.hooks.warehouse import Warehouse
from tests.sql.case_files import json_row, with_defaults

NEWEST = dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC)
NOW = NEWEST + dt.timedelta(minutes=2)
MINUTES = dt.timedelta(minutes=1)
CYCLE = 5 * MINUTES
HOSTILE = '<script>alert("x")</script>&{{ 7 * 7 }}'
QUIET_APIS = 120
OVER_SINCE = NEWEST - 4 * CYCLE

Rows = dict[str, list[dict[str, Any]]]


def subject_of(api: str, cluster: str = "eu-prod-1", team: str = "team-orders") -> dict[str, Any]:
    """Who a subject is, in the columns that tables share."""
    subject = f"cluster/prod.{team}.{api}/{cluster}"
    return {"fingerprint": f"f-{api}-{cluster}", "subject": subject, "cluster": cluster, "api_id": api, "team_id": team}


def judged(who: dict[str, Any], cycle: dt.datetime, **columns: Any) -> dict[str, Any]:
    """A verdict."""
    return {**who, "limit_id": f"prod.{who['team_id']}.{who['api_id']}", "cycle": cycle, **columns}


OVER = {"verdict": "over_limit", "reason": "over_ceiling", "measured": 14, "running": 14, "is_over_strict": True}
UNKNOWN = {"verdict": "unknown", "reason": "cluster_not_seen", "measured": None, "offender": None}


def verdicts() -> list[dict[str, Any]]:
    """The ledger: two hours of the API that is over, and the newest cycle of everybody."""
    rows = []
    orders, elsewhere = subject_of("orders-api"), subject_of("orders-api", "us-prod-1")
    for number in range(126):  # since the last audited day
        cycle = NEWEST - number * CYCLE
        rows.append(judged(orders, cycle, **(OVER if cycle >= OVER_SINCE else {"measured": 8 + (number // 20) % 2})))
        rows.append(judged(elsewhere, cycle, **(UNKNOWN if number < 3 else {"measured": 6})))
    rows.append(
        judged(
            subject_of("search-api", team="team-search"),
            NEWEST,
            **(OVER | {"measured": 41, "running": 41, "max_replicas": 20, "ceiling": 20}),
        )
    )
    rows.append(judged(subject_of("cart-api"), NEWEST, measured=10, running=7, offender="hpa"))
    rows.append(judged(subject_of("sale-api"), NEWEST, verdict="exempt", measured=25, ceiling=30, exemption_id="sale"))
    rows.append(judged(subject_of("young-api"), NEWEST, verdict="in_grace", measured=12, reason="new_workload"))
    free = {"limit_id": None, "limit_version": None, "max_replicas": None, "ceiling": None}
    rows.append(judged(subject_of("free-api"), NEWEST, verdict="no_limit", reason="no_limit") | free)
    rows.append(judged(subject_of(HOSTILE, team=HOSTILE), NEWEST, measured=9))
    rows.append(
        judged(subject_of("x"), NEWEST, verdict="unlabelled", subject="workload/prod/eu-prod-1/tools/Deployment/cron")
        | free
        | {"fingerprint": "f-cron", "api_id": None, "team_id": None}
    )
    for number in range(QUIET_APIS):
        rows.append(judged(subject_of(f"quiet-{number:03}", team="team-quiet"), NEWEST, measured=number % 8))
    return rows


def run(start: dt.datetime, cycles: int, **columns: Any) -> dict[str, Any]:
    """A stretch of `subject_stretches.runs`."""
    like = {"verdict": "within_limit", "measured": 8, "max_replicas": 10, "ceiling": 10, "exemption_id": None}
    marks = {"is_rollout": False, "is_blind": False}
    return {"start": start, "cycles": cycles, "cycle_minutes": 5, **like, **marks, **columns}


def day_of(day: dt.date) -> tuple[dict[str, Any], dict[str, Any]]:
    """The API that is over, on a day of the month before: its counts, and its stretches."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    hours = [start + dt.timedelta(hours=hour) for hour in range(25)]
    runs = [run(hours[0], 96, max_replicas=10)]
    kind = day.day % 6
    if kind == 0:
        runs += [run(hours[8], 24, verdict="over_limit", measured=13), run(hours[10], 168)]
    elif kind == 2:
        runs += [run(hours[8], 12, measured=9, is_rollout=True), run(hours[9], 180)]
    elif kind == 3:
        blind = {"verdict": "unknown", "measured": None, "is_blind": True}
        runs += [run(hours[8], 36, **blind), run(hours[11], 156)]
    elif kind == 4:
        runs += [run(hours[8], 120, verdict="exempt", measured=14, ceiling=15, exemption_id="sale"), run(hours[18], 72)]
    else:
        runs += [run(hours[8], 192, measured=9)]
    who = subject_of("orders-api")
    counts = dict.fromkeys("over strict exempt unknown".split(), 0)
    return {
        "day": day,
        "from_cycle": start,
        "to_cycle": hours[24],
        "counted": "then",
        **who,
        "scope": "cluster",
        "environment": "prod",
        "limit_id": "prod.team-orders.orders-api",
        "judged_cycles": 288,
        **{f"{name}_cycles": count for name, count in counts.items()},
        **{f"{name}_minutes": 0 for name in ("over", "strict", "unknown")},
        "replica_minutes_over": 0,
        "peak_measured": 14,
    }, {
        "api_bucket": api_bucket("orders-api"),
        "day": day,
        "audited_at": hours[24],
        **{name: who[name] for name in ("subject", "api_id", "team_id")},
        "environment": "prod",
        "runs": runs,
    }


def collection() -> list[dict[str, Any]]:
    """A day of two clusters: one with a hole of each kind."""
    rows = []
    for number in range(288):
        cycle = NEWEST - number * CYCLE
        rows.append({"cycle": cycle})
        if 100 <= number < 112:
            continue  # nobody recorded it
        seen: dict[str, Any] = {}
        if number < 3:
            seen = {"status": "failed", "error_class": "timeout", "error_message": HOSTILE, "attempt_id": None}
        elif number == 40:
            seen = {"status": "partial", "error_class": "forbidden", "error_message": "statefulsets: 403"}
        rows.append({"cycle": cycle, "cluster": "us-prod-1", **seen})
    return rows


def rows() -> Rows:
    """Everything, by table; columns left out come from the cases' defaults."""
    orders, search = subject_of("orders-api"), subject_of("search-api", team="team-search")
    days = [NEWEST.date() - dt.timedelta(days=number) for number in range(1, 31)]
    ended = {"state": "resolved", "end_reason": "replicas_fell", "peak_measured": 13, "max_replicas": 10}
    began = NEWEST - dt.timedelta(days=8)
    limit = {"limit_id": "prod.team-orders.orders-api", "api_id": "orders-api", "approver": "dana@platform"}
    sale = {
        "exemption_id": "sale",
        "reason": HOSTILE,
        "ticket": "PED-7",
        "approver": "ana@platform",
        "max_replicas": 15,
    }
    version_2 = NEWEST - dt.timedelta(days=12)
    return {
        "verdicts": verdicts(),
        "subject_days": [day_of(day)[0] for day in days],
        "subject_stretches": [day_of(day)[1] for day in days],
        "collection_runs": collection(),
        "fold_cursor": [{"cycle": NEWEST}],
        "episodes": [
            {
                "episode_id": "e1",
                **orders,
                "measured": 14,
                "max_replicas": 10,
                "peak_measured": 14,
                "severity": "warning",
            }
            | {"started_cycle": OVER_SINCE, "fired_cycle": OVER_SINCE + CYCLE, "last_cycle": NEWEST},
            {
                "episode_id": "e2",
                **search,
                "measured": 41,
                "max_replicas": 20,
                "peak_measured": 41,
                "severity": "critical",
            }
            | {"started_cycle": NEWEST - dt.timedelta(days=2), "fired_cycle": NEWEST, "last_cycle": NEWEST},
            {"episode_id": "e3", **orders, **ended, "started_cycle": began, "fired_cycle": began + CYCLE}
            | {"resolved_cycle": began + dt.timedelta(hours=2), "last_cycle": began + dt.timedelta(hours=2)},
            {"episode_id": "e4", "fingerprint": "f-blind", "kind": "blind_cluster", "subject": "blind/us-prod-1"}
            | {"cluster": "us-prod-1", "api_id": None, "team_id": None, "is_blind": True}
            | {"started_cycle": NEWEST - 2 * CYCLE, "fired_cycle": NEWEST, "last_cycle": NEWEST},
        ],
        "notifications": [
            {"notification_id": "n1", "episode_id": "e1", "cycle": OVER_SINCE + CYCLE, "reason": "first"}
            | {"sent_at": OVER_SINCE + CYCLE + MINUTES, "permalink": "https://example.slack.com/archives/C0ORDERS/p1"},
            {"notification_id": "n2", "episode_id": "e1", "sequence": 2, "cycle": NEWEST, "reason": "worse"}
            | {"status": "dead", "error": "channel_not_found"},
            {"notification_id": "n3", "episode_id": "e1", "sequence": 3, "cycle": NEWEST, "channel": "mailto:ana@shop"},
            {"notification_id": "n4", "episode_id": "e2", "cycle": NEWEST, "channel": "C0SEARCH"},
            {"notification_id": "n5", "episode_id": "e3", "cycle": began + CYCLE, "permalink": "javascript:alert(1)"},
        ],
        "acknowledgements": [
            {"acknowledgement_id": "k1", "episode_id": "e2", "acknowledged_by": "U0MAYA", "via": "reaction"}
            | {"severity": "critical", "acknowledged_at": NEWEST}
        ],
        "limit_history": [
            {**limit, "max_replicas": 8, "valid_to": version_2, "source_commit": "0a1b2c3d4e5f60718293"},
            {**limit, "version": 2, "valid_from": version_2, "recorded_from": version_2 + dt.timedelta(hours=3)}
            | {
                "ticket": "PED-41",
                "source_repo": "limits",
                "source_path": "orders.yaml",
                "source_commit": "f00dfeedcafe1234",
            }
            | {"exemptions": [sale | {"starts_at": NEWEST - dt.timedelta(days=30), "ends_at": NEWEST}]},
        ],
        "replica_observations": [
            {"name": "orders", "api_id": "orders-api", "cycle": NEWEST, "spec_replicas": 14, "status_replicas": 14}
        ],
    }


def fill(warehouse: Warehouse, given: Rows | None = None) -> None:
    """Write a fleet into empty tables."""
    for table, each in with_defaults(given or rows()).items():
        target = warehouse.address(table)
        schema = warehouse.client.get_table(target).schema
        config = bigquery.LoadJobConfig(schema=schema, write_disposition="WRITE_TRUNCATE")
        warehouse.client.load_table_from_json([json_row(row) for row in each], target, job_config=config).result()
