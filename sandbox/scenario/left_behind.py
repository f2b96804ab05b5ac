"""What a run left behind: the ledger, the episodes, the messages. Gathered by `sandbox.scenario.gathering`."""

from dataclasses import asdict, dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class SlackMessage:
    """A message as it stands in Slack, with what the outbox says about it."""

    channel: str
    channel_name: str
    ts: str
    thread_ts: str | None
    text: str
    posted_text: str
    kind: str
    cycle: int | None = None
    api_id: str | None = None
    cluster: str | None = None
    content: str = ""

    def for_summary(self) -> Row:
        """Return what ``summary.json`` holds of it."""
        names = (
            "channel",
            "channel_name",
            "ts",
            "thread_ts",
            "text",
            "posted_text",
            "kind",
            "cycle",
            "api_id",
            "cluster",
        )
        return {name: value for name, value in asdict(self).items() if name in names}


@dataclass(frozen=True)
class LeftByBackfill:
    """What the backfill did and left."""

    runs: list[tuple[str, str, str]]
    new_messages: int
    new_notifications: int
    new_evidence_objects: int
    files: list[str]
    verdicts: list[Row] = field(default_factory=list)
    is_live_ledger_kept: bool = True


@dataclass(frozen=True)
class LeftBehind:
    """Everything expectations are held against; ``cycle`` columns are cycle numbers, counted from 1."""

    verdicts: list[Row] = field(default_factory=list)
    collection_runs: list[Row] = field(default_factory=list)
    episodes: list[Row] = field(default_factory=list)
    notifications: list[Row] = field(default_factory=list)
    rejections: list[Row] = field(default_factory=list)
    messages: list[SlackMessage] = field(default_factory=list)
    failed_runs: list[str] = field(default_factory=list)
    backfill: LeftByBackfill | None = None


@dataclass(frozen=True)
class Outcome:
    """Whether an expectation held, and what was seen."""

    name: str
    held: bool
    detail: str
