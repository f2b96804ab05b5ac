"""From a bare checkout: which Python and which uv are taken, and what is said when there is none.

Machines are made of a PATH with the shell's tools and stand-ins for ``python3`` and ``uv``; nothing is downloaded.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = (
    "sh",
    "dirname",
    "awk",
    "cksum",
    "cut",
    "rm",
    "touch",
    "make",
    "mkdir",
    "cat",
    "pwd",
    "echo",
    "grep",
    "sort",
    "env",
    "cp",
)

#: A Python that is as bare as its environment variables say, and otherwise a real one.
PYTHON = f"""#!/bin/sh
case "$*" in
  *"import ensurepip"*) exit {{ensurepip}} ;;
  "-m pip --version") exit {{pip}} ;;
  *"sys.executable"*) echo "$0"; exit 0 ;;
  *"version_info"*) exit {{unfit}} ;;
  --version) echo "Python {{version}}"; exit 0 ;;
  *"-m pip install"*) echo "pip $*" >>"$CALLS"
    mkdir -p .uv/lib/bin && cp "$UV_TO_INSTALL" .uv/lib/bin/uv; exit 0 ;;
esac
exec {sys.executable} "$@"
"""
UV = """#!/bin/sh
if [ "$1" = --version ]; then echo "uv {version}"; exit 0; fi
echo "uv $*" >>"$CALLS"
env | grep -E '^(UV_|PYTHONDONT)' | sort >>"$CALLS"
mkdir -p .venv/bin
"""


@dataclass
class Machine:
    """A clone's bootstrap files, and a PATH."""

    clone: Path
    path: Path
    calls: Path
    spare_uv: Path

    def add(self, name: str, text: str) -> Path:
        file = self.path / name
        file.write_text(text)
        file.chmod(0o755)
        return file

    def python(self, name: str = "python3", *, ensurepip: int = 1, pip: int = 1, unfit: int = 0) -> None:
        version = "3.14.1" if unfit else "3.12.1"
        self.add(name, PYTHON.format(ensurepip=ensurepip, pip=pip, unfit=unfit, version=version))

    def uv(self, version: str = "99.0.0") -> None:
        self.add("uv", UV.format(version=version))

    def setup(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": str(self.path),
            "HOME": str(self.path.parent / "nowhere"),
            "CALLS": str(self.calls),
            "UV_TO_INSTALL": str(self.spare_uv),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            ["make", "setup", *arguments], cwd=self.clone, env=environment, capture_output=True, text=True, timeout=60
        )

    @property
    def said(self) -> str:
        return self.calls.read_text() if self.calls.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with a shell and make, and nothing else."""
    clone, path = tmp_path / "clone", tmp_path / "bin"
    for name in ("pyproject.toml", "uv.lock", "Makefile", "images/replica_collector/pyproject.toml"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    shutil.copytree(ROOT / "bootstrap", clone / "bootstrap")
    path.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        if found:
            (path / tool).symlink_to(os.path.realpath(found))
    spare = tmp_path / "spare-uv"
    spare.write_text(UV.format(version="99.0.0"))
    spare.chmod(0o755)
    return Machine(clone, path, tmp_path / "calls", spare)


def test_uv_on_the_path_is_used(machine: Machine) -> None:
    machine.python()
    machine.uv()
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert "uv sync --locked" in machine.said
    assert "pip" not in machine.said


def test_nothing_is_kept_outside_the_clone_and_no_python_is_downloaded(machine: Machine) -> None:
    machine.python()
    machine.uv()
    machine.setup()
    assert f"UV_CACHE_DIR={machine.clone}/.uv/cache" in machine.said
    assert f"UV_PROJECT_ENVIRONMENT={machine.clone}/.venv" in machine.said
    assert "UV_PYTHON_DOWNLOADS=never" in machine.said
    assert "UV_COMPILE_BYTECODE=1" in machine.said
    assert "PYTHONDONTWRITEBYTECODE" not in machine.said


def test_a_second_time_nothing_is_done(machine: Machine) -> None:
    machine.python()
    machine.uv()
    machine.setup()
    machine.calls.unlink()
    assert machine.setup().returncode == 0
    assert machine.said == ""


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock", "images/replica_collector/pyproject.toml"])
def test_a_changed_dependency_file_is_noticed(machine: Machine, name: str) -> None:
    machine.python()
    machine.uv()
    machine.setup()
    machine.calls.unlink()
    stamp = next((machine.clone / ".venv").glob(".synced-*"))
    newer = stamp.stat().st_mtime + 10
    os.utime(machine.clone / name, (newer, newer))
    machine.setup()
    assert "uv sync" in machine.said


def test_another_interpreter_is_obeyed_though_nothing_changed(machine: Machine) -> None:
    machine.python()
    machine.python("python3.12")
    machine.uv()
    machine.setup()
    machine.calls.unlink()
    machine.setup("PYTHON=python3.12")
    assert "uv sync" in machine.said


def test_an_old_uv_is_passed_over(machine: Machine) -> None:
    machine.python(pip=0)
    machine.uv("0.4.30")
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert "pip -m pip install --quiet --upgrade --target .uv/lib uv==" in machine.said


def test_without_ensurepip_pip_installs_uv_into_the_clone(machine: Machine) -> None:
    machine.python(pip=0)
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert "--target .uv/lib" in machine.said
    assert "uv sync --locked" in machine.said


def test_without_either_it_names_the_debian_package(machine: Machine) -> None:
    machine.python()
    done = machine.setup()
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr
    assert "python3-pip" in done.stderr


def test_a_python_that_airflow_does_not_run_on_is_named(machine: Machine) -> None:
    machine.python(unfit=1)
    machine.uv()
    done = machine.setup()
    assert done.returncode != 0
    assert "no Python 3.11, 3.12 or 3.13 on PATH (found: Python 3.14.1)" in done.stderr


def test_another_python_on_the_path_is_found_when_the_first_is_too_new(machine: Machine) -> None:
    machine.python(unfit=1)
    machine.python("python3.13")
    machine.uv()
    assert machine.setup().returncode == 0


def test_a_shim_that_does_not_run_is_passed_over(machine: Machine) -> None:
    machine.add("python3.11", "#!/bin/sh\necho 'pyenv: python3.11: command not found' >&2\nexit 127\n")
    machine.python()
    machine.uv()
    assert machine.setup().returncode == 0


def test_no_python_at_all(machine: Machine) -> None:
    machine.uv()
    done = machine.setup()
    assert done.returncode != 0
    assert "no Python 3.11, 3.12 or 3.13" in done.stderr


def test_a_failed_sync_is_tried_again(machine: Machine) -> None:
    machine.python()
    machine.add("uv", '#!/bin/sh\n[ "$1" = --version ] && echo "uv 99.0.0" && exit 0\necho "no network" >&2\nexit 2\n')
    done = machine.setup()
    assert done.returncode != 0
    assert "no network" in done.stderr
    machine.uv()
    assert machine.setup().returncode == 0
    assert "uv sync" in machine.said


def test_make_alone_teaches(machine: Machine) -> None:
    done = subprocess.run(
        ["make"], cwd=machine.clone, env={"PATH": str(machine.path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    for target in ("setup", "demo", "test", "up", "down", "lint", "bench", "bundle", "clean", "help"):
        assert f"make {target}" in done.stdout
