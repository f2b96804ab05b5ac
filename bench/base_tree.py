"""``build/base``: another commit of this repository, with the environment that its own bootstrap makes."""

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

KEPT = (".venv", ".uv")  # of another commit: its bootstrap brings them up to date
COMMIT = ".commit"
BOOTSTRAP = "bootstrap/environment.sh"


class BaseError(Exception):
    """The base cannot be made; the message says what to do."""


def build(clone: Path, wanted: str) -> Path:
    """Return the folder in which the commit stands, with its environment made.

    Raises:
        BaseError: there is no such commit, it has no bootstrap, the bootstrap failed, or somebody worked in the folder.
    """
    base = clone / "build" / "base"
    commit = resolve(clone, wanted)
    made_of = _made_of(clone, base)
    if made_of != commit:
        _replace(clone, base, commit)
    if not (base / BOOTSTRAP).exists():
        raise BaseError(f"commit {wanted} has no {BOOTSTRAP}, so its environment cannot be made: name a later commit")
    _share_cache(clone, base)
    done = subprocess.run(["sh", BOOTSTRAP], cwd=base, check=False)
    if done.returncode:
        raise BaseError(f"the bootstrap of {wanted} failed, see above; try it by hand: sh {base / BOOTSTRAP}")
    return base


def resolve(clone: Path, wanted: str) -> str:
    """Return the full name of a commit."""
    done = _git(clone, "rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}")
    if done.returncode:
        raise BaseError(
            f"there is no commit {wanted!r} in {clone}: name one that `git log --oneline` lists, or fetch it first"
        )
    return done.stdout.strip()


def _made_of(clone: Path, base: Path) -> str | None:
    """The commit that the folder holds, unchanged; None where there is no folder."""
    if not base.exists():
        return None
    note = base / COMMIT
    if not note.exists():
        raise BaseError(f"{base} was not made by `make bench`: remove it, or move it away, and run again")
    commit = note.read_text().strip()
    if changed := _changed(clone, base, commit):
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise BaseError(f"{base} is not commit {commit[:12]} any more ({changed[0]}{more}): remove it and run again")
    return commit


def _changed(clone: Path, base: Path, commit: str) -> list[str]:
    """Files of the commit that are other or missing in the folder, by an index of their own."""
    index = base / "build" / "index"
    index.parent.mkdir(exist_ok=True)
    index.unlink(missing_ok=True)
    tree = ("--work-tree", str(base))
    environment = {**os.environ, "GIT_INDEX_FILE": str(index)}
    _git(clone, *tree, "read-tree", commit, env=environment)
    _git(clone, *tree, "update-index", "-q", "--refresh", env=environment)
    return _git(clone, *tree, "diff-files", "--name-only", env=environment).stdout.splitlines()


def _replace(clone: Path, base: Path, commit: str) -> None:
    base.mkdir(parents=True, exist_ok=True)
    for path in base.iterdir():
        if path.name not in KEPT:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    done = subprocess.run(["git", "archive", commit], cwd=clone, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(base, filter="tar")
    (base / COMMIT).write_text(f"{commit}\n")


def _share_cache(clone: Path, base: Path) -> None:
    """Let the bootstrap find what this clone has downloaded: an environment of its own then takes a minute."""
    own, shared = base / ".uv", clone / ".uv"
    if not own.exists() and not own.is_symlink():
        shared.mkdir(exist_ok=True)
        own.symlink_to(os.path.relpath(shared, base))


def _git(clone: Path, *arguments: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["git", *arguments], cwd=clone, env=env, capture_output=True, text=True, check=False)
