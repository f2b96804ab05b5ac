"""``python -m pedwatch doctor``: is everything in place? A table of ✓ and ✗, with the fix for each ✗."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.errors import ConfigurationError
from pedwatch.hooks.preflight import Finding

MARKS = {"ok": "✓", "failed": "✗", "warning": "!", "skipped": "–"}
AREAS = ("image", "identity", "slack", "bigquery", "firestore", "storage", "clusters")


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "doctor",
        help="check image, identity, Slack, tables, Firestore, bucket, clusters, clocks; says what mends it",
        description="Checks everything that pedwatch needs and changes nothing, but for --welcome. Exit status 1 when "
        "something is wrong.",
        epilog="Google's services are asked as you (application default credentials), Slack as the Airflow connection.",
    )
    parser.add_argument(
        "--welcome",
        metavar="TEAM",
        action="append",
        default=[],
        help="also send this team's welcome, which is a test, to its channel; may be repeated",
    )
    parser.add_argument("--only", choices=AREAS, action="append", help="check only this; may be repeated")
    parser.set_defaults(run=_run)


def _image(config: Config) -> Iterator[Finding]:
    from pedwatch.hooks import preflight, preflight_image

    def check() -> Iterator[Finding]:
        yield from preflight_image.image_findings(preflight_image.recorded(settings.include_dir()))

    return preflight.examine("Image", "deploy include/ beside the DAGs", check)


def _identity(config: Config) -> Iterator[Finding]:
    from pedwatch.hooks import preflight, preflight_identity

    def check() -> Iterator[Finding]:
        yield from preflight_identity.identity_findings(config.collector, preflight_identity.connect)

    return preflight.examine("Identity", preflight_identity.NO_LOGIN, check)


def _slack(config: Config) -> Iterator[Finding]:
    from pedwatch.hooks import preflight, preflight_slack

    def check() -> Iterator[Finding]:
        yield from preflight_slack.slack_findings(preflight_slack.connect(config), config)

    return preflight.examine("Slack", preflight_slack.smallest_fix(config), check)


def _bigquery(config: Config) -> Iterator[Finding]:
    from pedwatch.hooks import clients, preflight

    fix = "log in (gcloud auth application-default login) as somebody with roles/bigquery.user on the project"

    def check() -> Iterator[Finding]:
        yield from preflight.bigquery_findings(clients.warehouse_of_any_schema(config, clients.AsPerson()))

    return preflight.examine("BigQuery", fix, check)


def _firestore(config: Config) -> Iterator[Finding]:
    from pedwatch.hooks import clients, preflight
    from pedwatch.limits.store.firestore import FirestoreLimits

    fix = "give yourself datastore.entities.get and list on the database; docs/deployment.md"
    return preflight.examine(
        "Firestore",
        fix,
        lambda: preflight.firestore_findings(FirestoreLimits.from_config(config, clients.AsPerson()), config),
    )


def _storage(config: Config) -> Iterator[Finding]:
    from pedwatch.hooks import clients, preflight

    fix = "give yourself storage.buckets.get on the bucket"
    return preflight.examine(
        "Storage", fix, lambda: preflight.storage_findings(clients.storage_client(config, clients.AsPerson()), config)
    )


def _clusters(config: Config) -> Iterator[Finding]:
    from pedwatch.hooks import clients, preflight
    from pedwatch.observations.intake.found_clusters import read_known

    yield from preflight.examine(
        "Cluster", "see docs/deployment.md", lambda: preflight.cluster_findings(config.clusters)
    )
    if config.discovery.projects and config.discovery.names == "name":

        def names() -> Iterator[Finding]:
            client = clients.storage_client(config, clients.AsPerson())
            yield from preflight.name_findings(config, read_known(client, config.bucket) or [])

        yield from preflight.examine("Cluster", "give yourself storage.objects.get on the bucket", names)


def _welcome(config: Config, team_id: str) -> Iterator[Finding]:
    from pedwatch.hooks import clients, preflight, preflight_slack, preflight_welcome

    def send() -> Iterator[Finding]:
        warehouse = clients.warehouse(config, clients.AsPerson())
        yield preflight_welcome.welcome(preflight_slack.connect(config), warehouse, config, team_id, settings.now())

    return preflight.examine("Slack", preflight_slack.smallest_fix(config), send)


CHECKS: dict[str, Callable[[Config], Iterator[Finding]]] = {
    "image": _image,
    "identity": _identity,
    "slack": _slack,
    "bigquery": _bigquery,
    "firestore": _firestore,
    "storage": _storage,
    "clusters": _clusters,
}


def report(findings: Iterable[Finding]) -> Iterator[str]:
    """Write each finding as a line, and below a ✗ or ! what mends it."""
    for finding in findings:
        detail = f"  {finding.detail}" if finding.detail else ""
        yield f"{MARKS[finding.status]} {finding.area:<10} {finding.what:<36}{detail}".rstrip()
        if finding.status in ("failed", "warning"):
            yield f"  {'':<10} → {finding.fix}"


def _run(arguments: argparse.Namespace) -> int:
    config = settings.load_config()
    if unknown := [team for team in arguments.welcome if team not in config.slack.teams]:
        raise ConfigurationError(f"--welcome {unknown[0]}: slack.teams in pedwatch.yaml has no such team")
    found: list[Finding] = []

    def noted() -> Iterator[Finding]:
        for area in arguments.only or AREAS:
            for finding in CHECKS[area](config):
                found.append(finding)
                yield finding
        for team_id in arguments.welcome:
            for finding in _welcome(config, team_id):
                found.append(finding)
                yield finding

    for line in report(noted()):
        print(line, flush=True)
    wrong = sum(finding.status == "failed" for finding in found)
    print(f"\n{len(found)} checks, {wrong} to mend" if wrong else f"\n{len(found)} checks, nothing to mend")
    if wrong:
        sys.stdout.flush()
    return 1 if wrong else 0
