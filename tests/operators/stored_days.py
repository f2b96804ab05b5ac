"""Days of a small shop as the watch has left them in BigQuery: what audits are made of.

Every day orders rolls out at 09:00 and goes over its limit in eu-prod-1 from 10:00 to 11:30, and in us-prod-1 from
15:30 to 17:00, of which it is dark from 16:00 to 16:40. At 20:30 orders runs one pod more than its limit for an hour:
on the first day by an exemption. Search uses an exemption at noon. On the second day eu-prod-1 seemed dark at 08:00:
its manifests came late. Orders' limit was raised at 10:30 of that day, and that was learnt two days after the last one.

Where it is asked for, cycles were of one minute for a while on the first day, in the middle of what was over: somebody
changed their length at 11:02, and back at 11:22, neither a mark of both.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from pedwatch import settings, sql
from pedwatch.alerts import ledger, table_rows
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.fold import fold_period
from pedwatch.audit import judged
from pedwatch.config import PolicyConfig
from pedwatch.cycles import PERIOD, cycles_between
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from tests.sql.case_files import json_row

EVER = dt.datetime(9999, 12, 31, 23, 59, 59, 999999, dt.UTC)
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CLUSTERS = {"eu-prod-1": "prod", "us-prod-1": "prod"}
TEAMS = {"orders": "orders", "sessions": "orders", "search": "discovery", "steady": "discovery"}
GRANTS = {"orders": 8, "sessions": 2, "search": 5, "steady": 5}
RAISED_TO, RAISED_BY = 12, "c0ffee5"
EVENING = dt.timedelta(hours=20)
Row = dict[str, Any]


def _between(cycle: dt.datetime, start: str, end: str) -> bool:
    return start <= f"{cycle:%H:%M}" < end


def _replicas(name: str, cluster: str, cycle: dt.datetime) -> tuple[int, int, int]:
    """Return what was asked for, what ran and what of it was of the newest template."""
    count = GRANTS.get(name, 3)
    if name == "orders" and cluster == "eu-prod-1":
        if _between(cycle, "09:00", "09:15"):
            return count, count + 3, 4
        if _between(cycle, "10:00", "11:30"):
            count = 10 if _between(cycle, "10:00", "10:45") else 14
        elif _between(cycle, "20:30", "21:30"):
            count = 9
    if name == "orders" and cluster == "us-prod-1" and _between(cycle, "15:30", "17:00"):
        count = 11
    if name == "search" and cluster == "eu-prod-1" and _between(cycle, "12:00", "13:00"):
        count = 7
    return count, count, count


class StoredDays:
    """Writes days into a dataset with tables.

    Args:
        warehouse: of the dataset.
        first: the first day.
        days: how many.
        is_length_changed: whether there was an interlude of one-minute cycles.
    """

    def __init__(self, warehouse: Warehouse, first: dt.date, days: int, is_length_changed: bool = False) -> None:
        self.warehouse, self._is_length_changed = warehouse, is_length_changed
        self.start = dt.datetime.combine(first, dt.time(), dt.UTC)
        self.end = self.start + dt.timedelta(days=days)
        self.learnt_at = self.end + dt.timedelta(days=2)

    @property
    def cycles(self) -> list[dt.datetime]:
        """All cycles of the days."""
        return list(self.lengths)

    @property
    def lengths(self) -> dict[dt.datetime, int]:
        """Their lengths in minutes, as `observations/record_collection.sql` would record them."""
        found = dict.fromkeys(cycles_between(self.start - PERIOD, self.end - PERIOD, PERIOD), 5)
        if self._is_length_changed:
            changed, back = (self.start + dt.timedelta(hours=11, minutes=minute) for minute in (0, 22))
            minute = dt.timedelta(minutes=1)
            found |= dict.fromkeys(cycles_between(changed, back, minute), 1)
            found[back + 3 * minute] = 3
        return dict(sorted(found.items()))

    def write(self) -> None:
        """Write everything: judged live as it was known then, and what was learnt later after it."""
        self._load("policy_history", [self._policy()])
        self._load("limit_sync_runs", [self._sync(LONG_AGO)])
        self._load("limit_history", list(self._limits()))
        self._load("collection_runs", list(self._collections(is_late_data_there=False)))
        self._load("replica_observations", list(self._observations()))
        self._judge_live()
        self._fold_live()
        self._load("collection_runs", list(self._collections(is_late_data_there=True)))
        self._learn_late()

    def _load(self, table: str, given: list[Row]) -> None:
        from google.cloud import bigquery

        target = f"{self.warehouse.config.project}.{self.warehouse.config.dataset}.{table}"
        schema = self.warehouse.client.get_table(target).schema
        config = bigquery.LoadJobConfig(schema=schema, write_disposition="WRITE_TRUNCATE")
        self.warehouse.client.load_table_from_json([json_row(row) for row in given], target, job_config=config).result()

    def _policy(self) -> Row:
        settings_of = PolicyConfig().for_api(None, None).model_dump()
        approvers = [{"approver": "dana", "team_id": "platform"}]
        held = {"valid_from": dt.datetime(1, 1, 1, tzinfo=dt.UTC), "valid_to": EVER}
        return {"policy_version": "policy-1", **held, **settings_of, "approvers": approvers}

    def _sync(self, read_time: dt.datetime) -> Row:
        counts = dict.fromkeys(("documents_read", "documents_known", "changes", "rejections"), 0)
        times = {"read_time": read_time, "committed_at": read_time}
        source = {f"firestore_{name}": "-" for name in ("project", "database", "collection")}
        return {
            "sync_id": read_time.isoformat(),
            "mode": "full",
            "policy_version": "policy-1",
            **times,
            **counts,
            **source,
        }

    def _exemption(self, name: str, starts_at: dt.datetime, ends_at: dt.datetime, replicas: int) -> Row:
        named = {"exemption_id": name, "reason": name, "ticket": "PED-9", "approver": "dana"}
        return named | {"starts_at": starts_at, "ends_at": ends_at, "max_replicas": replicas}

    def _limit(self, api: str, **fields: Any) -> Row:
        exemptions = {
            "search": [self._exemption("sale", self.start, self.start + dt.timedelta(days=60), 8)],
            "orders": [
                self._exemption("night", self.start + EVENING, self.start + EVENING + dt.timedelta(hours=3), 10)
            ],
        }
        return {
            "limit_id": f"prod.{TEAMS[api]}.{api}",
            "api_id": api,
            "team_id": TEAMS[api],
            "environment": "prod",
            "scope": "cluster",
            "version": 1,
            "max_replicas": GRANTS[api],
            "approver": "dana",
            "ticket": "PED-1",
            "exemptions": exemptions.get(api, []),
            "source_repo": "shop/limits",
            "source_path": f"{api}.yaml",
            "source_commit": "0ddba11",
            "document_update_time": LONG_AGO,
            "valid_from": LONG_AGO,
            "valid_to": EVER,
            "recorded_from": LONG_AGO,
            "recorded_to": EVER,
            "content_sha256": api,
            "versions_missing": 0,
            "is_deleted": False,
        } | fields

    def _limits(self) -> Iterator[Row]:
        return (self._limit(api) for api in GRANTS)

    def _learn_late(self) -> None:
        raised_at, learnt_at = self.start + dt.timedelta(days=1, hours=10, minutes=30), self.learnt_at
        new = {"version": 2, "max_replicas": RAISED_TO, "source_commit": RAISED_BY, "approver": "erin"}
        limits = [row for row in self._limits() if row["api_id"] != "orders"]
        limits += [
            self._limit("orders", recorded_to=learnt_at),
            self._limit("orders", valid_to=raised_at, recorded_from=learnt_at),
            self._limit("orders", valid_from=raised_at, recorded_from=learnt_at, **new),
        ]
        self._load("limit_history", limits)
        self._load("limit_sync_runs", [self._sync(LONG_AGO), self._sync(learnt_at)])

    def _collections(self, is_late_data_there: bool) -> Iterator[Row]:
        second = self.start + dt.timedelta(days=1)
        for cycle, minutes in self.lengths.items():
            for cluster, environment in CLUSTERS.items():
                is_unseen = minutes == 1 and cycle.minute == 1  # between the last long one and the first short one
                is_dark = cluster == "us-prod-1" and _between(cycle, "16:00", "16:40")
                is_late = cluster == "eu-prod-1" and second.date() == cycle.date() and _between(cycle, "08:00", "08:20")
                is_failed = is_unseen or is_dark or (is_late and not is_late_data_there)
                yield {
                    "cycle": cycle,
                    "cycle_minutes": minutes,
                    "cluster": cluster,
                    "environment": environment,
                    "status": "failed" if is_failed else "complete",
                    "error_class": "missed_cycle" if is_unseen else "unreachable" if is_failed else None,
                    "attempt_id": None if is_failed else "a1",
                    "deployments_listed": None if is_failed else 5,
                    "hpas_listed": None if is_failed else 0,
                    "recorded_at": cycle,
                }

    def _observations(self) -> Iterator[Row]:
        for cycle in self.cycles:
            for cluster, environment in CLUSTERS.items():
                for name in (*GRANTS, "stray"):
                    spec, status, updated = _replicas(name, cluster, cycle)
                    yield {
                        "cycle": cycle,
                        "observed_at": cycle,
                        "environment": environment,
                        "cluster": cluster,
                        "namespace": "shop",
                        "resource_type": "deployment",
                        "name": name,
                        "api_id": name if name in TEAMS else None,
                        "team_id": TEAMS.get(name),
                        "created_at": LONG_AGO,
                        "spec_replicas": spec,
                        "status_replicas": status,
                        "updated_replicas": updated,
                        "max_surge": "50%",
                        "attempt_id": "a1",
                    }

    def _judge_live(self) -> None:
        """Append to the ledger what live runs would have: the same rules, set-based."""
        rules = sql.render(
            settings.include_dir() / "sql", "verdicts/_judged_period.sql", dataset=self.warehouse.config.dataset
        )
        columns = ", ".join(judged.COLUMNS)
        text = (
            f"{rules}\nINSERT INTO `{self.warehouse.config.dataset}.verdicts`"
            f" ({columns}, is_limits_stale, origin, revision, content_sha256, computed_at, run_id)"
            f" SELECT {columns}, FALSE, 'live', 1, 'live', cycle, 'live'"
            " FROM (SELECT j.*, TO_HEX(SHA256(j.subject)) AS fingerprint FROM judged_period AS j"
            " WHERE j.cycle >= @period_start)"
        )
        from google.cloud import bigquery

        from pedwatch.hooks.parameters import query_parameters

        parameters = {"period_start": self.start, "period_end": self.end, "known_at": Typed("TIMESTAMP", None)}
        config = bigquery.QueryJobConfig(query_parameters=query_parameters(parameters))
        self.warehouse.client.query(text, job_config=config).result()

    def _fold_live(self) -> None:
        found = self.warehouse.run(
            "audit/period_ledger.sql", {"period_start": self.start, "period_end": self.end, **_everybody()}
        )
        previous = dict.fromkeys(f"previous_{name}" for name in _TRACED)
        observations = [ledger.from_verdict({**row, **previous}) for row in found]
        observations += ledger.from_clusters(self._collections(is_late_data_there=False), [])
        episodes = fold_period([], observations, self.cycles, PolicyConfig())
        self._load("episodes", [self._episode(episode) for episode in episodes])

    def _episode(self, episode: Episode) -> Row:
        return {**table_rows.episode_to_row(episode), "updated_at": self.end}


_TRACED = ("max_replicas", "limit_version", "spec_replicas", "hpa_max_replicas")


def _everybody() -> dict[str, Typed]:
    return {name: Typed("ARRAY<STRING>", []) for name in ("teams", "apis")}
