"""``python -m pedwatch limits``: check, compare, publish and look up PED limits."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from pedwatch.cli.limit_files import diff, firestore_limits, publish, validate
from pedwatch.cli.tables import FORMATS, print_json, table

if TYPE_CHECKING:
    from pedwatch.limits.stored_document import StoredDocument

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


def register(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    check = actions.add_parser(
        "validate",
        help="check PED files; needs no access to anything",
        description=_VALIDATE,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.set_defaults(run=validate)

    show = actions.add_parser("diff", help="show what publishing would change in Firestore")
    show.set_defaults(run=diff)

    write = actions.add_parser("publish", help="write changed limits to Firestore; a dry run without --apply")
    write.add_argument("--apply", action="store_true", help="write; without it the difference is only shown")
    write.set_defaults(run=publish)

    check.add_argument("paths", nargs="+", metavar="PATH", help="PED file, or folder of .yaml files")
    check.add_argument("--format", choices=("text", "json"), default="text")
    for action in (show, write):
        action.add_argument("paths", nargs="+", metavar="PATH", help="PED file, folder of .yaml files, or gs://folder")
        action.add_argument("--format", choices=("text", "json"), default="text")
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

    overview = actions.add_parser("list", help="list the limits that are published")
    overview.add_argument("--team", metavar="TEAM", help="only this team's")
    overview.add_argument("--environment", help="only those of this environment")
    overview.add_argument("--format", choices=FORMATS, default="table")
    overview.set_defaults(run=_list)

    get = actions.add_parser("get", help=f"look up an API's limits; exit status {NO_LIMIT} when there is none")
    get.add_argument("api_id", metavar="API")
    get.add_argument("--environment", help="only the limits of this environment")
    get.add_argument("--format", choices=("text", "json", "yaml"), default="text")
    get.set_defaults(run=_get)


def _schema(arguments: argparse.Namespace) -> int:
    from pedwatch.limits.document import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0


def _get(arguments: argparse.Namespace) -> int:
    from pedwatch.cli.limit_lookup import contents_of, formatted

    documents = _published(api_id=arguments.api_id, environment=arguments.environment)
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


def _published(**fields: str | None) -> "list[StoredDocument]":
    from pedwatch import settings

    wanted = {name: value for name, value in fields.items() if value}
    found = firestore_limits(settings.load_config()).matching(**wanted)
    return [document for document in found if not document.is_withdrawn]


def _list(arguments: argparse.Namespace) -> int:
    from pedwatch.cli.limit_lookup import LISTED, contents_of, line_of

    contents, problems = contents_of(_published(team_id=arguments.team, environment=arguments.environment))
    for problem in problems:
        print(problem, file=sys.stderr)
    if arguments.format == "json":
        print_json(contents)
    elif contents:
        print(table(LISTED, [line_of(content) for content in contents]))
    elif not problems:
        narrowed = " and ".join(filter(None, [arguments.team, arguments.environment]))
        print(f"there are no limits{f' of {narrowed}' if narrowed else ''}", file=sys.stderr)
    return 1 if problems else 0
