#!/bin/sh
# slack_sdk 3.47.0: an answer that is not Slack's at all (a proxy's page, nothing) comes back as if Slack had refused:
# SlackApiError with ok=False and a sentence where the error code stands, whatever the status, 200 included. A
# Retry-After that is a date (HTTP allows it) is raised as a bare ValueError once the rate-limit retry handler is on.
# A caller that takes every SlackApiError for Slack's word never sends such a message again. Seen on 2026-11-30:
#   200 text/html  → SlackApiError ok=False error='Received a response in a non-JSON format: …'
#   502 text/html  → SlackApiError ok=False error='Received a response in a non-JSON format: …'
#   200 empty      → SlackApiError ok=False error='Received a response in a non-JSON format: …'
#   429 with Retry-After: Wed, 30 Nov 2033 …  → ValueError
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check slack_sdk==3.47.0
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import threading

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

PAGE = b"<html><body>Please sign in</body></html>"
answers = {"200 text/html": (200, PAGE, {}), "502 text/html": (502, PAGE, {}), "200 empty": (200, b"", {})}
DATE = (429, b'{"ok": false, "error": "ratelimited"}', {"Retry-After": "Wed, 30 Nov 2033 10:00:00 GMT"})
current = None


class Proxy(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body, headers = current
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if body[:1] == b"{" else "text/html")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/api/"
for name, current in answers.items():
    try:
        WebClient(token="xoxb-none", base_url=address).chat_postMessage(channel="C1", text="hello")
        raise SystemExit(f"{name}: no error: this has changed")
    except SlackApiError as error:
        print(f"{name} → SlackApiError ok={error.response.get('ok')} error={error.response.get('error')!r:.60}")
        assert error.response.get("ok") is False and "non-JSON" in error.response["error"], "this has changed"
current = DATE
patient = WebClient(token="xoxb-none", base_url=address, retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=1)])
try:
    patient.chat_postMessage(channel="C1", text="hello")
    raise SystemExit("no error: this has changed")
except Exception as error:
    print(f"429 with a date → {type(error).__name__}")
    assert type(error) is ValueError, "this has changed"
PYTHON
