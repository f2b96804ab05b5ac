"""`up` brings everything up and leaves it running; `down` leaves nothing."""

import datetime as dt
import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from sandbox.demo.tests.running import processes_of
from sandbox.live.__main__ import down as stop
from sandbox.live.__main__ import status
from sandbox.live.__main__ import up as up_again
from sandbox.live.state import LiveState
from sandbox.live.supervisor import next_cycle
from sandbox.scenario.loading import SHIPPED

ROOT = Path(__file__).resolve().parents[3]


def live(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox.live", "--folder", str(folder), *arguments]
    # Files, not pipes: what `up` leaves running would hold a pipe open.
    with (folder.parent / "output").open("w+") as output:
        finished = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, timeout=400, check=False)
        output.seek(0)
        return subprocess.CompletedProcess(command, finished.returncode, output.read())


def status_of(url: str) -> int:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=120) as answer:
        return int(answer.status)


def assert_a_person_sees_the_page(url: str) -> None:
    """By the address that `up` prints first; a browser keeps cookies, and is logged in on its way."""
    proxies, cookies = urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor()
    request = urllib.request.Request(url, headers={"Accept": "text/html"})
    with urllib.request.build_opener(proxies, cookies).open(request, timeout=120) as answer:
        page = answer.read().decode()
    assert answer.url == url and "PED replicas now" in page and 'class="freshness' in page


def assert_a_shell_can_ask(folder: Path, told: str) -> None:
    """The line that `up` prints, as a person would go on from it."""
    [line] = [line for line in told.splitlines() if "pedwatch --help" in line]
    command = line.removeprefix("At a shell").replace("--help", "doctor --only bigquery")
    asked = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, check=False)
    assert asked.returncode == 0 and "nothing to mend" in asked.stdout, asked.stdout + asked.stderr
    assert (folder / "shell.env").stat().st_mode & 0o077 == 0, "it holds a token"


def assert_the_pages_commands_work_as_typed(folder: Path) -> None:
    """What docs/sandbox.md says of a running one; only the folder is another here, and no run is created."""
    page = (ROOT / "docs" / "sandbox.md").read_text()
    [typed] = re.findall(r"```\n(source build/live/shell.env\n.*?)```", page, re.DOTALL)
    here = typed.replace("build/live", str(folder)).replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    command = f"set -e\n{here.rstrip()} --dry-run"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{folder}/pedwatch.yaml: valid; named clusters" in done.stdout
    assert len(re.findall(r"^\| 2\d{3}-", done.stdout, re.MULTILINE)) >= 10, done.stdout


@pytest.mark.timeout(600)
def test_up_and_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "live"
    state_of = LiveState(folder)
    try:
        up = live(folder, "up", "--scenario", str(SHIPPED / "quiet.yaml"))
        assert up.returncode == 0, up.stdout
        state = json.loads((tmp_path / "live.json").read_text())
        assert state["airflow"] in up.stdout and state["slack"] in up.stdout
        assert status_of(f"{state['airflow']}/api/v2/monitor/health") == 200
        assert status_of(state["slack"]) == 200
        first = next(line for line in up.stdout.splitlines() if "http" in line)
        assert_a_person_sees_the_page(first.split()[1])
        assert status(state_of) == 0
        assert_a_shell_can_ask(folder, up.stdout)
        assert_the_pages_commands_work_as_typed(folder)
        assert up_again(state_of, SHIPPED / "quiet.yaml") == 0
        assert "up already" in capsys.readouterr().out
    finally:
        down = live(folder, "down")
    assert down.returncode == 0 and "stopped" in down.stdout
    if sys.platform == "linux":
        assert processes_of(folder) == []
    assert status(state_of) == 1 and stop(state_of) == 0
    assert capsys.readouterr().out.count("it is not up") == 2


def test_a_wrong_scenario_starts_nothing(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: wrong\n")
    up = live(tmp_path / "live", "up", "--scenario", str(wrong))
    assert up.returncode == 2
    assert "start: is required" in up.stdout
    assert not (tmp_path / "live").exists()


def test_only_one_runs_in_a_folder(tmp_path: Path) -> None:
    state = LiveState(tmp_path / "live")
    assert not state.is_running()
    assert state.acquire()
    assert LiveState(tmp_path / "live").is_running()
    assert not LiveState(tmp_path / "live").acquire()


@pytest.mark.parametrize(
    ("now", "minutes", "cycle"),
    [
        ("10:00:00", 5, "10:05"),
        ("10:04:30", 5, "10:05"),
        ("10:04:45", 5, "10:10"),
        ("23:59:50", 5, "00:05"),
        ("10:00:30", 1, "10:01"),
        ("10:00:45", 1, "10:02"),
        ("10:59:45", 60, "12:00"),
    ],
)
def test_the_first_cycle_leaves_time_to_prepare(now: str, minutes: int, cycle: str) -> None:
    moment = dt.datetime.fromisoformat(f"2026-03-02T{now}Z")
    assert f"{next_cycle(moment, dt.timedelta(minutes=minutes)):%H:%M}" == cycle
