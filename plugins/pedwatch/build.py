"""Is what lies here one build? Composer brings files in any order, and for minutes old and new ones lie side by side.

The bundle (``deploy/bundle.py``) writes its id into every DAG file and into the package, and a list of the package's
files beside it, with a hash of each. Where all of that agrees the build is whole. In the repository nothing was
bundled, and there is nothing to compare.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pedwatch
from pedwatch.errors import ConfigurationError

SOURCE = "source"
"""The id of what was never bundled."""
MANIFEST = "build.json"
PACKAGE = Path(__file__).resolve().parent
_TAG = "build "


@dataclass(frozen=True)
class Manifest:
    """What the bundle says of the package."""

    id: str
    files: Mapping[str, str]
    """Path within the package → SHA-256 of its bytes, for all of them but this list."""

    def to_json(self) -> str:
        """Return the text of the file; the same for the same build."""
        return json.dumps({"id": self.id, "files": dict(sorted(self.files.items()))}, indent=0) + "\n"

    @classmethod
    def read(cls, package: Path) -> "Manifest | None":
        """Return the package's list, None where it has none.

        Raises:
            ConfigurationError: it is there and is no list of files; it may be arriving just now.
        """
        try:
            text = (package / MANIFEST).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            found = json.loads(text)
            return cls(found["id"], found["files"])
        except (ValueError, KeyError, TypeError):
            raise ConfigurationError(f"{package / MANIFEST} is no list of a build's files: deploy it again") from None


def sha256(path: Path) -> str | None:
    """Return the hash of a file, None where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def objection(asked: str, loaded: str | None = None, package: Path = PACKAGE) -> str | None:
    """Return why a DAG file and the package here are not of one build; None where they are.

    Nothing of it is remembered: a task's process may be a copy of one that asked before files arrived.

    Args:
        asked: the id that the DAG file carries.
        loaded: the id of the package as this process has loaded it; ``pedwatch.BUILD`` when omitted.
        package: its folder.
    """
    loaded = pedwatch.BUILD if loaded is None else loaded
    try:
        manifest = Manifest.read(package)
    except ConfigurationError as error:
        return str(error)
    here = manifest.id if manifest else SOURCE
    if asked != here:
        return f"the DAG file is of build {asked}, the package in plugins/ of {here}"
    if loaded != here:
        return f"this process has loaded the package of build {loaded}, in plugins/ lies {here}"
    for name, expected in (manifest.files if manifest else {}).items():
        if (found := sha256(package / name)) != expected:
            of = "not there" if found is None else "of another build"
            return f"plugins/pedwatch/{name} is {of}, the rest of the package is of build {here}"
    return None


def tags(asked: str) -> list[str]:
    """Return the tag of a DAG that says what it was parsed from; none in the repository. It never raises."""
    if objection(asked):
        return [f"{_TAG}{asked} mixed"]
    return [] if asked == SOURCE else [_TAG + asked]


def tag_of(build_id: str) -> str:
    """Return the tag of a DAG that was parsed from a whole build."""
    return _TAG + build_id
