"""Every fault of the wire does what it says: to the caller, and to the server, which took the call or did not."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from soak.wire import KILLED

CALLER = """
import http.client, json, sys
from soak.wire import Wire
struck = []
Wire([json.loads(sys.argv[2])], lambda fault, call: print("struck", flush=True), lambda seconds: None).install()
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
for number in (1, 2):
    try:
        connection.request("POST", f"/call-{number}", b"x" * 1000)
        answer = connection.getresponse()
        print(answer.status, len(answer.read()))
    except (OSError, http.client.HTTPException) as error:
        print(type(error).__name__)
        connection.close()
"""
WHOLE = ("200 500", "200 500")
"""What both calls answer where nothing befalls them."""


class Server(http.server.BaseHTTPRequestHandler):
    taken: ClassVar[list[str]] = []
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        if len(self.rfile.read(1000)) < 1000:
            return
        self.taken.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "500")
        self.end_headers()
        self.wfile.write(b"y" * 500)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("fault", "status", "said", "taken"),
    [
        ('"kind": "kill", "at": "before"', KILLED, [], []),
        ('"kind": "kill", "at": "head", "share": 0.5', KILLED, [], []),
        ('"kind": "kill", "at": "body", "share": 0.5', KILLED, [], []),
        ('"kind": "kill", "at": "after"', KILLED, [], [1]),
        ('"kind": "answer", "status": "429", "taken": false', 0, ["429 58", WHOLE[1]], [2]),
        ('"kind": "answer", "status": "503", "taken": true', 0, ["503 58", WHOLE[1]], [1, 2]),
        ('"kind": "reset", "taken": false', 0, ["ConnectionResetError", WHOLE[1]], [2]),
        ('"kind": "reset", "taken": true', 0, ["ConnectionResetError", WHOLE[1]], [1, 2]),
        ('"kind": "cut", "taken": true', 0, ["IncompleteRead", WHOLE[1]], [1, 2]),
        ('"kind": "slow", "seconds": 5', 0, [*WHOLE], [1, 2]),
    ],
)
def test_what_befalls_a_call(fault: str, status: int, said: list[str], taken: list[int], port: int) -> None:
    Server.taken.clear()
    asked = '{"call": 1, ' + fault + "}"
    done = subprocess.run(
        [sys.executable, "-c", CALLER, str(port), asked], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.splitlines()) == (status, ["struck", *said]), done.stderr
    assert Server.taken == [f"/call-{number}" for number in taken]
