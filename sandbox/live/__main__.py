"""Command line of the live sandbox: ``python -m sandbox.live up | down | status``."""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from sandbox.demo.interruption import exit_on_signals
from sandbox.demo.stage_setting import shell_hint
from sandbox.live.state import LiveState
from sandbox.scenario.loading import DEFAULT, ScenarioError, load

START_SECONDS, STOP_SECONDS = 240, 60
FOLDER = Path("build/live")


def make_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.live",
        description="Airflow's UI with the DAGs scheduled, against stand-ins on this machine, in real time.",
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="emptied by `up` (default: build/live)")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("up", "start it and print the addresses"), ("supervise", "the same, without leaving")):
        command = commands.add_parser(name, help=text)
        command.add_argument("--scenario", type=Path, default=DEFAULT, help="played over and over (default: the shop)")
    commands.add_parser("down", help="stop it")
    commands.add_parser("status", help="say whether it runs, and where")
    return parser


def show(state: LiveState) -> None:
    """Print where everything is."""
    known = state.read()
    print(f"Replicas    {known['airflow']}/ped-replicas/now   (who is over its limit, and since when)")
    print(f"Airflow     {known['airflow']}   (logs in by itself; cycle_minutes is {known['cycle_minutes']})")
    print(f"Slack page  {known['slack']}")
    print(f"Scenario    {known['scenario']}, over and over; what happens is told in {state.log}")
    print(f"Stand-ins   BigQuery {known['bigquery']}, Storage {known['storage']}, Firestore {known['firestore']}")
    print(shell_hint(Path(known["folder"])))
    print("`make down` ends it.")


def up(state: LiveState, scenario: Path) -> int:
    """Start the supervisor, wait until everything is up, and leave it running."""
    if state.is_running():
        print("it is up already:")
        show(state)
        return 0
    load(scenario)
    command = [
        sys.executable,
        "-m",
        "sandbox.live",
        "--folder",
        str(state.folder),
        "supervise",
        "--scenario",
        str(scenario),
    ]
    with state.log.open("wb") as log:
        supervisor = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    print("starting: the stand-ins, Airflow, the tables, the limits; about a minute", flush=True)
    exit_on_signals()
    is_up = False
    try:
        is_up = _comes_up(state, supervisor)
    finally:
        if not is_up and supervisor.poll() is None:
            supervisor.send_signal(signal.SIGTERM)
            supervisor.wait(STOP_SECONDS)
    if not is_up:
        print(f"it did not start; {state.log} says:\n{state.log.read_text()[-3000:]}", file=sys.stderr)
        return 3
    show(state)
    return 0


def _comes_up(state: LiveState, supervisor: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + START_SECONDS
    while supervisor.poll() is None and time.monotonic() < deadline:
        if state.is_running() and state.read().get("phase") == "running":
            return True
        time.sleep(0.2)
    return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def down(state: LiveState) -> int:
    """Stop the supervisor and wait until it is gone."""
    if not state.is_running():
        print("it is not up")
        return 0
    supervisor = state.read()["pid"]
    os.kill(supervisor, signal.SIGTERM)
    for _ in range(STOP_SECONDS * 5):
        # It lets go of the state a moment before it has ended.
        if not state.is_running() and not _is_alive(supervisor):
            print("stopped")
            return 0
        time.sleep(0.2)
    print(f"it has not stopped within {STOP_SECONDS} s; see {state.log}", file=sys.stderr)
    return 1


def status(state: LiveState) -> int:
    """Say whether it runs; exit status 0 when it does."""
    if not state.is_running() or state.read().get("phase") != "running":
        print("it is not up" if not state.is_running() else "it is starting")
        return 1
    show(state)
    return 0


def supervise(state: LiveState, path: Path) -> int:
    """Be the supervisor."""
    from sandbox.environment.process import StartError
    from sandbox.live.supervisor import supervise as run
    from sandbox.scenario.limit_publishing import PublishError

    scenario = load(path)
    if not state.acquire():
        print("another one runs in this folder", file=sys.stderr)
        return 3
    try:
        run(scenario, state, state.folder)
    except (StartError, PublishError) as error:
        print(error, file=sys.stderr)
        return 3
    return 0


def main() -> int:
    """Run one command and return its exit status."""
    arguments = make_parser().parse_args()
    state = LiveState(arguments.folder.resolve())
    try:
        if arguments.command == "up":
            return up(state, arguments.scenario)
        if arguments.command == "supervise":
            return supervise(state, arguments.scenario)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    return down(state) if arguments.command == "down" else status(state)


if __name__ == "__main__":
    sys.exit(main())
