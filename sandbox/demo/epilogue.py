"""What the shop's day leaves to read: the digest as of its last cycle, and in the night after its evidence pack."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sandbox.demo.stage_setting import Stage
from sandbox.environment.dag_runs import DagRunner
from sandbox.scenario.gathering import Reader
from sandbox.scenario.left_behind import Outcome
from sandbox.scenario.model import Scenario

AUDIT, DIGEST = "ped_replica_audit", "ped_digest"
LABEL = "daily"
FOLDER = "audit"
"""Of the pack, beside everything else that a demo leaves."""
SETTLED = dt.timedelta(hours=3)
"""So long after a day its observations cannot change any more."""


@dataclass(frozen=True)
class Epilogue:
    """What was told and written when all was over.

    Attributes:
        pack: folder of the evidence pack, as it was written to the bucket.
        digests: texts of the digest, by channel.
        outcomes: whether both came.
    """

    pack: Path
    digests: tuple[tuple[str, str], ...]
    outcomes: tuple[Outcome, ...]

    @property
    def report(self) -> Path | None:
        """The page of the pack that people read."""
        return next(self.pack.rglob("report.html"), None)


def play_epilogue(
    scenario: Scenario, stage: Stage, runner: DagRunner, reader: Reader, tell: Callable[[str], None]
) -> Epilogue:
    """Run the digest a minute after the last cycle and the audit in the night, and keep the pack beside the demo."""
    last = scenario.cycle_time(scenario.cycles)
    tell("the digest of the day")
    before = {message["ts"] for message in reader.raw_messages()}
    stage.player.be(last + dt.timedelta(minutes=1))
    digest = runner.run(DIGEST, last, {"allow_notify": True})
    tell("the night after: the evidence pack of the day")
    midnight = last.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
    stage.player.be(midnight + SETTLED)
    period = {"from_date": f"{scenario.start:%Y-%m-%d}", "to_date": f"{last:%Y-%m-%d}", "label": LABEL}
    audit = runner.run(AUDIT, midnight, period)
    pack = stage.folder / FOLDER
    for name, content in reader.contents(f"audits/{LABEL}/").items():
        path = pack / PurePosixPath(name).relative_to(f"audits/{LABEL}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    names, new = scenario.channels(), [message for message in reader.raw_messages() if message["ts"] not in before]
    told = tuple(
        (names.get(message["channel"]) or str(message["channel"]), message["text"])
        for message in new
        if "Digest of" in message["text"]
    )
    return Epilogue(
        pack,
        told,
        (
            _outcome("the day has a digest", digest.is_success and bool(told), digest),
            _outcome("the day has an evidence pack", audit.is_success and any(pack.rglob("report.html")), audit),
        ),
    )


def _outcome(name: str, is_held: bool, run: Any) -> Outcome:
    return Outcome(name, is_held, run.describe())
