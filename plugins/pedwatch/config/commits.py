"""Who changed the policy: the commits that the bundle lists beside the configuration, and if to believe them.

Pure. The list is written by ``deploy/policy_commits.py``; without git there is none. It names the file that it is about
by a hash: of one that somebody has edited in the bucket, nobody is said to be the author.
"""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass

FILE = "policy_commits.json"
"""Beside the configuration."""


@dataclass(frozen=True)
class Commit:
    """A commit that changed the policy."""

    commit: str
    author: str
    """Name and address, as git has them."""
    committed_at: dt.datetime
    """UTC."""
    ticket: str | None
    """As the message names it; None where it names none."""


@dataclass(frozen=True)
class PolicyCommits:
    """The commits that made the policy what it is, the newest first, or why they are not known."""

    commits: tuple[Commit, ...] = ()
    unknown: str | None = None

    def to_json(self, config: bytes) -> str:
        """Return the text of the list; the same for the same commits.

        Args:
            config: the configuration that the commits lead to.
        """
        listed = [vars(each) | {"committed_at": each.committed_at.isoformat()} for each in self.commits]
        return json.dumps({"sha256": hashlib.sha256(config).hexdigest(), "commits": listed}, indent=1) + "\n"


def read_commits(text: str | None, config: bytes) -> PolicyCommits:
    """Read a list; it never raises.

    Args:
        text: of the file, None where there is none.
        config: the configuration as it lies there.
    """
    if text is None:
        return PolicyCommits(unknown=f"there is no {FILE} beside the configuration: it was not bundled from git")
    try:
        found = json.loads(text)
        listed = [each | {"committed_at": dt.datetime.fromisoformat(each["committed_at"])} for each in found["commits"]]
        commits = tuple(Commit(**each) for each in listed)
        is_of_this = found["sha256"] == hashlib.sha256(config).hexdigest()
    except (ValueError, KeyError, TypeError):
        return PolicyCommits(unknown=f"{FILE} is no list of commits: deploy it again")
    if not is_of_this:
        return PolicyCommits(unknown="the configuration is not the one that was bundled: it was edited where it lies")
    return PolicyCommits(commits)
