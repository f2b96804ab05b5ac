"""Reads the evidence of a run over the wire, as a person would: BigQuery's client, Slack, Cloud Storage."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from sandbox.environment.servers import BUCKET, PROJECT, Servers
from sandbox.scenario.left_behind import LeftBehind, Row, SlackMessage
from sandbox.scenario.model import Scenario
from sandbox.slack.control import ControlClient as SlackControl

DATASET = "ped_watch"
_CYCLE_COLUMNS = ("cycle", "fired_cycle", "resolved_cycle", "started_cycle", "last_cycle", "peak_cycle")


class Reader:
    """Reads what the product wrote.

    Args:
        scenario: gives cycles their numbers.
        servers: where to read.
    """

    def __init__(self, scenario: Scenario, servers: Servers) -> None:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import bigquery

        self._scenario = scenario
        self._servers = servers
        self._client = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": servers.addresses["bigquery"]},
        )
        self._slack = SlackControl.from_folder(servers.data("slack"))

    def cycle_number(self, moment: dt.datetime) -> int:
        """Return the number of a cycle, counted from 1."""
        return (moment - self._scenario.start) // self._scenario.period + 1

    def query(self, text: str) -> list[Row]:
        """Return rows with cycles as numbers."""
        rows = [dict(row.items()) for row in self._client.query(text).result()]
        return [{column: self._value(column, value) for column, value in row.items()} for row in rows]

    def _value(self, column: str, value: Any) -> Any:
        is_cycle = column in _CYCLE_COLUMNS and isinstance(value, dt.datetime)
        return self.cycle_number(value) if is_cycle else value

    def _period(self) -> str:
        first = self._scenario.start
        last = self._scenario.cycle_time(self._scenario.cycles)
        return f"cycle BETWEEN TIMESTAMP '{first.isoformat()}' AND TIMESTAMP '{last.isoformat()}'"

    def live_verdicts(self) -> list[Row]:
        """Return the ledger as judged live, every row of each subject's first revision."""
        return self.query(
            f"SELECT * FROM `{DATASET}.verdicts` WHERE {self._period()} AND origin = 'live' AND revision = 1 "
            "ORDER BY cycle, subject"
        )

    def current_verdicts(self) -> list[Row]:
        """Return the newest revision of every verdict, whoever judged it."""
        return self.query(
            f"SELECT * FROM `{DATASET}.verdicts` WHERE {self._period()} "
            "QUALIFY ROW_NUMBER() OVER (PARTITION BY cycle, fingerprint ORDER BY revision DESC) = 1 "
            "ORDER BY cycle, subject"
        )

    def verdict_counts(self, cycle: dt.datetime) -> dict[str, int]:
        """Return how many subjects have each verdict in a cycle, most frequent first."""
        rows = self.query(
            f"SELECT verdict, COUNT(*) AS subjects FROM `{DATASET}.verdicts` WHERE cycle = TIMESTAMP "
            f"'{cycle.isoformat()}' AND origin = 'live' AND revision = 1 GROUP BY verdict "
            "ORDER BY subjects DESC, verdict"
        )
        return {row["verdict"]: row["subjects"] for row in rows}

    def notifications(self) -> list[Row]:
        """Return the outbox."""
        return self.query(
            f"SELECT n.*, e.api_id, e.cluster FROM `{DATASET}.notifications` AS n "
            f"LEFT JOIN `{DATASET}.episodes` AS e ON n.episode_id = e.episode_id ORDER BY n.created_at, n.sequence"
        )

    def status(self) -> list[Row]:
        """Return what the view ``current_status`` shows, as of the end of the scenario instead of today."""
        view = self._client.get_table(f"{DATASET}.current_status").view_query or ""
        end = self._scenario.cycle_time(self._scenario.cycles) + self._scenario.period
        return self.query(view.replace("CURRENT_TIMESTAMP()", f"TIMESTAMP '{end.isoformat()}'"))

    def raw_messages(self) -> list[Row]:
        """Return every Slack message, earlier versions included."""
        return self._slack.messages()

    def messages(self, cycles: Mapping[str, int], notifications: list[Row]) -> list[SlackMessage]:
        """Return the messages in the order of posting; ``cycles`` says in which cycle each ts appeared."""
        told = {(row["channel"], row["message_ts"]): row for row in notifications if row["message_ts"]}
        found = []
        for raw in self.raw_messages():
            row = told.get((raw["channel"], raw["ts"]), {})
            versions = [*raw["revisions"], raw]
            found.append(
                SlackMessage(
                    channel=raw["channel"],
                    channel_name=raw["channel_name"],
                    ts=raw["ts"],
                    thread_ts=raw["thread_ts"],
                    text=raw["text"],
                    posted_text=versions[0]["text"],
                    kind=row.get("reason", "untracked"),
                    cycle=cycles.get(raw["ts"]),
                    api_id=row.get("api_id"),
                    cluster=row.get("cluster"),
                    content=json.dumps([version["blocks"] for version in versions], ensure_ascii=False),
                )
            )
        return found

    def objects(self, prefix: str) -> list[str]:
        """Return the names of the bucket's objects below a prefix."""
        return sorted(blob.name for blob in self._storage().list_blobs(BUCKET, prefix=prefix))

    def contents(self, prefix: str) -> dict[str, bytes]:
        """Return the bucket's objects below a prefix."""
        return {blob.name: blob.download_as_bytes() for blob in self._storage().list_blobs(BUCKET, prefix=prefix)}

    def _storage(self) -> Any:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage

        return storage.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self._servers.addresses["storage"]},
        )

    def evidence(self, cycles: Mapping[str, int], failed_runs: list[str]) -> LeftBehind:
        """Return everything the expectations need but the backfill."""
        notifications = self.notifications()
        return LeftBehind(
            verdicts=self.live_verdicts(),
            collection_runs=self.query(f"SELECT * FROM `{DATASET}.collection_runs` WHERE {self._period()}"),
            episodes=self.query(f"SELECT * FROM `{DATASET}.episodes` ORDER BY started_cycle, subject"),
            notifications=notifications,
            rejections=self.query(f"SELECT * FROM `{DATASET}.limit_rejections` ORDER BY document_id"),
            messages=self.messages(cycles, notifications),
            failed_runs=failed_runs,
        )
