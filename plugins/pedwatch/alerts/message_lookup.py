"""What a message says beyond its episode: who granted the limit, the last counts, the exemption, links. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pedwatch.alerts.episodes import Episode, Subject
from pedwatch.cluster_names import qualifier
from pedwatch.config import Config
from pedwatch.page_urls import api_address, now_url

RECENT_CYCLES = 20
KINDS = ("Deployment", "StatefulSet")
"""Kinds that have a page of their own, at an address of one shape, in Google Cloud's console."""


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
        """Where it is written: ``orders.yaml in shop/limits``; its commit only where there is no link to it."""
        name = "/".join((self.repo or "").removesuffix(".git").replace(":", "/").split("/")[-2:])
        written = " in ".join(part for part in (self.path, name) if part)
        if self.commit and not self.url:
            written = f"{written} at commit {self.commit[:7]}" if written else f"commit {self.commit[:7]}"
        return written or None

    @property
    def url(self) -> str | None:
        """A link to the file at its commit, where the repository is on a forge that has one."""
        repo = self.repo or ""
        repo = repo.removeprefix("ssh://")
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
    """What is known of one subject as of a cycle; counts oldest first, None for a cycle that was not seen.

    ``asked_for``: pods that its workloads ask for.
    """

    recent: tuple[int | None, ...] = ()
    surge_allowance: int = 0
    source: LimitSource = field(default_factory=LimitSource)
    exemption: Exemption | None = None
    asked_for: int | None = None
    hpa_max: int | None = None
    is_past_deadline: bool = False


@dataclass(frozen=True)
class Site:
    """Where a cluster is in Google Cloud."""

    project: str
    location: str


@dataclass(frozen=True)
class Links:
    """Where the links of messages lead; what is None is left out.

    Attributes:
        project: the configured one, of clusters whose own is not known.
        workload: address of a workload's page, with names in braces.
        run: page of the Airflow run.
        sites: where clusters are, by name.
        request: where a team asks for a higher limit, or an exemption.
        ask: where a team asks people.
        help: what a PED limit is, and what to do about one.
        pages: address of the pages about replicas.
    """

    project: str | None = None
    workload: str | None = None
    run: str | None = None
    sites: Mapping[str, Site] = field(default_factory=dict)
    request: str | None = None
    ask: str | None = None
    help: str | None = None
    pages: str | None = None

    def to(self, episode: Episode, source: LimitSource) -> list[tuple[str, str]]:
        """Return label and address of every link of an episode's message."""
        links = [
            ("History", self._history(episode.subject)),
            ("Workload", self._workload(episode.subject)),
            ("Limit's file", source.url),
            *(self.for_help if episode.is_open else []),
            ("Airflow run", self.run),
        ]
        return [(label, url) for label, url in links if url]

    @property
    def for_help(self) -> list[tuple[str, str]]:
        """Where to turn to."""
        links = [("Ask for more", self.request), ("Ask the platform team", self.ask), ("Help", self.help)]
        return [(label, url) for label, url in links if url]

    @property
    def now(self) -> list[tuple[str, str]]:
        """Where everything stands that was judged."""
        return [("PED replicas", now_url(self.pages))] if self.pages else []

    def _history(self, subject: Subject) -> str | None:
        """Return the page of the subject's API."""
        if not self.pages or not subject.api_id:
            return None
        return f"{self.pages}/{api_address(subject.api_id, subject.environment, subject.team_id)}"

    def _workload(self, subject: Subject) -> str | None:
        """Return the page of the very workload; None where it has none, or where it is, is not known."""
        if not self.workload or not subject.workload_name or subject.workload_kind not in KINDS or not subject.cluster:
            return None
        site = self.sites.get(subject.cluster)
        if site is None and "{location}" in self.workload:
            return None
        # GKE knows a cluster by its own name, also where it is watched by one that tells its place.
        own = subject.cluster.removeprefix(qualifier(site.project, site.location)) if site else subject.cluster
        names = {
            "project": site.project if site else self.project,
            "location": site.location if site else "",
            "environment": subject.environment,
            "cluster": own,
            "namespace": subject.namespace,
            "kind": subject.workload_kind.lower(),
            "name": subject.workload_name,
        }
        quoted = {key: quote(str(value or "")[:253], safe="") for key, value in names.items()}
        return self.workload.format_map(quoted)


def links_of(
    config: Config, clusters: Iterable[Mapping[str, Any]], run_url: str | None, pages_url: str | None = None
) -> Links:
    """Return where links lead.

    Args:
        config: names addresses, and where configured clusters are.
        clusters: rows that say where discovered ones are: cluster, project, location.
        run_url: page of the Airflow run.
        pages_url: address of the pages about replicas.
    """
    sites = {
        cluster.name: Site(cluster.project or config.project, cluster.location)
        for cluster in config.clusters
        if cluster.location
    }
    sites |= {
        row["cluster"]: Site(row["project"], row["location"]) for row in clusters if row["project"] and row["location"]
    }
    slack = config.slack
    ask = f"https://slack.com/app_redirect?channel={slack.platform_channel}"
    return Links(config.project, slack.workload_link, run_url, sites, slack.request_url, ask, slack.help_url, pages_url)


def known_from_rows(rows: Sequence[Mapping[str, Any]], cycle: dt.datetime, period: dt.timedelta) -> dict[str, Known]:
    """Read the answer of ``alerts/message_lookup.sql`` in a cycle of that length: fingerprint → what is known."""
    return {row["fingerprint"]: _known(row, cycle, period) for row in rows}


def _known(row: Mapping[str, Any], cycle: dt.datetime, period: dt.timedelta) -> Known:
    seen = {item["cycle"]: item["measured"] for item in row["recent"] or []}
    cycles = [cycle - number * period for number in reversed(range(RECENT_CYCLES))]
    first = min(seen, default=cycle)
    ends_at = row["exemption_ends_at"]
    exemption = None
    if row["exemption_id"] and ends_at is not None:
        names = ("reason", "approver", "ticket", "max_replicas")
        exemption = Exemption(row["exemption_id"], ends_at, **{name: row[f"exemption_{name}"] for name in names})
    return Known(
        recent=tuple(seen.get(moment) for moment in cycles if moment >= first),
        surge_allowance=row["surge_allowance"] or 0,
        is_past_deadline=bool(row["is_past_deadline"]),
        source=LimitSource(
            row["approver"], row["ticket"], row["source_repo"], row["source_path"], row["source_commit"]
        ),
        exemption=exemption,
        asked_for=row["spec_replicas"],
        hpa_max=row["hpa_max_replicas"],
    )
