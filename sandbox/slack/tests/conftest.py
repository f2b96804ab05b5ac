"""Starts the stand-in as a real process and hands out the unmodified client."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from slack_sdk import WebClient

from sandbox.slack.control import ControlClient

CHANNELS = ("C0PLATFORM=ped-platform", "C0SHOP=team-shop")
START_SECONDS = 20


@dataclass
class Server:
    """A running stand-in."""

    process: subprocess.Popen[str]
    url: str
    folder: Path

    @property
    def token(self) -> str:
        """The bot token."""
        return (self.folder / "token").read_text()

    @property
    def control(self) -> ControlClient:
        """A client of the control API."""
        return ControlClient.from_folder(self.folder)

    def client(self, token: str | None = None, timeout: int = 10) -> WebClient:
        """Return the unmodified client, without its own retries of broken connections."""
        chosen = self.token if token is None else token
        return WebClient(token=chosen, base_url=f"{self.url}/api/", timeout=timeout, retry_handlers=[])

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Stop the process and return its exit status."""
        self.process.send_signal(how)
        status = self.process.wait(timeout=START_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def start_server(folder: Path, *flags: str) -> Server:
    """Start the stand-in on a free port and wait for its ready line."""
    environment = {key: value for key, value in os.environ.items() if key != "SANDBOX_SLACK_TOKEN"}
    command = [sys.executable, "-m", "sandbox.slack", "--port", "0", "--data", str(folder), *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    word, _, url = process.stdout.readline().strip().partition(" ")
    assert word == "ready", "the stand-in did not start"
    return Server(process, url, folder)


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One stand-in without rate limits for the whole session; ask for ``server`` instead."""
    server = start_server(tmp_path_factory.mktemp("slack"), "--no-rate-limit", "--channel", *CHANNELS)
    yield server
    server.stop()


@pytest.fixture
def server(shared_server: Server) -> Server:
    """An empty stand-in without rate limits."""
    shared_server.control.reset()
    return shared_server


@pytest.fixture
def client(server: Server) -> WebClient:
    """The unmodified client of an empty stand-in."""
    return server.client()


@pytest.fixture
def control(server: Server) -> ControlClient:
    """The control API of an empty stand-in."""
    return server.control


def refusal(error: pytest.ExceptionInfo[Exception]) -> str:
    """Return Slack's error code from a ``SlackApiError``."""
    code: str = error.value.response["error"]  # type: ignore[attr-defined]
    return code
