"""What survives ``kill -9`` and what a stand-in without a folder does."""

import signal
import subprocess
import sys
from pathlib import Path

from sandbox.slack.tests.conftest import Server, start_server

CHANNEL = "C0PLATFORM"


def test_messages_survive_kill_minus_nine(tmp_path: Path) -> None:
    first = start_server(tmp_path, "--no-rate-limit")
    client, token = first.client(), first.token
    parent = client.chat_postMessage(channel=CHANNEL, text="firing", metadata={"event_type": "e", "event_payload": {}})
    client.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=parent["ts"])
    client.chat_update(channel=CHANNEL, ts=parent["ts"], text="resolved")
    first.control.react_as("U0MAYA", CHANNEL, parent["ts"], "eyes")
    first.control.put_channel("C0NEW", name="new", is_archived=True)
    first.control.set_scopes(["chat:write", "channels:read"])
    before = first.control.messages()
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    second = start_server(tmp_path, "--no-rate-limit")
    assert second.control.messages() == before and before[0]["revisions"]
    assert second.token == token
    assert second.control.switches()["scopes"] == ["chat:write", "channels:read"]
    assert second.client().conversations_info(channel="C0NEW")["channel"]["is_archived"]
    assert second.client().chat_postMessage(channel=CHANNEL, text="later")["ts"] > before[-1]["ts"]
    assert second.stop() == 0


def test_a_stand_in_without_a_folder_cleans_up_after_itself() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.slack", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stderr
    folder = Path(process.stderr.readline().strip().rpartition(" ")[2])
    url = process.stdout.readline().split()[1]
    server = Server(process, url, folder)
    assert server.client().chat_postMessage(channel=CHANNEL, text="x")["ok"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0 and not folder.exists()


def test_the_help_teaches() -> None:
    shown = subprocess.run([sys.executable, "-m", "sandbox.slack", "--help"], capture_output=True, text=True)
    assert shown.returncode == 0 and "AIRFLOW_CONN_SLACK_PED" in shown.stdout


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    port = server.url.rpartition(":")[2]
    command = [sys.executable, "-m", "sandbox.slack", "--port", port]
    second = subprocess.run(command, capture_output=True, text=True, timeout=20)
    server.stop()
    assert second.returncode == 1 and f"cannot listen on 127.0.0.1:{port}" in second.stderr
