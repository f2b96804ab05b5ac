"""Command line of the Slack stand-in: ``python -m sandbox.slack --help``."""

import argparse
import json
import os
import re
import secrets
import socket
import sys
import tempfile
from pathlib import Path

from sandbox import slack
from sandbox.lifecycle import LOOPBACK, serve_app
from sandbox.slack.server import Settings, make_app
from sandbox.slack.workspace import new_bot_token

CHANNEL = re.compile(r"(?P<id>[CG][A-Z0-9]+)=#?(?P<name>[a-z0-9][a-z0-9_-]*)")
DEFAULT_CHANNELS = ["C0PLATFORM=ped-platform"]
EPILOG = """
Point a client at it:
  WebClient(token=…, base_url="http://127.0.0.1:N/api/")
  AIRFLOW_CONN_SLACK_PED='{"conn_type":"slack","password":"xoxb-…","extra":{"base_url":"http://127.0.0.1:N/api/"}}'
Look at the channels: http://127.0.0.1:N/
Tests order faults and read messages with sandbox.slack.control.ControlClient.from_folder(DIR).
"""


def parse_channel(text: str) -> tuple[str, str]:
    """Read ``C0PLATFORM=ped-platform``."""
    found = CHANNEL.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not like C0PLATFORM=ped-platform")
    return found["id"], found["name"]


def make_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.slack",
        description=slack.__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep messages and tokens here; else in memory")
    parser.add_argument(
        "--channel",
        dest="channels",
        type=parse_channel,
        nargs="+",
        action="extend",
        metavar="ID=NAME",
        help="channels the bot is in (default: C0PLATFORM=ped-platform)",
    )
    parser.add_argument("--token", help="the bot token (default: $SANDBOX_SLACK_TOKEN, else made up, in DIR/token)")
    parser.add_argument("--no-rate-limit", action="store_true", help="do not answer 429 to fast callers")
    return parser


def write_secret(path: Path, text: str) -> None:
    """Write a file only its owner can read, in one step."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def choose_token(given: str | None, folder: Path) -> str:
    """Return the bot token: given, from the environment, or made up; either way it is kept in the folder."""
    kept = folder / "token"
    token = given or os.environ.get("SANDBOX_SLACK_TOKEN") or (kept.read_text() if kept.exists() else new_bot_token())
    write_secret(kept, token)
    return token


def choose_port(wanted: int) -> int:
    """Return the port to serve at, so that control.json can name it before the ready line appears."""
    if wanted:
        return wanted
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port: int = free.getsockname()[1]
        return port


def run(arguments: argparse.Namespace, folder: Path) -> None:
    """Serve until told to stop."""
    control_token = secrets.token_urlsafe(24)
    port = choose_port(arguments.port)
    settings = Settings(
        token=choose_token(arguments.token, folder),
        control_token=control_token,
        channels=dict(arguments.channels or map(parse_channel, DEFAULT_CHANNELS)),
        folder=folder if arguments.data else None,
        is_rate_limited=not arguments.no_rate_limit,
    )
    app = make_app(settings)
    write_secret(folder / "control.json", json.dumps({"url": f"http://{LOOPBACK}:{port}", "token": control_token}))
    serve_app(app, port)


def main() -> None:
    """Run the stand-in from the command line."""
    arguments = make_parser().parse_args()
    if arguments.data:
        arguments.data.mkdir(parents=True, exist_ok=True)
        run(arguments, arguments.data)
        return
    with tempfile.TemporaryDirectory(prefix="sandbox-slack-") as folder:
        print(f"token and control.json are in {folder}", file=sys.stderr, flush=True)
        run(arguments, Path(folder))


if __name__ == "__main__":
    main()
