"""The command line and its environment variables, as one frozen configuration."""

import argparse
import math
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from replica_collector import __version__, clusters
from replica_collector.clusters import Cluster
from replica_collector.errors import Misconfigured
from replica_collector.kinds import WORKLOADS

PREFIX = "REPLICA_COLLECTOR_"
IAM_ENDPOINT = "https://iamcredentials.googleapis.com"

_ATTEMPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_LABEL_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", re.ASCII
)
_SERVICE_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9.-]*@[a-z0-9][a-z0-9.-]*\.gserviceaccount\.com")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

DESCRIPTION = """\
List the Deployments, StatefulSets, Argo Rollouts and HorizontalPodAutoscalers of one or more clusters and write their
raw replica state as gzipped NDJSON, then one manifest per cluster that says how the listing went. A cluster that cannot
be listed gets a manifest too (status failed, with the reason), so that missing data is never mistaken for zero
replicas.
"""

EPILOG = """\
examples:
  # try it: list one cluster, print its manifest, write nothing
  replica-collector --clusters-file clusters.yaml --cluster eu-prod-1 --cycle 2026-01-01T10:05:00Z --dry-run

  # two clusters of the file, to a local folder
  replica-collector --clusters-file clusters.yaml --cluster eu-prod-1 --cluster eu-prod-2 \\
      --cycle 2026-01-01T10:05:00Z --output file:///tmp/replicas

  # all clusters given, as a pod does it: everything from the environment
  REPLICA_COLLECTOR_CLUSTERS_JSON='[{"name": "eu-prod-1", "environment": "prod", "endpoint": "gke-1.example"}]' \\
  REPLICA_COLLECTOR_CYCLE=2026-01-01T10:05:00Z REPLICA_COLLECTOR_OUTPUT=gs://bucket/replicas replica-collector

clusters.yaml is a list of
  - name: eu-prod-1            # letters, digits, - and _
    environment: prod
    endpoint: https://…        # host, address or URL, a path prefix is fine
    auth: google               # or token_file, kubeconfig, none
    ca_file: ca.pem            # or ca_data: base64 of PEM; neither: the system's CAs
    token_file: token          # for auth: token_file
    kubeconfig: config.yaml    # for auth: kubeconfig, with context: NAME unless it is the current one

every option is also an environment variable: --page-size is REPLICA_COLLECTOR_PAGE_SIZE; lists take commas.

exit status:
  0  every cluster has a manifest, be it complete, partial or failed (a dark cluster is data, not an error)
  2  the command line or the list of clusters is wrong; nothing was listed
  3  an object could not be written: infrastructure, try again
  4  stopped by SIGTERM or SIGINT; clusters that were not finished have a manifest failed/cancelled
"""


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
    parser = _parser(environment)
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


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "replica-collector",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )

    def variable(flag: str) -> str:
        return environment.get(PREFIX + flag[2:].upper().replace("-", "_"), "")

    def switch(flag: str, text: str) -> None:
        is_on = variable(flag).lower() in ("1", "true", "yes")
        parser.add_argument(flag, action="store_true", default=is_on, help=text)

    def option(flag: str, parse: Callable[[str], Any], default: str, metavar: str, text: str) -> None:
        # argparse runs a default that is a string through ``type``, so both sources are checked alike.
        shown = f" (default {default})" if default else ""
        parser.add_argument(flag, type=parse, default=variable(flag) or default, metavar=metavar, help=text + shown)

    parser.add_argument(
        "--cluster",
        action="append",
        metavar="NAME",
        default=None,
        help="a cluster to list; repeat it for several (default: all that are given)",
    )
    parser.set_defaults(cluster_default=variable("--cluster"))
    option("--clusters-file", str, "", "FILE", "YAML or JSON list of clusters")
    option("--clusters-json", str, "", "JSON", "the same list inline")
    option("--cycle", _cycle, "", "TIME", "the cycle this is for, RFC 3339 with a zone")
    option("--output", _output, "", "URI", "gs://bucket[/prefix] or file:///folder")
    option("--namespaces", _namespaces, "", "A,B", "only these namespaces (default: all)")
    option("--kinds", _kinds, ",".join(WORKLOADS), "A,B", "workloads to list, beside HPAs")
    option("--page-size", _count, "500", "N", "objects per page; sets memory, hardly CPU")
    option("--budget-seconds", _seconds, "90", "S", "hard limit for listing one cluster, from its turn on")
    option("--total-seconds", _seconds, "110", "S", "hard limit for listing all of them")
    option("--request-seconds", _seconds, "30", "S", "hard limit for one page")
    option("--output-seconds", _seconds, "25", "S", "hard limit for writing one cluster's objects")
    option("--start-jitter-seconds", _seconds_or_none, "0", "S", "wait up to this long before each cluster")
    option("--parallel", _count, "4", "N", "clusters listed at once; all are asked at once whether they answer")
    option("--attempt", _attempt, "", "ID", "name of this attempt, new for every try (default: time and chance)")
    option("--label-api-id", _label_key, "api_id", "KEY", "label that holds the API's id")
    option("--label-team-id", _label_key, "team_id", "KEY", "label that holds the team's id")
    option("--label-also", _label_keys, "", "A,B", "further labels that are stored (default: none)")
    option("--log-every-pages", _count, "50", "N", "log progress each N pages of a cluster")
    option(
        "--impersonate", _service_account, "", "EMAIL", "service account to be, for clusters and output (default: none)"
    )
    option("--iam-endpoint", str, IAM_ENDPOINT, "URL", "where the IAM Credentials API is")
    switch("--no-gzip", "ask for uncompressed pages: half the CPU, ten times the traffic")
    switch("--dry-run", "list, print the manifests to stdout, write nothing")
    parser.add_argument("--version", action="version", version=__version__)
    return parser


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
    names = given.cluster or _list(given.cluster_default) or list(known)
    if not names:
        raise Misconfigured("there is no cluster to list")
    if len(set(names)) < len(names):
        raise Misconfigured("a cluster is named twice")
    if missing := [name for name in names if name not in known]:
        raise Misconfigured(f"not in the list of clusters: {', '.join(missing)}")
    return tuple(known[name] for name in names)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _cycle(text: str) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or moment.microsecond:
        raise argparse.ArgumentTypeError("a cycle is a whole second with a zone, like 2026-01-01T10:05:00Z")
    return moment.astimezone(UTC)


def _output(text: str) -> str:
    parts = urlsplit(text)
    is_bucket = parts.scheme == "gs" and parts.netloc
    is_folder = parts.scheme == "file" and parts.path and not parts.netloc
    if (text and not (is_bucket or is_folder)) or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError("an output is gs://bucket[/prefix] or file:///folder")
    return text.rstrip("/")


def _namespaces(text: str) -> tuple[str, ...]:
    names = _list(text)
    if wrong := [name for name in names if not _NAMESPACE.fullmatch(name)]:
        raise argparse.ArgumentTypeError(f"not a namespace: {', '.join(wrong)}")
    return tuple(sorted(set(names)))


def _kinds(text: str) -> tuple[str, ...]:
    names = _list(text)
    if wrong := [name for name in names if name not in WORKLOADS]:
        raise argparse.ArgumentTypeError(f"not a kind: {', '.join(wrong)}; known are {', '.join(WORKLOADS)}")
    return tuple(kind for kind in WORKLOADS if kind in names)


def _label_key(text: str) -> str:
    if not _LABEL_KEY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"not a label key: {text!r}")
    return text


def _label_keys(text: str) -> tuple[str, ...]:
    return tuple(sorted(_label_key(key) for key in _list(text)))


def _service_account(text: str) -> str:
    if text and not _SERVICE_ACCOUNT.fullmatch(text):
        raise argparse.ArgumentTypeError(f"not the e-mail address of a service account: {text!r}")
    return text


def _attempt(text: str) -> str:
    if text and not _ATTEMPT.fullmatch(text):
        raise argparse.ArgumentTypeError("an attempt is letters, digits, - and _")
    return text


def _count(text: str) -> int:
    if not 1 <= (number := int(text)) <= 10_000:
        raise argparse.ArgumentTypeError("must be from 1 to 10000")
    return number


def _seconds(text: str) -> float:
    if not (number := _seconds_or_none(text)) > 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return number


def _seconds_or_none(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or number < 0:
        raise argparse.ArgumentTypeError("must be a number of seconds")
    return number
