"""Lays the bucket's folders out as they ship: ``python -m deploy.bundle`` writes build/composer/.

``dags/`` with ``include/`` in it, ``plugins/``, and ``requirements.txt``; nothing of the sandbox, the tests or caches.
"""

import hashlib
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "build" / "composer"
#: From the repository's folder to the bucket's.
FOLDERS = {"dags": "dags", "include": "dags/include", "plugins": "plugins"}
#: What ships of them; a deploy that forgets .sql leaves statements that are sent as their own names.
SUFFIXES = {".py", ".sql", ".yaml", ".json", ".html", ".css"}
IGNORE_FILE = ".airflowignore"


def ships(path: Path) -> bool:
    """Tell whether a file belongs into the bucket."""
    return path.is_file() and (path.suffix in SUFFIXES or path.name == IGNORE_FILE) and "tests" not in path.parts


def build(root: Path = ROOT, target: Path = TARGET) -> list[Path]:
    """Write the bundle anew; returns its files, relative to it."""
    shutil.rmtree(target, ignore_errors=True)
    written = []
    for source, destination in FOLDERS.items():
        for path in sorted((root / source).rglob("*")):
            if ships(path):
                copy = target / destination / path.relative_to(root / source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
                written.append(copy.relative_to(target))
    shutil.copyfile(root / "requirements.txt", target / "requirements.txt")
    return [*written, Path("requirements.txt")]


def fingerprint(target: Path, files: list[Path]) -> str:
    """Return one hash of all files and their names: the same sources give the same bundle."""
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(f"{file.as_posix()} {hashlib.sha256((target / file).read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def main() -> int:
    """Write the bundle and say what it is."""
    files = build()
    print(f"{TARGET.relative_to(ROOT)}: {len(files)} files, sha256 {fingerprint(TARGET, files)}")
    print("docs/deployment.md says how it gets into the bucket.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
