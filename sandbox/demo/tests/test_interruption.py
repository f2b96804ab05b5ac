"""However the demo ends, no process of it is left."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.demo.tests.running import command, processes_of
from sandbox.scenario.loading import SHIPPED

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc")


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        pytest.param(signal.SIGINT, "starting", id="Ctrl-C while it starts"),
        pytest.param(signal.SIGTERM, "creating the tables", id="SIGTERM while DAGs run"),
        pytest.param(signal.SIGKILL, "creating the tables", id="SIGKILL while DAGs run"),
    ],
)
def test_nothing_is_left_behind(number: signal.Signals, moment: str, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    demo = subprocess.Popen(command(SHIPPED / "quiet.yaml", folder), stdout=subprocess.PIPE, text=True)
    assert demo.stdout
    for line in demo.stdout:
        if moment in line:
            break
    deadline = time.monotonic() + 30
    while len(processes_of(folder)) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(processes_of(folder)) >= 4, "too few processes to be a test"
    demo.send_signal(number)
    status = demo.wait(150)
    assert status == (-number if number == signal.SIGKILL else 128 + number)
    deadline = time.monotonic() + 40
    while processes_of(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(folder) == []


def test_a_folder_of_something_else_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")
    finished = subprocess.run(command(SHIPPED / "quiet.yaml", tmp_path), capture_output=True, text=True)
    assert finished.returncode == 3
    assert "not made by the sandbox" in finished.stderr
    assert (tmp_path / "thesis.txt").exists()


def test_a_wrong_scenario_is_told_at_once(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: wrong\n")
    finished = subprocess.run(command(wrong, tmp_path / "demo"), capture_output=True, text=True)
    assert finished.returncode == 2
    assert f"{wrong}:1: start: is required" in finished.stderr
    assert not (tmp_path / "demo").exists()
