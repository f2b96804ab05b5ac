"""``limits validate``, ``diff`` and ``publish``: PED files by themselves, and against what is published."""

import argparse
import contextlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedwatch.cli.tables import print_json

if TYPE_CHECKING:
    from pedwatch.config import Config
    from pedwatch.limits.document import PedLimit
    from pedwatch.limits.document_changes import DocumentChange
    from pedwatch.limits.files import Batch
    from pedwatch.limits.store.firestore import FirestoreLimits
    from pedwatch.written.problems import Problem


def firestore_limits(config: "Config") -> "FirestoreLimits":
    """Return the published limits, read as the person who asks."""
    from pedwatch.hooks import clients
    from pedwatch.limits.store.firestore import FirestoreLimits

    return FirestoreLimits.from_config(config, clients.AsPerson())


def validate(arguments: argparse.Namespace) -> int:
    """Check files; see the command's help."""
    from pedwatch.alerts.wording import counted
    from pedwatch.limits.files import read_paths

    batch = read_paths([Path(path) for path in arguments.paths])
    limits = [written.limit for written in batch.limits]
    files = len({written.path for written in batch.limits})
    is_json = arguments.format == "json"
    if not is_json:
        batch.require_valid()
    remarks = [*_warnings_if_configured(limits), *(f"note: {note}" for note in batch.notes)]
    if is_json:
        found = {"valid": not batch.problems, "limits": len(limits), "files": files, "problems": _told(batch.problems)}
        print_json({**found, "remarks": remarks})
        return 1 if batch.problems else 0
    for remark in remarks:
        print(remark, file=sys.stderr)
    print(f"{counted(len(limits), 'limit')} in {counted(files, 'file')}: valid")
    return 0


def diff(arguments: argparse.Namespace) -> int:
    """Show what publishing would change; see the command's help."""
    from pedwatch import settings

    config = settings.load_config()
    told, _ = _compare(arguments, config, firestore_limits(config))
    if arguments.format == "json":
        print_json(told)
    return 0


def publish(arguments: argparse.Namespace) -> int:
    """Write what changed, with ``--apply``; see the command's help."""
    from pedwatch import settings
    from pedwatch.limits.publication import apply_changes
    from pedwatch.tasks.limits_publish import published

    config = settings.load_config()
    store = firestore_limits(config)
    told, changes = _compare(arguments, config, store)
    is_written = bool(changes and arguments.apply)
    if is_written:
        apply_changes(changes, store)
    if arguments.format == "json":
        print_json({**told, "is_published": is_written})
    elif is_written:
        print(published(changes))
    elif changes:
        print("dry run: nothing was written; add --apply to publish")
    return 0


def _warnings_if_configured(limits: "list[PedLimit]") -> list[str]:
    """Compare with the platform's configuration where there is one: a team's own CI has none, and needs none."""
    from pedwatch import settings
    from pedwatch.errors import ConfigurationError
    from pedwatch.limits.advice import warnings_about

    try:
        config = settings.load_config()
    except ConfigurationError:
        return []
    return [f"warning: {warning}" for warning in warnings_about(limits, config, settings.now())]


def _told(problems: "Iterable[Problem]") -> list[dict[str, Any]]:
    return [
        {"file": problem.source, "line": problem.line, "field": problem.field, "message": problem.message}
        for problem in problems
    ]


def _read(arguments: argparse.Namespace, config: "Config") -> "Batch":
    from pedwatch.cli.git_source import git_source
    from pedwatch.hooks import clients
    from pedwatch.limits.files import read_paths
    from pedwatch.limits.publication import with_source
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


def _compare(
    arguments: argparse.Namespace, config: "Config", store: "FirestoreLimits"
) -> "tuple[dict[str, Any], Sequence[DocumentChange]]":
    """Compare files with what is published; return it for a program, or tell it as it comes, and the changes."""
    from pedwatch import settings
    from pedwatch.hooks import clients
    from pedwatch.limits.document_changes import as_dict, describe
    from pedwatch.limits.publication import Publishing, compare
    from pedwatch.replay.proposed_limits import would_have_fired

    is_text = arguments.format == "text"
    batch = _read(arguments, config)
    how = Publishing(skip_invalid=arguments.skip_invalid, withdraw_missing=arguments.withdraw_missing)
    comparison = compare(batch, store, how)
    remarks = comparison.remarks(batch, config, settings.now())
    if is_text:
        for remark in remarks:
            print(remark, file=sys.stderr)
        print(describe(comparison.changes), flush=True)
    replayed: list[str] = []
    if not arguments.no_replay:
        replayed = would_have_fired(comparison.changes, config, clients.AsPerson())
    if is_text:
        print("\n".join(replayed), end="\n" if replayed else "")
    changes = [as_dict(change) for change in comparison.changes]
    return {"changes": changes, "remarks": remarks, "replay": replayed}, comparison.changes
