#!/bin/sh
# google-cloud-container 2.67.0 over REST: the client asks for enumerations as numbers (enum-encoding=int). A status
# that its version does not know stays a plain int, so that `.name` on it raises AttributeError; as a word (a server
# that ignores the parameter) the same unknown status reads STATUS_UNSPECIFIED, as if none had been sent. One cluster in a
# new state thus fails a loop over all of them. Seen on 2026-11-30:
#   status 2  → <Status.RUNNING: 2>   status 99 → 99 (int)   status "HIBERNATING" → <Status.STATUS_UNSPECIFIED: 0>
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check google-cloud-container==2.67.0
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import json
import threading
import urllib.parse

from google.auth.credentials import AnonymousCredentials
from google.cloud.container_v1.services.cluster_manager.transports.rest import ClusterManagerRestTransport
from google.cloud.container_v1 import ClusterManagerClient

asked = []


class Gke(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query))
        clusters = [{"name": f"c{number}", "status": status} for number, status in enumerate((2, 99, "HIBERNATING"))]
        body = json.dumps({"clusters": clusters}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Gke)
threading.Thread(target=server.serve_forever, daemon=True).start()
transport = ClusterManagerRestTransport(
    host=f"127.0.0.1:{server.server_port}", url_scheme="http", credentials=AnonymousCredentials()
)
known, number, word = ClusterManagerClient(transport=transport).list_clusters(parent="projects/p/locations/-").clusters
print("asked for:", asked[0])
print(f"status 2  → {known.status!r}   status 99 → {number.status!r} ({type(number.status).__name__})", end="   ")
print(f'status "HIBERNATING" → {word.status!r}')
assert asked[0].get("$alt") == ["json;enum-encoding=int"], "this has changed"
assert known.status.name == "RUNNING" and type(number.status) is int and number.status == 99, "this has changed"
assert word.status.name == "STATUS_UNSPECIFIED", "this has changed"
PYTHON
