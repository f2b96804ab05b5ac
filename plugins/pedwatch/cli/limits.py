"""``python -m pedwatch limits``: check, compare, publish and look up PED limits."""

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pedwatch import settings
from pedwatch.cli.git_source import git_source
from pedwatch.cli.limit_lookup import contents_of, formatted
from pedwatch.config import Config
from pedwatch.errors import ConfigurationError
from pedwatch.limits.advice import warnings_about
from pedwatch.limits.document import PedLimit, json_schema
from pedwatch.limits.document_changes import DocumentChange, describe
from pedwatch.limits.files import Batch, read_paths
from pedwatch.limits.publication import Publishing, apply_changes, compare, with_source

if TYPE_CHECKING:
    from pedwatch.limits.store.firestore import FirestoreLimits

NO_LIMIT = 3
"""Exit status of ``get`` when there is no limit."""

_VALIDATE = """\
Checks PED files: every problem of every file at once, with file, line, field and what to do. Nothing is read but
the files. Exit status 0: all may be published; 1: something is wrong."""
_EXAMPLE = """\
a PED file (several documents in one file are separated by ---):

  environment: prod
  team_id: orders              # as in the team label of the workloads
  api_id: orders-api           # as in their API label
  max_replicas: 12             # pods, in each cluster
  grant: {approver: ana@platform, ticket: CAP-1}

and what else may be said:

  name: batch                  # tells several limits of one API apart
  scope: cluster               # or workload: each by itself; total: the sum over all clusters
  selectors:                   # * and ? are wildcards; of two limits on one workload, the one with more wins
    cluster: eu-*
    namespace: shop            # with namespace or name, workloads without labels count, too
    name: orders-batch-*
    labels: {tier: gold}
  effective_from: 2026-03-01T09:00:00Z   # by default, when it is published
  exemptions:
    - id: spring-sale
      reason: Spring sale
      ticket: CAP-2
      approver: ana@platform
      starts_at: 2026-03-20T00:00:00Z
      ends_at: 2026-03-27T00:00:00Z      # at most 90 days later
      max_replicas: 20                   # null: no ceiling meanwhile

`limits schema` prints the JSON Schema of this, for editors. docs/limits.md explains it."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its actions."""
    parser = commands.add_parser("limits", help="check, compare, publish and look up PED limits")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    validate = actions.add_parser(
        "validate",
        help="check PED files; needs no access to anything",
        description=_VALIDATE,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    validate.set_defaults(run=_validate)

    diff = actions.add_parser("diff", help="show what publishing would change in Firestore")
    diff.set_defaults(run=_diff)

    publish = actions.add_parser("publish", help="write changed limits to Firestore; a dry run without --apply")
    publish.add_argument("--apply", action="store_true", help="write; without it the difference is only shown")
    publish.set_defaults(run=_publish)

    validate.add_argument("paths", nargs="+", metavar="PATH", help="PED file, or folder of .yaml files")
    for action in (diff, publish):
        action.add_argument("paths", nargs="+", metavar="PATH", help="PED file, folder of .yaml files, or gs://folder")
    for action in (diff, publish):
        action.add_argument(
            "--skip-invalid", action="store_true", help="leave out what is wrong instead of refusing all"
        )
        action.add_argument(
            "--withdraw-missing",
            action="store_true",
            help="withdraw limits that no file holds any more, within the environments and teams of the files",
        )
        action.add_argument(
            "--no-replay", action="store_true", help="do not ask BigQuery what the limits would have fired lately"
        )
        action.add_argument("--source-repo", help="where the files come from (default: git's remote)")
        action.add_argument("--source-commit", help="their commit (default: git's)")

    schema = actions.add_parser("schema", help="print the JSON Schema of PED files, for editors and CI")
    schema.set_defaults(run=_schema)

    get = actions.add_parser("get", help=f"look up an API's limits; exit status {NO_LIMIT} when there is none")
    get.add_argument("api_id", metavar="API")
    get.add_argument("--environment", help="only the limits of this environment")
    get.add_argument("--format", choices=("text", "json", "yaml"), default="text")
    get.set_defaults(run=_get)


def _store(config: Config) -> "FirestoreLimits":
    from pedwatch.hooks import clients
    from pedwatch.limits.store.firestore import FirestoreLimits

    return FirestoreLimits.from_config(config, clients.AsPerson())


def _validate(arguments: argparse.Namespace) -> int:
    batch = read_paths([Path(path) for path in arguments.paths])
    batch.require_valid()
    limits = [written.limit for written in batch.limits]
    for remark in [*_warnings_if_configured(limits), *(f"note: {note}" for note in batch.notes)]:
        print(remark, file=sys.stderr)
    files = len({written.path for written in batch.limits})
    print(f"{_counted(len(limits), 'limit')} in {_counted(files, 'file')}: valid")
    return 0


def _warnings_if_configured(limits: list[PedLimit]) -> list[str]:
    """Compare with the platform's configuration where there is one: a team's own CI has none, and needs none."""
    try:
        config = settings.load_config()
    except ConfigurationError:
        return []
    return [f"warning: {warning}" for warning in warnings_about(limits, config, settings.now())]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _read(arguments: argparse.Namespace, config: Config) -> Batch:
    from pedwatch.hooks import clients
    from pedwatch.tasks.limits_publish import local_folder

    with contextlib.ExitStack() as downloads:
        folders = [
            # Resolved, so that a path is noted as it is in the repository wherever the command was typed.
            downloads.enter_context(local_folder(config, path, clients.AsPerson())).resolve()
            for path in arguments.paths
        ]
        git = git_source(folders[0])
        root = git.root or str(folders[0] if folders[0].is_dir() else folders[0].parent)
        repo, commit = arguments.source_repo or git.repo, arguments.source_commit or git.commit
        return with_source(read_paths(folders), repo, commit, root)


def _compare(arguments: argparse.Namespace, config: Config, store: "FirestoreLimits") -> tuple[DocumentChange, ...]:
    from pedwatch.hooks import clients
    from pedwatch.replay.proposed_limits import would_have_fired

    batch = _read(arguments, config)
    how = Publishing(skip_invalid=arguments.skip_invalid, withdraw_missing=arguments.withdraw_missing)
    comparison = compare(batch, store, how)
    for remark in comparison.remarks(batch, config, settings.now()):
        print(remark, file=sys.stderr)
    print(describe(comparison.changes))
    if not arguments.no_replay:
        for line in would_have_fired(comparison.changes, config, clients.AsPerson()):
            print(line)
    return comparison.changes


def _diff(arguments: argparse.Namespace) -> int:
    config = settings.load_config()
    _compare(arguments, config, _store(config))
    return 0


def _publish(arguments: argparse.Namespace) -> int:
    from pedwatch.tasks.limits_publish import published

    config = settings.load_config()
    store = _store(config)
    changes = _compare(arguments, config, store)
    if not changes:
        return 0
    if not arguments.apply:
        print("dry run: nothing was written; add --apply to publish")
        return 0
    apply_changes(changes, store)
    print(published(changes))
    return 0


def _schema(arguments: argparse.Namespace) -> int:
    print(json.dumps(json_schema(), indent=2))
    return 0


def _get(arguments: argparse.Namespace) -> int:
    config = settings.load_config()
    wanted = {"api_id": arguments.api_id}
    if arguments.environment:
        wanted["environment"] = arguments.environment
    documents = [document for document in _store(config).matching(**wanted) if not document.is_withdrawn]
    if not documents:
        place = f" in {arguments.environment}" if arguments.environment else ""
        print(f"{arguments.api_id} has no limit{place}", file=sys.stderr)
        return NO_LIMIT
    contents, problems = contents_of(documents)
    for problem in problems:
        print(problem, file=sys.stderr)
    if contents:
        print(formatted(contents, arguments.format))
    return 1 if problems else 0
