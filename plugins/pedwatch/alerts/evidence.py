"""What a message says beyond its episode: who granted the limit, the last counts, the exemption, links. Pure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pedwatch.alerts.episodes import Episode
from pedwatch.cycles import PERIOD

RECENT_CYCLES = 20
CONSOLE = "https://console.cloud.google.com"


@dataclass(frozen=True)
class LimitSource:
    """Who granted a version of a limit, and where it is written."""

    approver: str | None = None
    ticket: str | None = None
    repo: str | None = None
    path: str | None = None
    commit: str | None = None

    @property
    def grant(self) -> str | None:
        """Who granted it: ``dana, PED-1``."""
        return ", ".join(part for part in (self.approver, self.ticket) if part) or None

    @property
    def address(self) -> str | None:
        """Where it is written: ``shop/limits orders.yaml at 1a2b3c4``."""
        name = "/".join((self.repo or "").removesuffix(".git").replace(":", "/").split("/")[-2:])
        written = " ".join(part for part in (name, self.path) if part)
        if self.commit:
            written = f"{written} at {self.commit[:7]}" if written else self.commit[:7]
        return written or None

    @property
    def url(self) -> str | None:
        """A link to the file at its commit, where the repository is on a forge that has one."""
        repo = self.repo or ""
        if repo.startswith("git@"):
            repo = "https://" + repo.removeprefix("git@").replace(":", "/", 1)
        if not repo.startswith("https://") or not self.path or not self.commit:
            return None
        between = "/-/blob/" if "gitlab" in repo else "/blob/"
        return quote(repo.removesuffix(".git"), safe=":/") + f"{between}{quote(self.commit)}/{quote(self.path)}"


@dataclass(frozen=True)
class Exemption:
    """The exemption a subject is judged by."""

    exemption_id: str
    ends_at: dt.datetime
    reason: str | None = None
    approver: str | None = None
    ticket: str | None = None
    max_replicas: int | None = None


@dataclass(frozen=True)
class Known:
    """What is known of one subject as of a cycle; counts oldest first, None for a cycle that was not seen."""

    recent: tuple[int | None, ...] = ()
    surge_allowance: int = 0
    source: LimitSource = field(default_factory=LimitSource)
    exemption: Exemption | None = None


@dataclass(frozen=True)
class Links:
    """Where the links of messages lead; what is None is left out."""

    project: str | None = None
    dataset: str | None = None
    workload: str | None = None
    run: str | None = None

    def to(self, episode: Episode, source: LimitSource) -> list[tuple[str, str]]:
        """Return label and address of every link of an episode's message."""
        subject = episode.subject
        links = [("Airflow run", self.run)]
        if self.workload and subject.workload_name:
            names = {
                "project": self.project,
                "environment": subject.environment,
                "cluster": subject.cluster,
                "namespace": subject.namespace,
                "kind": (subject.workload_kind or "").lower(),
                "name": subject.workload_name,
            }
            quoted = {key: quote(str(value or "")[:253], safe="") for key, value in names.items()}
            links.append(("Workload", self.workload.format_map(quoted)))
        if self.project and self.dataset:
            table = f"p={quote(self.project)}&d={quote(self.dataset)}&t=verdicts&page=table"
            links.append(("Evidence", f"{CONSOLE}/bigquery?project={quote(self.project)}&{table}"))
        links.append(("PED file", source.url))
        return [(label, url) for label, url in links if url]

    def evidence_query(self, episode: Episode) -> str | None:
        """Return the query that shows what was judged of the subject since a little before it began."""
        if self.dataset is None:
            return None
        since = (episode.started_cycle - RECENT_CYCLES * PERIOD).astimezone(dt.UTC)
        return (
            f"SELECT * FROM {self.dataset}.verdicts WHERE fingerprint = '{episode.subject.fingerprint}' "
            f"AND cycle >= TIMESTAMP '{since:%Y-%m-%d %H:%M}+00' ORDER BY cycle, revision"
        )


def known_from_rows(rows: Sequence[Mapping[str, Any]], cycle: dt.datetime) -> dict[str, Known]:
    """Read the answer of ``alerts/message_evidence.sql``: fingerprint → what is known."""
    return {row["fingerprint"]: _known(row, cycle) for row in rows}


def _known(row: Mapping[str, Any], cycle: dt.datetime) -> Known:
    seen = {item["cycle"]: item["measured"] for item in row["recent"] or []}
    cycles = [cycle - number * PERIOD for number in reversed(range(RECENT_CYCLES))]
    first = min(seen, default=cycle)
    ends_at = row["exemption_ends_at"]
    exemption = None
    if row["exemption_id"] and ends_at is not None:
        names = ("reason", "approver", "ticket", "max_replicas")
        exemption = Exemption(row["exemption_id"], ends_at, **{name: row[f"exemption_{name}"] for name in names})
    return Known(
        recent=tuple(seen.get(moment) for moment in cycles if moment >= first),
        surge_allowance=row["surge_allowance"] or 0,
        source=LimitSource(
            row["approver"], row["ticket"], row["source_repo"], row["source_path"], row["source_commit"]
        ),
        exemption=exemption,
    )
