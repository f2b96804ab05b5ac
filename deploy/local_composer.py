"""``make composer-dev``: the bundle in Google's own image of Airflow, on this machine, by Google's ``composer-dev``.

It answers what no stand-in can: whether Airflow there imports our DAGs and our plugin from Composer's folders, and
which versions of the providers it has, held against ``include/composer_image.yaml``. It needs Docker,
``composer-dev`` (in no registry; .github/workflows/composer.yaml installs it) and credentials that may read Google's
images.

``composer-dev run-airflow-cmd`` ends with 0 whatever Airflow said and breaks lines at the terminal's width, so answers
are read, never their status, on a very wide terminal.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.bundle import ROOT, TARGET
from deploy.gcloud import Done, json_in
from pedwatch.doctor.composer_image import recorded

NAME = "pedwatch-trial"
FOLDER = ROOT / "build" / "composer-dev"
PARSED_WITHIN_SECONDS, POLL_SECONDS = 600, 10
Run = Callable[[Sequence[str]], Done]


class TrialError(Exception):
    """The image could not be asked; the message says what to do."""


def run_program(command: Sequence[str]) -> Done:
    """Run ``composer-dev`` in a folder of its own, where it keeps what it makes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wide = {**os.environ, "COLUMNS": "1000000", "NO_COLOR": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=FOLDER, env=wide, check=False
        )
    except FileNotFoundError:
        source = "https://github.com/GoogleCloudPlatform/composer-local-dev"
        return Done(127, "", f"{command[0]} is not installed: pip install git+{source}@0.12.0")
    return Done(done.returncode, done.stdout, done.stderr)


class LocalComposer:
    """An environment that ``composer-dev`` keeps.

    Args:
        run: runs the program.
        show: told every command before it runs.
    """

    def __init__(self, run: Run = run_program, show: Callable[[str], None] = print) -> None:
        self._run, self._show = run, show

    def call(self, *words: str) -> str:
        """Run a command and return what it printed.

        Raises:
            TrialError: it ended with another status than 0.
        """
        command = ["composer-dev", *words]
        self._show(f"$ {' '.join(command)}")
        done = self._run(command)
        if done.status != 0:
            said = (done.errors or done.output).strip().splitlines()[-3:]
            raise TrialError(f"{' '.join(command)}\n  {' '.join(said) or f'exit status {done.status}'}")
        return done.output

    def airflow(self, *words: str) -> list[dict[str, Any]]:
        """Return the rows that an Airflow command lists.

        Raises:
            TrialError: what it printed is no list.
        """
        output = self.call("run-airflow-cmd", NAME, *words, "--output", "json")
        try:
            rows: list[dict[str, Any]] = json_in(output)
        except ValueError as error:
            raise TrialError(f"airflow {' '.join(words)}: {error}") from error
        return rows


def start(composer: LocalComposer, image: str, bundle: Path) -> None:
    """Make the environment anew with the packages that we bring, and start it; ends once the scheduler runs."""
    kept = FOLDER / "composer" / NAME
    if kept.exists():
        composer.call("remove", "--skip-confirmation", "--force", NAME)
    folders = ("--dags-path", str(bundle / "dags"), "--plugins-path", str(bundle / "plugins"))
    composer.call("create", "--from-image-version", image, *folders, NAME)
    kept.mkdir(parents=True, exist_ok=True)
    (kept / "requirements.txt").write_text((bundle / "requirements.txt").read_text())
    composer.call("start", NAME)


def await_parsing(
    composer: LocalComposer, expected: frozenset[str], sleep: Callable[[float], None]
) -> tuple[set[str], dict[str, str]]:
    """Wait until every DAG is there or refused; returns those missing at the end, and why files were refused."""
    for _ in range(PARSED_WITHIN_SECONDS // POLL_SECONDS):
        errors = {row["filepath"]: row["error"] for row in composer.airflow("dags", "list-import-errors")}
        missing = set(expected) - {row["dag_id"] for row in composer.airflow("dags", "list")}
        if errors or not missing:
            break
        sleep(POLL_SECONDS)
    return missing, errors


def version_problems(image: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say where the image's providers are others than ``include/composer_image.yaml`` records."""
    here = {row["package_name"]: row["version"] for row in rows}
    prefix = "apache-airflow-providers-"
    for name, package in image["packages"].items():
        if name.startswith(prefix) and here.get(name) != package["version"]:
            recorded_as = f"include/composer_image.yaml says {package['version']} ({package['proof']})"
            yield f"{name}: the image has {here.get(name, 'none')}, {recorded_as}; write there what the image has"
    for name in image["lacks"]:
        if name.startswith(prefix) and name not in here:
            yield f"{name}: not installed, though requirements.txt asks for it"


def problems(
    composer: LocalComposer, image: Mapping[str, Any], bundle: Path, sleep: Callable[[float], None]
) -> Iterator[str]:
    """Ask a started environment all of it; yields what is wrong."""
    expected = frozenset(path.stem for path in (bundle / "dags").glob("*.py"))
    missing, errors = await_parsing(composer, expected, sleep)
    yield from (f"{file}: {why.strip().splitlines()[-1]}" for file, why in errors.items())
    if not errors and missing:
        yield f"never parsed: {', '.join(sorted(missing))}"
    loaded = {row["name"] for row in composer.airflow("plugins")}
    for path in (bundle / "plugins").glob("*.py"):
        for name in re.findall(r'^    name = "(\w+)"', path.read_text(), re.MULTILINE):
            if name not in loaded:
                yield f"plugins/{path.name}: Airflow did not load the plugin {name}"
    yield from version_problems(image, composer.airflow("providers", "list"))


def main(
    composer: LocalComposer | None = None, bundle: Path = TARGET, sleep: Callable[[float], None] = time.sleep
) -> int:
    """Start, ask, stop; the environment is removed with the next trial, so that its logs can be read."""
    composer = composer or LocalComposer()
    image = recorded(ROOT / "include")
    try:
        start(composer, image["image"], bundle)
        try:
            found = list(problems(composer, image, bundle, sleep))
        finally:
            composer.call("stop", NAME)
    except TrialError as error:
        print(error, file=sys.stderr)
        return 1
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        print(f"{image['image']} imports every DAG and plugin of {bundle.name}, and has the versions recorded of it")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
