"""What a collection is asked for, as one frozen configuration."""

import argparse
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from replica_collector import clusters, option_values
from replica_collector.clusters import Cluster
from replica_collector.command_line import IAM_ENDPOINT, parser_of
from replica_collector.errors import Misconfigured
from replica_collector.kinds import WORKLOADS


@dataclass(frozen=True)
class Config:
    """What to collect, how patiently, and where to put it."""

    clusters: tuple[Cluster, ...]
    cycle: datetime
    output: str
    attempt_id: str
    namespaces: tuple[str, ...] = ()
    kinds: tuple[str, ...] = WORKLOADS
    page_size: int = 500
    budget_seconds: float = 90.0
    total_seconds: float = 110.0
    request_seconds: float = 30.0
    output_seconds: float = 25.0
    start_jitter_seconds: float = 0.0
    parallel: int = 4
    label_api_id: str = "api_id"
    label_team_id: str = "team_id"
    label_also: tuple[str, ...] = ()
    log_every_pages: int = 50
    impersonate: str = ""
    iam_endpoint: str = IAM_ENDPOINT
    is_gzip: bool = True
    is_dry_run: bool = False

    @property
    def is_contested(self) -> bool:
        """Whether there are more clusters than may be listed at once."""
        return len(self.clusters) > self.parallel


def from_args(arguments: Sequence[str], environment: Mapping[str, str]) -> Config:
    """Read the command line, with the environment for what it leaves out; exits with status 2 when it is wrong."""
    parser = parser_of(environment)
    given = parser.parse_args(arguments)
    try:
        chosen = _chosen(given)
    except Misconfigured as error:
        parser.error(str(error))
    if not given.cycle:
        parser.error("--cycle is required")
    if not given.output and not given.dry_run:
        parser.error("--output is required, unless --dry-run")
    keys = [given.label_api_id, given.label_team_id, *given.label_also]
    if len(set(keys)) < len(keys):
        parser.error("--label-api-id, --label-team-id and --label-also name a label key twice")
    return Config(
        clusters=chosen,
        cycle=given.cycle,
        output=given.output or "",
        attempt_id=given.attempt or new_attempt_id(),
        namespaces=given.namespaces,
        kinds=given.kinds,
        page_size=given.page_size,
        budget_seconds=given.budget_seconds,
        total_seconds=given.total_seconds,
        request_seconds=given.request_seconds,
        output_seconds=given.output_seconds,
        start_jitter_seconds=given.start_jitter_seconds,
        parallel=given.parallel,
        label_api_id=given.label_api_id,
        label_team_id=given.label_team_id,
        label_also=given.label_also,
        log_every_pages=given.log_every_pages,
        impersonate=given.impersonate,
        iam_endpoint=given.iam_endpoint,
        is_gzip=not given.no_gzip,
        is_dry_run=given.dry_run,
    )


def new_attempt_id() -> str:
    """A name that no other attempt has and that sorts by start time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def _chosen(given: argparse.Namespace) -> tuple[Cluster, ...]:
    if bool(given.clusters_file) == bool(given.clusters_json):
        raise Misconfigured("give the clusters with --clusters-file or --clusters-json (one of them)")
    text = given.clusters_json.encode()
    if given.clusters_file:
        try:
            text = Path(given.clusters_file).read_bytes()
        except OSError as error:
            raise Misconfigured(f"cannot read {given.clusters_file}: {error.strerror}") from None
    known = clusters.parse(text)
    names = given.cluster or option_values.names(given.cluster_default) or list(known)
    if not names:
        raise Misconfigured("there is no cluster to list")
    if len(set(names)) < len(names):
        raise Misconfigured("a cluster is named twice")
    if missing := [name for name in names if name not in known]:
        raise Misconfigured(f"not in the list of clusters: {', '.join(missing)}")
    return tuple(known[name] for name in names)
