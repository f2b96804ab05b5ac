#!/bin/sh
# slack_sdk 3.47.0: auth_test() sends "Content-Type: application/json;charset=utf-8" and no body (no Content-Length
# either, or 0). A server that chooses its reader by the header has nothing to decode. Seen on 2026-11-30:
#   POST /api/auth.test  content type: application/json;charset=utf-8  body: 0 bytes
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check slack_sdk==3.47.0
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import json
import threading

from slack_sdk import WebClient

seen = []


class Slack(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen.append((self.path, self.headers.get("Content-Type"), len(body)))
        answer = json.dumps({"ok": True}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Slack)
threading.Thread(target=server.serve_forever, daemon=True).start()
WebClient(token="xoxb-none", base_url=f"http://127.0.0.1:{server.server_port}/api/").auth_test()
[(path, kind, size)] = seen
print(f"POST {path}  content type: {kind}  body: {size} bytes")
assert path == "/api/auth.test" and (kind or "").startswith("application/json") and size == 0, "this has changed"
PYTHON
