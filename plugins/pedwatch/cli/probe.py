"""``python -m pedwatch probe``: asks the real services once what no stand-in can answer for them."""

import argparse
import contextlib
import sys
from collections.abc import Callable, Generator, Iterator

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.cycles import floor_to_cycle
from pedwatch.errors import PedwatchError, ProbeError
from pedwatch.probe import outcomes
from pedwatch.probe.outcomes import Allowance, Outcome

AREAS = ("bigquery", "firestore", "clusters", "slack")

_DESCRIPTION = """\
Runs every shipped statement once on an empty dataset that it makes and removes, reads one document, lists one
Deployment of each cluster, and with --channel calls each Slack method once (its posts are deleted). Nothing that
pedwatch works with is read or changed. Tells which are refused, and what each takes.
"""
_EPILOG = """\
Exit status: 0 all accepted, 1 some refused, 2 it could not run or was stopped. A run that was killed leaves its dataset
to the next one, which removes it. Google's services are asked as you (application default credentials), Slack as the
Airflow connection, clusters with `auth: kubeconfig` by your own kubeconfig. docs/probe.md says what it proves.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    parser.add_argument("--only", choices=AREAS, action="append", help="ask only this; may be repeated")
    parser.add_argument("--channel", metavar="ID", help="Slack channel to post in, such as C0PLATFORM; else none")
    parser.add_argument(
        "--max-bytes",
        type=_bytes,
        default=outcomes.DEFAULT_MAX_BYTES,
        metavar="SIZE",
        help="stop before BigQuery bills more than this, e.g. 500MB (default: 20GiB)",
    )
    parser.add_argument("--format", choices=("table", "json"), default="table", help="how to print what was found")
    parser.set_defaults(run=_run)


def _bytes(text: str) -> int:
    try:
        return outcomes.read_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _bigquery(config: Config, arguments: argparse.Namespace) -> Iterator[Outcome]:
    from google.api_core.exceptions import GoogleAPICallError, RetryError

    from pedwatch.hooks import clients
    from pedwatch.probe.dataset import empty_dataset
    from pedwatch.probe.statements import Statements

    now = settings.now()
    try:
        client = clients.AsPerson().bigquery(config)
        with empty_dataset(client, config, now) as dataset:
            there = config.model_copy(update={"dataset": dataset})
            root = settings.include_dir() / "sql"
            yield from Statements(
                client, there, root, floor_to_cycle(now, config.period), Allowance(arguments.max_bytes)
            ).run()
    except GoogleAPICallError as error:
        raise ProbeError(
            f"BigQuery: {error.message}. You need roles/bigquery.user on {config.project}; docs/probe.md"
        ) from None
    except (OSError, RetryError) as error:  # requests' own are OSErrors
        raise ProbeError(f"BigQuery cannot be reached: {type(error).__name__}: {error}") from None


def _firestore(config: Config, arguments: argparse.Namespace) -> Iterator[Outcome]:
    from pedwatch.hooks import clients
    from pedwatch.limits.store.firestore import FirestoreLimits
    from pedwatch.probe.services import firestore_outcome

    yield firestore_outcome(FirestoreLimits.from_config(config, clients.AsPerson()))


def _clusters(config: Config, arguments: argparse.Namespace) -> Iterator[Outcome]:
    from pedwatch.doctor import identity
    from pedwatch.observations.intake.gke import GkeClusters
    from pedwatch.probe.services import cluster_outcomes

    list_project = None
    if config.discovery.projects:
        list_project = GkeClusters(config, identity.connect()).list_project
    yield from cluster_outcomes(
        config, list_project, lambda: identity.collector_token(config.collector), settings.now()
    )


def _slack(config: Config, arguments: argparse.Namespace) -> Iterator[Outcome]:
    from pedwatch.doctor.slack_channels import connect, smallest_fix
    from pedwatch.probe.services import SLACK, slack_outcomes

    if arguments.channel is None:
        yield Outcome(SLACK, "every method", "skipped", error="name a channel: --channel C0…")
        return
    try:
        channel = connect(config)
    except Exception as error:  # noqa: BLE001 (Airflow's own, where there is no connection)
        raise ProbeError(f"Slack: {type(error).__name__}. {smallest_fix(config).capitalize()}.") from None
    yield from slack_outcomes(channel, arguments.channel, settings.now())


ASK: dict[str, Callable[[Config, argparse.Namespace], Iterator[Outcome]]] = {
    "bigquery": _bigquery,
    "firestore": _firestore,
    "clusters": _clusters,
    "slack": _slack,
}


def _asked(area: str, config: Config, arguments: argparse.Namespace) -> Generator[Outcome]:
    """Ask an area; whoever is not logged in is told how."""
    from google.auth.exceptions import GoogleAuthError

    try:
        yield from ASK[area](config, arguments)
    except GoogleAuthError as error:
        raise ProbeError(f"{area}: {error}: log in with gcloud auth application-default login") from None


def _run(arguments: argparse.Namespace) -> int:
    found: list[Outcome] = []
    stopped: list[str] = []
    try:
        config = settings.load_config()
    except PedwatchError as error:
        print(error, file=sys.stderr)
        return 2
    for area in arguments.only or AREAS:
        try:
            # Closed at once whatever ends the loop: that removes the dataset.
            with contextlib.closing(_asked(area, config, arguments)) as told:
                for outcome in told:
                    found.append(outcome)
                    elapsed = "" if outcome.elapsed_ms is None else f" {outcome.elapsed_ms} ms"
                    mark = outcomes.MARKS[outcome.status]
                    print(f"{len(found):>4} {mark} {outcome.area} {outcome.name}{elapsed}", file=sys.stderr, flush=True)
        except PedwatchError as error:
            stopped.append(str(error))
            print(error, file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            stopped.append("interrupted")
            break
    if arguments.format == "json":
        about = {"project": config.project, "location": config.location, "max_bytes": arguments.max_bytes}
        print(outcomes.as_json(found, "; ".join(stopped) or None, about))
    else:
        print("\n".join(outcomes.table(found)))
        print(f"\n{outcomes.summary(found)}")
    if stopped:
        return 2
    return 1 if any(outcome.status == "refused" for outcome in found) else 0
