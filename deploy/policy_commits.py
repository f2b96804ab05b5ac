"""Asks git which commits made the policy what it is; the bundle writes them beside the configuration.

A commit counts when what weakens detection differs from the commit before it: the policy, retired clusters, where teams
are told. A wrong name in an audit is worse than none, so a checkout that cannot know says so.
"""

import datetime as dt
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pedwatch.config.commits import Commit, PolicyCommits

MOST = 20
"""Of more, the oldest are left out: they were recorded by the deploys between."""
_LOOKED_THROUGH = 200
_FORMAT = "%H%x00%aN <%aE>%x00%cI%x00%s%x00%(trailers:key=Ticket,valueonly,separator=%x2C)"
_TICKET = re.compile(r"^[\[(]?([A-Z][A-Z0-9]+-\d+)(?:[\])]|[:\s])|[\[(]([A-Z][A-Z0-9]+-\d+)[\])]$")


def ticket_of(subject: str, trailers: str) -> str | None:
    """Return the ticket that a commit names: its trailer ``Ticket:``, or one that its subject begins or ends with."""
    if named := trailers.strip():
        return named
    found = _TICKET.search(subject.strip())
    return next(name for name in found.groups() if name) if found else None


def weakening_part(raw: bytes | None) -> Any:
    """Return what weakens detection in the text of a configuration; None of one that cannot be read."""
    try:
        document = yaml.safe_load(raw or b"")
        teams = (document.get("slack") or {}).get("teams") or {}
        modes = {name: (route or {}).get("mode") for name, route in teams.items()}
        suppressed = sorted(str(name) for name, mode in modes.items() if mode == "suppressed")
        return document.get("policy"), sorted(document.get("retired_clusters") or []), suppressed
    except (yaml.YAMLError, AttributeError, TypeError, ValueError):  # the last of a date that is none
        return None


def policy_commits(root: Path, config: Path) -> PolicyCommits:
    """Return the commits that changed the policy, the newest first, or why this checkout does not know.

    Args:
        root: of the checkout.
        config: the configuration, below it.
    """
    name = config.relative_to(root).as_posix()
    try:
        top, is_shallow = _git(root, "rev-parse", "--show-toplevel", "--is-shallow-repository").decode().split("\n")[:2]
        if Path(top).resolve() != root.resolve():
            return PolicyCommits(unknown="this is no checkout of git")
        if is_shallow == "true":
            # Git takes the oldest commit that such a clone has for the author of everything.
            return PolicyCommits(unknown="this clone is shallow: git fetch --unshallow")
        if _git(root, "show", f"HEAD:{name}") != config.read_bytes():
            return PolicyCommits(unknown=f"{name} is not what was committed: commit it first")
        log = _git(root, "log", f"--format={_FORMAT}%x1e", f"--max-count={_LOOKED_THROUGH}", "HEAD", "--", name).decode(
            errors="replace"
        )
        found = [entry.strip("\n").split("\0") for entry in log.split("\x1e") if entry.strip("\n")]
        return PolicyCommits(tuple(_changing(root, name, found)))
    except (OSError, subprocess.CalledProcessError):
        return PolicyCommits(unknown="this is no checkout of git, or the configuration is in no commit")


def _changing(root: Path, name: str, found: list[list[str]]) -> Iterator[Commit]:
    """Yield those of the file's commits, the newest first, that changed what weakens detection."""
    count = 0
    for commit, author, committed_at, subject, trailers in found:
        after, before = (weakening_part(_file_at(root, f"{at}:{name}")) for at in (commit, f"{commit}^"))
        if after != before:
            moment = dt.datetime.fromisoformat(committed_at).astimezone(dt.UTC)
            yield Commit(commit, author, moment, ticket_of(subject, trailers))
            count += 1
        if count == MOST:
            return


def _file_at(root: Path, place: str) -> bytes | None:
    try:
        return _git(root, "show", place)
    except subprocess.CalledProcessError:
        return None  # before the file was there


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True).stdout
