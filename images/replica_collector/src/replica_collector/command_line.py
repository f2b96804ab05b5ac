"""The options, each with its variable in the environment, and what ``--help`` says."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from replica_collector import __version__
from replica_collector import option_values as values
from replica_collector.kinds import WORKLOADS

PREFIX = "REPLICA_COLLECTOR_"
IAM_ENDPOINT = "https://iamcredentials.googleapis.com"

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


def parser_of(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the parser; what the command line leaves out it takes from the environment."""
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
    option("--cycle", values.cycle, "", "TIME", "the cycle this is for, RFC 3339 with a zone")
    option("--output", values.output, "", "URI", "gs://bucket[/prefix] or file:///folder")
    option("--namespaces", values.namespaces, "", "A,B", "only these namespaces (default: all)")
    option("--kinds", values.kinds, ",".join(WORKLOADS), "A,B", "workloads to list, beside HPAs")
    option("--page-size", values.count, "500", "N", "objects per page; sets memory, hardly CPU")
    option("--budget-seconds", values.seconds, "90", "S", "hard limit for listing one cluster, from its turn on")
    option("--total-seconds", values.seconds, "110", "S", "hard limit for listing all of them")
    option("--request-seconds", values.seconds, "30", "S", "hard limit for one page")
    option("--output-seconds", values.seconds, "25", "S", "hard limit for writing one cluster's objects")
    option("--start-jitter-seconds", values.seconds_or_none, "0", "S", "wait up to this long before each cluster")
    option(
        "--parallel",
        values.count,
        "4",
        "N",
        "clusters listed at once; all are asked at once whether they answer",
    )
    option(
        "--attempt",
        values.attempt,
        "",
        "ID",
        "name of this attempt, new for every try (default: time and chance)",
    )
    option("--label-api-id", values.label_key, "api_id", "KEY", "label that holds the API's id")
    option("--label-team-id", values.label_key, "team_id", "KEY", "label that holds the team's id")
    option("--label-also", values.label_keys, "", "A,B", "further labels that are stored (default: none)")
    option("--log-every-pages", values.count, "50", "N", "log progress each N pages of a cluster")
    option(
        "--impersonate",
        values.service_account,
        "",
        "EMAIL",
        "service account to be, for clusters and output (default: none)",
    )
    option("--iam-endpoint", str, IAM_ENDPOINT, "URL", "where the IAM Credentials API is")
    switch("--no-gzip", "ask for uncompressed pages: half the CPU, ten times the traffic")
    switch("--dry-run", "list, print the manifests to stdout, write nothing")
    parser.add_argument("--version", action="version", version=__version__)
    return parser
