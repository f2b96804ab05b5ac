#!/bin/sh
# google-cloud-storage 3.17.1: an upload with if_generation_match=0 ("only if it is not there yet") is retried when the
# answer to it was lost. The service then finds the object of the first try and answers 412, and the client raises
# PreconditionFailed: for its own write, which stands. A caller who reads 412 as "somebody else was first" is wrong;
# what is stored has to be compared. Seen on 2026-11-30:
#   2 uploads arrived, stored: b'evidence', raised: PreconditionFailed
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check google-cloud-storage==3.17.1
DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA=true "$folder/venv/bin/python" - <<'PYTHON'
import email
import email.policy
import http.server
import json
import threading

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import PreconditionFailed
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

stored, arrived = {}, []


class Storage(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        arrived.append(self.path)
        if "object" not in stored:
            head = b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n"
            parts = email.message_from_bytes(head + body, policy=email.policy.HTTP).get_payload()
            stored["object"] = parts[1].get_payload(decode=True).strip()
            self.reply(503, {"error": {"code": 503, "message": "the answer was lost on its way"}})
        else:
            self.reply(412, {"error": {"code": 412, "message": "conditionNotMet"}})

    def reply(self, status, payload):
        data = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Storage)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = ClientOptions(api_endpoint=f"http://127.0.0.1:{server.server_port}")
client = storage.Client(project="p", credentials=AnonymousCredentials(), client_options=options)
blob = client.bucket("b").blob("manifest.json")
try:
    blob.upload_from_string(b"evidence", if_generation_match=0)
    raise SystemExit("no error: this has changed")
except PreconditionFailed as error:
    print(f"{len(arrived)} uploads arrived, stored: {stored['object']!r}, raised: {type(error).__name__}")
assert len(arrived) == 2 and stored["object"] == b"evidence", "this has changed"
PYTHON
