"""Composer's image: is here what is recorded of it, and what the image lacks."""

import importlib.metadata
import platform
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from pedwatch.doctor.findings import Finding

AREA = "Image"


def recorded(include: Path) -> dict[str, Any]:
    """Return what is known of the image: ``include/composer_image.yaml``."""
    found: dict[str, Any] = yaml.safe_load((include / "composer_image.yaml").read_text(encoding="utf-8"))
    return found


def installed(package: str) -> str | None:
    """Return the version of a package that is installed here, None when it is not."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def image_findings(
    image: Mapping[str, Any],
    version_of: Callable[[str], str | None] = installed,
    python: str = platform.python_version(),
) -> Iterator[Finding]:
    """Compare: a version that differs from the image's is worth knowing, a package that we bring has to be there.

    Args:
        image: see ``recorded``.
        version_of: returns the version of an installed package.
        python: version of this interpreter.
    """
    expected = {name: (package["version"], package["proof"]) for name, package in image["packages"].items()}
    here = {name: version_of(name) for name in expected}
    found = {"python": (image["python"]["version"], image["python"]["proof"], ".".join(python.split(".")[:2]))}
    found |= {name: (*expected[name], here[name] or "absent") for name in expected}
    differing = {name: entry for name, entry in found.items() if entry[0] != entry[2]}
    same = len(found) - len(differing)
    yield Finding(AREA, image["image"], "ok", f"{same} of {len(found)} versions as recorded on {image['recorded_on']}")
    for name, (version, proof, actual) in differing.items():
        yield Finding(AREA, name, "skipped", f"{actual} here, {version} recorded ({proof})")
    for name in image["lacks"]:
        version = version_of(name)
        if version is None:
            fix = "give the environment the PyPI packages of requirements.txt"
            yield Finding(AREA, name, "failed", "not installed", fix)
        else:
            yield Finding(AREA, name, "ok", version)
