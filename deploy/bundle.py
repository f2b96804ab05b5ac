"""Lays the bucket's folders out as they ship: ``python -m deploy.bundle`` writes build/composer/.

``plugins/`` with the package and, inside it, what is in ``include/``; ``dags/``; and ``requirements.txt``. Nothing of
the sandbox, the tests or caches, and nothing that is not known: a file of another kind stops it, for a bundle that
leaves statements or a page's script behind fails on Composer only.

It has an id, of the commit and of the contents. The id is written into every DAG file and into the package, with a list
of the package's files: that is what tasks compare when they start (``pedwatch/build.py``).
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deploy.policy_commits import policy_commits
from pedwatch.build import MANIFEST, SOURCE, Manifest
from pedwatch.config import commits
from pedwatch.config.reading import examine

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "build" / "composer"
PACKAGE = PurePosixPath("plugins/pedwatch")
INCLUDE = PACKAGE / "include"
#: From the repository's folder to the bucket's. The web server has no ``dags/``, so what it reads is in the package.
FOLDERS = {"plugins": PurePosixPath("plugins"), "include": INCLUDE, "dags": PurePosixPath("dags")}
REQUIREMENTS = "requirements.txt"
CONFIG = PurePosixPath("include/config/pedwatch.yaml")
#: What ships of them.
SUFFIXES = {".py", ".sql", ".yaml", ".json", ".html", ".css", ".js", ".svg", ".txt", ".woff2"}
IGNORE_FILE = ".airflowignore"
#: Of an editor, an interpreter, a test or a reader: never shipped, never missed.
LEFT_OUT = re.compile(r"(?:^|/)(?:__pycache__|tests|\.(?!airflowignore$)[^/]+|[^/]+\.pyc|[^/]+~|README\.md)(?:/|$)")
_STAMPED = f'BUILD = "{SOURCE}"'


class BundleError(Exception):
    """The bundle cannot be built; the message names the file and the fix."""


@dataclass(frozen=True)
class Bundle:
    """What was laid out."""

    id: str
    """``<commit>-<contents>``, of twelve hexadecimal digits each."""
    folder: Path
    files: tuple[str, ...]
    """Paths as in the bucket, sorted."""
    unattributed: str | None = None
    """Why it does not say who changed the policy."""


def sources(root: Path) -> Iterator[tuple[Path, PurePosixPath]]:
    """Yield every file that ships, and where to.

    Raises:
        BundleError: there is one of a kind that nobody said ships.
    """
    for source, destination in FOLDERS.items():
        for path in sorted((root / source).rglob("*")):
            name = path.relative_to(root / source).as_posix()
            if not path.is_file() or LEFT_OUT.search(name):
                continue
            if path.suffix not in SUFFIXES and path.name != IGNORE_FILE:
                raise BundleError(
                    f"{source}/{name}: nobody said that files of this kind ship; add {path.suffix or path.name!r} to "
                    "SUFFIXES in deploy/bundle.py, or take the file away"
                )
            yield path, destination / name
    yield root / REQUIREMENTS, PurePosixPath(REQUIREMENTS)


def commit_of(root: Path) -> str:
    """Return the first digits of the commit that is checked out; zeros where this is no checkout of its own."""
    command = ["git", "-C", str(root), "rev-parse", "--show-toplevel", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "0" * 12
    top, commit = done.stdout.split("\n")[:2]
    return commit[:12] if Path(top).resolve() == root.resolve() else "0" * 12


def fingerprint(contents: Mapping[PurePosixPath, bytes]) -> str:
    """Return one hash of all files and their names: the same sources give the same bundle."""
    whole = hashlib.sha256()
    for name in sorted(contents):
        whole.update(f"{name} {hashlib.sha256(contents[name]).hexdigest()}\n".encode())
    return whole.hexdigest()


def _stamp(contents: dict[PurePosixPath, bytes], build_id: str) -> None:
    """Write the id where it is read from, then the list of the package's files."""
    dags = [name for name in contents if name.parent == FOLDERS["dags"] and name.suffix == ".py"]
    for name in (*dags, PACKAGE / "__init__.py"):
        text = contents[name].decode()
        if text.count(_STAMPED) != 1:
            raise BundleError(f"{name} must hold {_STAMPED} once: the bundle writes its id there")
        contents[name] = text.replace(_STAMPED, f'BUILD = "{build_id}"').encode()
    files = {
        name.relative_to(PACKAGE).as_posix(): hashlib.sha256(content).hexdigest()
        for name, content in contents.items()
        if PACKAGE in name.parents
    }
    contents[PACKAGE / MANIFEST] = Manifest(build_id, files).to_json().encode()


def check_configuration(root: Path = ROOT) -> None:
    """Refuse to ship a configuration that the DAGs could not be parsed with.

    What stands for a variable is left unchecked: it is set in the environment that the bundle is for.

    Raises:
        BundleError: a line for each mistake.
    """
    path = root / CONFIG
    if not path.is_file():
        return  # whoever points PEDWATCH_CONFIG elsewhere ships none
    reading = examine(path.read_bytes(), {}, str(CONFIG), may_be_unset=True)
    if reading.problems:
        lines = "\n".join(str(problem) for problem in reading.problems)
        raise BundleError(f"{lines}\nnothing was bundled: mend the configuration first")


def _attribute(contents: dict[PurePosixPath, bytes], root: Path) -> str | None:
    """Write who changed the policy beside the configuration; returns why not, where that is not known."""
    if not (root / CONFIG).is_file():
        return None
    found = policy_commits(root, root / CONFIG)
    if not found.unknown:
        place = INCLUDE / CONFIG.relative_to("include").with_name(commits.FILE)
        contents[place] = found.to_json((root / CONFIG).read_bytes()).encode()
    return found.unknown


def build(root: Path = ROOT, target: Path = TARGET) -> Bundle:
    """Write the bundle anew.

    Raises:
        BundleError: the configuration is wrong, a file is of an unknown kind, or a DAG file has no place for the id.
    """
    check_configuration(root)
    contents = {name: path.read_bytes() for path, name in sources(root)}
    unattributed = _attribute(contents, root)
    build_id = f"{commit_of(root)}-{fingerprint(contents)[:12]}"
    _stamp(contents, build_id)
    shutil.rmtree(target, ignore_errors=True)
    for name, content in contents.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)
    return Bundle(build_id, target, tuple(sorted(name.as_posix() for name in contents)), unattributed)


def main() -> int:
    """Write the bundle and say what it is."""
    try:
        found = build()
    except BundleError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{TARGET.relative_to(ROOT)}: {len(found.files)} files, build {found.id}")
    if found.unattributed:
        print(f"audits will not name who changed the policy: {found.unattributed}")
    print("make deploy ENV=… brings it into an environment; docs/deployment.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
