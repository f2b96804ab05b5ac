"""A deploy in the middle of a soak: two bundles of this tree, and the bucket into which one comes over the other.

Composer brings files in any order; for minutes a worker has old and new ones side by side (docs/deployment.md). The two
differ in their configuration's comment alone, and so in their id, in every DAG file and in the list of their files.
"""

import shutil
from pathlib import Path

from deploy import bundle
from soak.tries import ROOT


class Bucket:
    """What workers see of the bucket, and the builds that come there.

    Args:
        folder: where bundles are laid out.
    """

    def __init__(self, folder: Path) -> None:
        self.here = folder / "bucket"
        self._builds = {name: folder / f"build-{name}" for name in ("old", "new")}
        source = folder / "source"
        for name, target in self._builds.items():
            shutil.rmtree(source, ignore_errors=True)
            for part in (*bundle.FOLDERS, bundle.REQUIREMENTS):
                copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
                source.mkdir(parents=True, exist_ok=True)
                copy(ROOT / part, source / part)
            config = source / "include" / "config" / "pedwatch.yaml"
            config.write_text(config.read_text() + f"# {name}\n")
            bundle.build(source, target)
        self.arrive("old")

    def begin(self, name: str) -> None:
        """Let a build arrive in part: the package, and no DAG file yet."""
        shutil.copytree(self._builds[name] / "plugins", self.here / "plugins", dirs_exist_ok=True)

    def arrive(self, name: str) -> None:
        """Let a build be there as a whole."""
        shutil.rmtree(self.here, ignore_errors=True)
        shutil.copytree(self._builds[name], self.here)
