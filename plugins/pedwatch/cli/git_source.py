"""Finds out which repository and commit PED files come from."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class GitSource:
    """The repository around some files; all None outside of one."""

    repo: str | None
    commit: str | None
    root: str | None


def git_source(path: Path) -> GitSource:
    """Ask git about the repository that holds ``path``."""
    folder = path if path.is_dir() else path.parent
    root = _git(folder, "rev-parse", "--show-toplevel")
    if root is None:
        return GitSource(None, None, None)
    remote = _git(folder, "config", "--get", "remote.origin.url")
    return GitSource(_without_secret(remote) if remote else None, _git(folder, "rev-parse", "HEAD"), root)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None if answer.returncode == 0 else None


def _without_secret(remote: str) -> str:
    """Drop user and token from a remote such as https://user:token@host/repo."""
    parts = urlsplit(remote)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if parts.scheme else remote
