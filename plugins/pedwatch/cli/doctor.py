"""``python -m pedwatch doctor``: is everything in place? A table of ✓, ✗ and ?, with the fix for each."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.doctor.findings import Finding, as_dicts, examine, exit_status, lines, summary
from pedwatch.errors import ConfigurationError, PedwatchError

if TYPE_CHECKING:
    from google.cloud import storage

_EPILOG = """\
Google's services are asked as you (application default credentials), Slack as the Airflow connection. What you may not
look at is marked ?, with the right that is missing. Exit status: 0 all is in place; 1 something is to be mended; 2 the
configuration cannot be read; 3 nothing is wrong as far as you may look. docs/doctor.md says what each check is.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = "Checks everything that pedwatch needs and changes nothing, but for --welcome."
    parser.epilog = _EPILOG
    parser.add_argument(
        "--welcome",
        metavar="TEAM",
        action="append",
        default=[],
        help="also send this team's welcome, which is a test, to its channel; may be repeated",
    )
    parser.add_argument("--only", choices=tuple(CHECKS), action="append", help="check only this; may be repeated")
    parser.add_argument(
        "--environment",
        metavar="NAME",
        default=settings.environment(),
        help="projects/PROJECT/locations/LOCATION/environments/NAME, to look at Airflow and Composer too",
    )
    parser.add_argument("--format", choices=("table", "json"), default="table", help="how to print what was found")
    parser.set_defaults(run=_run)


def _image(config: Config, environment: str | None) -> Iterator[Finding]:
    from pedwatch.doctor import composer_image

    def check() -> Iterator[Finding]:
        yield from composer_image.image_findings(composer_image.recorded(settings.include_dir()))

    return examine("Image", "make deploy ENV=…: include/ ships inside the package", check)


def _environment(config: Config, environment: str | None) -> Iterator[Finding]:
    from pedwatch.doctor import airflow_state, composer_environment, composer_image, google_rest, identity

    def check() -> Iterator[Finding]:
        if environment is None or not composer_environment.is_name(environment):
            detail = "which one is not known" if environment is None else f"{environment} is none of Composer's names"
            yield Finding("Environment", "Composer and Airflow", "skipped", f"{detail}: --environment names it")
            return
        ask = google_rest.asking(identity.connect())
        described, found = composer_environment.describe(environment, ask)
        if found:
            yield found
        if not described:
            return
        image = composer_image.recorded(settings.include_dir())
        yield from composer_environment.environment_findings(described, config, image)
        if (api := composer_environment.airflow_address(described)) is None:
            yield Finding("Airflow", "API", "skipped", "the environment does not say where it is")
            return
        yield from airflow_state.dag_findings(api, ask)
        yield from airflow_state.pool_findings(api, ask, config)
        yield from airflow_state.connection_findings(api, ask, config, environment.split("/")[1])

    return examine("Environment", identity.NO_LOGIN, check)


def _identity(config: Config, environment: str | None) -> Iterator[Finding]:
    from pedwatch.doctor import identity

    def check() -> Iterator[Finding]:
        yield from identity.identity_findings(config.collector, identity.connect)
        yield from identity.writer_findings(config, identity.connect)

    return examine("Identity", identity.NO_LOGIN, check)


def _slack(config: Config, environment: str | None) -> Iterator[Finding]:
    from pedwatch.doctor import slack_channels

    def check() -> Iterator[Finding]:
        yield from slack_channels.slack_findings(slack_channels.connect(config), config)

    return examine("Slack", slack_channels.smallest_fix(config), check)


def _bigquery(config: Config, environment: str | None) -> Iterator[Finding]:
    from pedwatch.doctor import stores
    from pedwatch.hooks import clients

    fix = "you need roles/bigquery.dataViewer on the dataset and roles/bigquery.jobUser on the project"

    def check() -> Iterator[Finding]:
        warehouse = clients.warehouse_of_any_schema(config, clients.AsPerson())
        yield from stores.bigquery_findings(warehouse, environment)

    return examine("BigQuery", fix, check)


def _heartbeats(config: Config, environment: str | None) -> Iterator[Finding]:
    from pedwatch.doctor import stores
    from pedwatch.hooks import clients

    fix = "run the DAG ped_housekeeping once, then unpause the others"

    def check() -> Iterator[Finding]:
        warehouse = clients.warehouse_of_any_schema(config, clients.AsPerson())
        yield from stores.heartbeat_findings(warehouse, settings.now())

    return examine("Heartbeat", fix, check)


def _firestore(config: Config, environment: str | None) -> Iterator[Finding]:
    from pedwatch.doctor import stores
    from pedwatch.hooks import clients
    from pedwatch.limits.store.firestore import FirestoreLimits

    fix = "you need datastore.entities.get and list on the database (roles/datastore.viewer)"
    return examine(
        "Firestore",
        fix,
        lambda: stores.firestore_findings(FirestoreLimits.from_config(config, clients.AsPerson()), config),
    )


def _storage(config: Config, environment: str | None) -> Iterator[Finding]:
    from pedwatch.doctor import stores
    from pedwatch.hooks import clients

    fix = "you need storage.objects.list on the bucket (roles/storage.objectViewer)"

    def client() -> "storage.Client":
        return clients.storage_client(config, clients.AsPerson())

    yield from examine("Storage", fix, lambda: stores.storage_findings(client(), config))
    yield from examine("Storage", fix, lambda: stores.heads_findings(client(), config.evidence_heads))


def _clusters(config: Config, environment: str | None) -> Iterator[Finding]:
    from pedwatch.doctor import clusters, identity
    from pedwatch.hooks import clients
    from pedwatch.observations.intake.found_clusters import read_known
    from pedwatch.observations.intake.gke import GkeClusters

    def check() -> Iterator[Finding]:
        list_project = GkeClusters(config, identity.connect()).list_project if config.discovery.projects else None
        findings, there = clusters.discovered_findings(config, list_project, settings.now())
        yield from findings
        yield from clusters.cluster_findings(there, lambda: identity.collector_token(config.collector))

    def names() -> Iterator[Finding]:
        client = clients.storage_client(config, clients.AsPerson())
        yield from clusters.name_findings(config, read_known(client, config.bucket) or [])

    yield from examine("Cluster", identity.NO_LOGIN, check)
    if config.discovery.projects and config.discovery.names == "name":
        yield from examine("Cluster", "you need storage.objects.get on the bucket (roles/storage.objectViewer)", names)


def _alerts(config: Config, environment: str | None) -> Iterator[Finding]:
    from pedwatch.doctor import google_rest, identity, outside

    def check() -> Iterator[Finding]:
        yield from outside.alert_findings(config.project, google_rest.asking(identity.connect()))

    return examine("Alerts", identity.NO_LOGIN, check)


def _quotas(config: Config, environment: str | None) -> Iterator[Finding]:
    from pedwatch.doctor import google_rest, identity, outside

    def check() -> Iterator[Finding]:
        yield outside.load_finding(config)
        yield from outside.usage_findings(config, google_rest.asking(identity.connect()))

    return examine("Quotas", identity.NO_LOGIN, check)


def _welcome(config: Config, team_id: str) -> Iterator[Finding]:
    from pedwatch.doctor import slack_channels, welcome
    from pedwatch.hooks import clients

    def send() -> Iterator[Finding]:
        warehouse = clients.warehouse(config, clients.AsPerson())
        yield welcome.welcome(slack_channels.connect(config), warehouse, config, team_id, settings.now())

    return examine("Slack", slack_channels.smallest_fix(config), send)


CHECKS: dict[str, Callable[[Config, str | None], Iterator[Finding]]] = {
    "image": _image,
    "environment": _environment,
    "identity": _identity,
    "slack": _slack,
    "bigquery": _bigquery,
    "heartbeats": _heartbeats,
    "firestore": _firestore,
    "storage": _storage,
    "clusters": _clusters,
    "alerts": _alerts,
    "quotas": _quotas,
}


def _run(arguments: argparse.Namespace) -> int:
    try:
        config = settings.load_config()
        if unknown := [team for team in arguments.welcome if team not in config.slack.teams]:
            raise ConfigurationError(f"--welcome {unknown[0]}: slack.teams in pedwatch.yaml has no such team")
    except PedwatchError as error:
        print(error, file=sys.stderr)
        return 2
    found: list[Finding] = []

    def noted() -> Iterator[Finding]:
        for area in arguments.only or CHECKS:
            for finding in CHECKS[area](config, arguments.environment):
                found.append(finding)
                yield finding
        for team_id in arguments.welcome:
            for finding in _welcome(config, team_id):
                found.append(finding)
                yield finding

    if arguments.format == "json":
        status = exit_status(noted())
        about = {"project": config.project, "environment": arguments.environment, "status": status}
        print(json.dumps({**about, "findings": as_dicts(found)}, indent=2))
        return status
    for line in lines(noted()):
        print(line, flush=True)
    print(f"\n{summary(found)}", flush=True)
    return exit_status(found)
