"""How many rows each table has in a fleet of so many subjects, and how many bytes a row: the inputs of the bill.

Bytes are BigQuery's logical ones (cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes): 8
for a number or a moment, 1 for a BOOL, 2 and its UTF-8 for a STRING, nothing for a NULL.
"""

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

DAYS_PER_MONTH = 30
DAYS_OF_HISTORY = 365
"""For how long it has run: what has no partitions has grown for so long, and all of it is billed."""

_FIXED = {"INT64": 8, "FLOAT64": 8, "DOUBLE": 8, "TIMESTAMP": 8, "DATE": 8, "BOOL": 1}
_STRING = 16
_TEXTS = {
    "members": 2,  # a hundred for each workload of what is over, else none: of two subjects in a hundred
    "unlabelled": 16,  # seventy for each workload that nobody labelled: of four subjects one is such
    "fingerprint": 66,  # SHA-256 as 64 hex digits
    "content_sha256": 66,
    "manifest_sha256": 66,
    "documents_sha256": 66,
    "subject": 72,  # workload/prod/gke-prod-europe-west1-1/team-orders/Deployment/orders-api
    "cluster": 27,  # gke-prod-europe-west1-1
    "limit_id": 29,  # prod.team-orders.orders-api
    "run_id": 38,  # scheduled__2026-03-02T10:00:00+00:00
    "sync_id": 38,
    "episode_id": 38,  # a UUID
    "previous_episode_id": 38,
    "notification_id": 38,
    "uid": 38,
    "attempt_id": 38,
    "lease_owner": 38,
    "evidence_object": 90,  # gs://bucket/obs/hour=2026030210/20260302T1000Z/cluster.attempt.ndjson.gz
    "location": 60,
    # As JSON, in runs of the watch: a first message has 1,155 characters, one that resolves 984.
    "message": 1300,
    "told_state": 150,
    "fold_state": 460,
    "permalink": 30,  # of every second row
    "policy_version": 14,  # 12 hex digits
    "exemption_id": 1,  # hardly any
    "error": 4,
    "error_message": 6,
    "environment": 6,
    "scope": 9,
    "origin": 6,
    "channel": 13,
    "resource_type": 11,
    "workload_kind": 12,
    # Of Deployments, or of HPAs, only: a third of the rows is the other kind.
    "max_surge": 4,
    "hpa_target_kind": 4,
    "hpa_target_name": 6,
    "label_text": 4,
    "labels": 4,
    "exemptions": 12,
    "approvers": 40,
    "selectors": 30,
    "runs": 180,  # three stretches a day of one subject, each of some 60 bytes
}
_SHARES = {
    "replica_observations": {
        # Of workloads, two rows of three; of HPAs, the third.
        **dict.fromkeys(
            "deleted_at generation observed_generation spec_replicas status_replicas updated_replicas ready_replicas"
            " available_replicas unavailable_replicas terminating_replicas strategy paused is_past_deadline".split(),
            2 / 3,
        ),
        **dict.fromkeys(
            "hpa_target_api_version hpa_min_replicas hpa_max_replicas hpa_current_replicas hpa_desired_replicas"
            " hpa_able_to_scale hpa_able_to_scale_reason hpa_scaling_active hpa_scaling_active_reason".split(),
            1 / 3,
        ),
        # Of Rollouts that take a Deployment over: of fifty workloads one.
        **dict.fromkeys("workload_ref_kind workload_ref_name workload_ref_scale_down".split(), 2 / 150),
    }
}
"""In what share of a table's rows a column is written at all, where it is not in all; the texts above are averages."""
_WORKLOADS = 1.2
"""Deployments to one subject: most subjects are one workload, and a cluster has some that nobody labelled."""
_HPAS = 0.6
_ROLLOUTS_A_DAY, _ROLLOUT_MINUTES = 1.0, 10
"""Of a workload, and how long each is seen: in one cycle at least."""

_MOVES_A_DAY = 1 / 365
"""Of a workload: to another kind or another API, with both sides in a cycle or two."""


@dataclass(frozen=True)
class Fleet:
    """What is watched.

    Attributes:
        subjects: that are judged in each cycle; about as many APIs times clusters.
        cycle_minutes: how long a cycle is.
    """

    subjects: int
    cycle_minutes: int = 5

    @property
    def period(self) -> dt.timedelta:
        """The length of a cycle."""
        return dt.timedelta(minutes=self.cycle_minutes)

    @property
    def cycles_per_day(self) -> int:
        """How many there are."""
        return dt.timedelta(days=1) // self.period

    @property
    def clusters(self) -> int:
        """Of 250 subjects each."""
        return max(2, self.subjects // 250)

    @property
    def workloads(self) -> float:
        """Deployments that are listed."""
        return self.subjects * _WORKLOADS

    @property
    def observations_per_cycle(self) -> float:
        """Rows of Deployments and of HPAs."""
        return self.subjects * (_WORKLOADS + _HPAS)

    @property
    def episodes_per_day(self) -> float:
        """One subject of 250 goes over its limit on a day."""
        return self.subjects / 250

    @property
    def telling_cycles_per_day(self) -> float:
        """Cycles in which at least one message waits: of each episode the first and the last, at random times."""
        return self._cycles_with(2 * self.episodes_per_day)

    @property
    def firing_cycles_per_day(self) -> float:
        """Cycles in which at least one episode fires; each does for two hours."""
        return self._cycles_with(120 / self.cycle_minutes * self.episodes_per_day)

    @property
    def changing_syncs_per_day(self) -> float:
        """Syncs that find a changed document: one limit of 500 on a day."""
        return self._cycles_with(self.subjects / 500)

    @property
    def share_of_cycles_that_ask_for_the_past(self) -> float:
        """Cycles in which some workload surges, is young or has lately lost its labels."""
        seen = max(1.0, _ROLLOUT_MINUTES / self.cycle_minutes)
        return self._cycles_with(seen * _ROLLOUTS_A_DAY * self.workloads) / self.cycles_per_day

    @property
    def share_of_cycles_in_which_others_matter(self) -> float:
        """Cycles in which a Rollout takes a Deployment over, or who was over names another API: few do."""
        return self._cycles_with(_MOVES_A_DAY * self.workloads) / self.cycles_per_day

    def rows_per_cycle(self, table: str) -> float | None:
        """Rows that one cycle adds to a partitioned table; None of a table that has no partitions."""
        return {
            "verdicts": self.subjects * 1.0,
            "replica_observations": self.observations_per_cycle,
            "collection_runs": float(self.clusters),
            "heartbeats": 2.0,
            "notifications": self.rows("notifications") / DAYS_OF_HISTORY / self.cycles_per_day,
            "limit_sync_runs": 1.0,
            "subject_days": self.subjects / self.cycles_per_day,
        }.get(table)

    def rows(self, table: str) -> float:
        """Rows of a table without partitions, or of one that is mostly read whole, after a year.

        Raises:
            KeyError: a table of which nothing is known here.
        """
        episodes = self.episodes_per_day * DAYS_OF_HISTORY
        return {
            "limit_history": self.subjects * 2.0,  # a limit for each, changed once a year
            "limit_rejections": 20.0,
            "limit_staging": 20.0,
            "limit_sync_refusals": 5.0,
            "policy_history": 50.0,
            "episodes": episodes,
            "notifications": episodes * 2.5,
            "acknowledgements": episodes * 0.5,
            "fold_cursor": 1.0,
            "fold_staging": 0.0,
            "subject_stretches": self.subjects * 41.0,  # days that are kept, each audited once
            "audit_reports": float(DAYS_OF_HISTORY),
            "schema_version": 2.0,
            # Temporary tables of scripts.
            "measured_workloads": self.workloads,
            "leased_notifications": 20.0,
            "judged_cycles": float(self.cycles_per_day),
            "judged_period": self.subjects * 1.0 * self.cycles_per_day,
        }[table]

    def moments(self) -> list[dt.datetime]:
        """Return the cycles of the hour that a day's partitions are half full in: an average of a day."""
        noon = dt.datetime(2026, 3, 2, 11, 30, tzinfo=dt.UTC)
        return [noon + number * self.period for number in range(60 // self.cycle_minutes)]

    def _cycles_with(self, events: float) -> float:
        """Return in how many cycles of a day at least one of so many events falls."""
        return self.cycles_per_day * (1 - math.exp(-events / self.cycles_per_day))


def width(column: str, kind: Any, table: str = "") -> float:
    """Return the bytes of a column in one row of a table, on average."""
    if column in _TEXTS:
        return _TEXTS[column]
    kind = getattr(kind, "type_kind", kind)
    whole = _FIXED.get(getattr(kind, "name", str(kind)).removeprefix("TYPE_"), _STRING)
    return whole * _SHARES.get(table, {}).get(column, 1)
