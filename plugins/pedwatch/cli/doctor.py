"""``python -m pedwatch doctor``: is everything in place? A table of ✓ and ✗, with the fix for each ✗."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.doctor.stores import Finding
from pedwatch.errors import ConfigurationError

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
    from pedwatch.doctor import composer_image, stores

    def check() -> Iterator[Finding]:
        yield from composer_image.image_findings(composer_image.recorded(settings.include_dir()))

    return stores.examine("Image", "deploy include/ beside the DAGs", check)


def _identity(config: Config) -> Iterator[Finding]:
    from pedwatch.doctor import identity, stores

    def check() -> Iterator[Finding]:
        yield from identity.identity_findings(config.collector, identity.connect)

    return stores.examine("Identity", identity.NO_LOGIN, check)


def _slack(config: Config) -> Iterator[Finding]:
    from pedwatch.doctor import slack_channels, stores

    def check() -> Iterator[Finding]:
        yield from slack_channels.slack_findings(slack_channels.connect(config), config)

    return stores.examine("Slack", slack_channels.smallest_fix(config), check)


def _bigquery(config: Config) -> Iterator[Finding]:
    from pedwatch.doctor import stores
    from pedwatch.hooks import clients

    fix = "log in (gcloud auth application-default login) as somebody with roles/bigquery.user on the project"

    def check() -> Iterator[Finding]:
        yield from stores.bigquery_findings(clients.warehouse_of_any_schema(config, clients.AsPerson()))

    return stores.examine("BigQuery", fix, check)


def _firestore(config: Config) -> Iterator[Finding]:
    from pedwatch.doctor import stores
    from pedwatch.hooks import clients
    from pedwatch.limits.store.firestore import FirestoreLimits

    fix = "give yourself datastore.entities.get and list on the database; docs/deployment.md"
    return stores.examine(
        "Firestore",
        fix,
        lambda: stores.firestore_findings(FirestoreLimits.from_config(config, clients.AsPerson()), config),
    )


def _storage(config: Config) -> Iterator[Finding]:
    from pedwatch.doctor import stores
    from pedwatch.hooks import clients

    fix = "give yourself storage.buckets.get on the bucket"
    return stores.examine(
        "Storage", fix, lambda: stores.storage_findings(clients.storage_client(config, clients.AsPerson()), config)
    )


def _clusters(config: Config) -> Iterator[Finding]:
    from pedwatch.doctor import stores
    from pedwatch.hooks import clients
    from pedwatch.observations.intake.found_clusters import read_known

    yield from stores.examine("Cluster", "see docs/deployment.md", lambda: stores.cluster_findings(config.clusters))
    if config.discovery.projects and config.discovery.names == "name":

        def names() -> Iterator[Finding]:
            client = clients.storage_client(config, clients.AsPerson())
            yield from stores.name_findings(config, read_known(client, config.bucket) or [])

        yield from stores.examine("Cluster", "give yourself storage.objects.get on the bucket", names)


def _welcome(config: Config, team_id: str) -> Iterator[Finding]:
    from pedwatch.doctor import slack_channels, stores, welcome
    from pedwatch.hooks import clients

    def send() -> Iterator[Finding]:
        warehouse = clients.warehouse(config, clients.AsPerson())
        yield welcome.welcome(slack_channels.connect(config), warehouse, config, team_id, settings.now())

    return stores.examine("Slack", slack_channels.smallest_fix(config), send)


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
