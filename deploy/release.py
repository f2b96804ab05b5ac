"""``make deploy ENV=…`` and ``make rollback ENV=…``: bring a build into an environment, or the one before it back.

The watch is paused meanwhile, its absence alert is snoozed, and what is replaced stays for the tasks that run. Stopped
anywhere, the same command again goes on; what is said then tells whether the watch is paused, and how to unpause it.
"""

import argparse
import datetime as dt
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import yaml

from deploy import bundle, target
from deploy.activation import HOUSEKEEPING, WATCH, Activation, DeployError, assumed
from deploy.composer import Composer, Described
from deploy.gcloud import Gcloud, GcloudError, Run, run_program
from deploy.releases import Releases, State
from pedwatch.config import Config

Activate = Callable[[Releases, Described], Activation]


def deploy(
    composer: Composer, activate: Activate, built: bundle.Bundle, requirements: Iterable[str], now: dt.datetime
) -> None:
    """Bring a build into the environment.

    Raises:
        DeployError: it was refused, or stopped.
        GcloudError: a command was, before anything was changed.
    """
    described = _running(composer)
    if not composer.gcloud.is_dry:
        _refuse_packages(described, requirements)
    releases = Releases(composer, described.bucket)
    state = releases.state()
    dags = composer.dags(assumed(built.files, built.id))
    print(f"build {built.id}: {len(built.files)} files; there now: {state.current or 'nothing that is known'}")
    files = releases.add(built.id, str(built.folder), built.files)
    activate(releases, described).bring(built.id, files, state, dags, now)


def rollback(composer: Composer, activate: Activate, to: str | None, now: dt.datetime) -> None:
    """Bring the build before back, or one that is named.

    Raises:
        DeployError: there is none, or it was stopped.
        GcloudError: a command was refused before anything was changed.
    """
    described = _running(composer)
    releases = Releases(composer, described.bucket)
    is_dry = composer.gcloud.is_dry
    state = State(current="CURRENT", previous="PREVIOUS") if is_dry else releases.state()
    build_id = to or state.target_of_rollback
    files = releases.files(build_id) if build_id else None
    if is_dry:
        files = [f"dags/{name}.py" for name in (WATCH, HOUSEKEEPING)]
    if build_id is None or files is None:
        kept = ", ".join(state.kept) or "none"
        raise DeployError(f"there is no build {build_id or 'before this one'} to go back to; kept are: {kept}")
    dags = composer.dags(assumed(files, build_id))
    print(f"back to build {build_id}; there now: {state.unfinished or state.current}")
    activate(releases, described).bring(build_id, files, state, dags, now)


def _running(composer: Composer) -> Described:
    described = composer.describe()
    if described.state != "RUNNING":
        raise DeployError(f"the environment is {described.state}, not RUNNING: wait for its operation to end")
    return described


def _refuse_packages(described: Described, requirements: Iterable[str]) -> None:
    has = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in described.packages.items()}
    wanted = [line.strip() for line in requirements if line.strip() and not line.startswith("#")]
    missing = [line for line in wanted if has.get(line.partition("==")[0]) != "==" + line.partition("==")[2]]
    if missing:
        raise DeployError(
            f"the environment lacks the PyPI packages {', '.join(missing)}: terraform apply, or gcloud composer "
            "environments update … --update-pypi-packages-from-file=requirements.txt, and come back"
        )


def _quiet_minutes(root: Path) -> int:
    """After how long the absence policies tell: deploy/terraform has the same rule."""
    document = yaml.safe_load((root / "include" / "config" / "pedwatch.yaml").read_text(encoding="utf-8"))
    cycle_minutes = document.get("cycle_minutes", Config.model_fields["cycle_minutes"].default)
    return max(15, 3 * (cycle_minutes if isinstance(cycle_minutes, int) else 60))


def main(
    argv: Sequence[str] | None = None,
    run: Run = run_program,
    sleep: Callable[[float], None] = time.sleep,
    root: Path = bundle.ROOT,
    environments: Path = target.FOLDER,
) -> int:
    """Deploy or roll back; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.release", description=__doc__)
    parser.add_argument("action", choices=("deploy", "rollback"))
    parser.add_argument("environment", metavar="ENV", help="a file of deploy/environments/, without .yaml")
    parser.add_argument("--to", metavar="BUILD", help="rollback: to this build instead of the one before")
    parser.add_argument("--dry-run", action="store_true", help="print every command, run none")
    arguments = parser.parse_args(argv)
    if arguments.to and arguments.action == "deploy":
        parser.error("--to is for rollback: a deploy brings what is checked out")
    now = dt.datetime.now(dt.UTC)
    try:
        where = target.load(arguments.environment, environments)
        composer = Composer(Gcloud(run, print, arguments.dry_run), where)

        def activation(releases: Releases, described: Described) -> Activation:
            return Activation(composer, releases, described, _quiet_minutes(root), print, sleep)

        if arguments.action == "rollback":
            rollback(composer, activation, arguments.to, now)
        else:
            built = bundle.build(root, root / "build" / "composer")
            if built.unattributed:
                print(f"audits will not name who changed the policy: {built.unattributed}")
            deploy(composer, activation, built, (root / bundle.REQUIREMENTS).read_text().splitlines(), now)
    except (target.TargetError, bundle.BundleError, GcloudError, DeployError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
