#!/bin/sh
# google-cloud-bigquery 3.47.0 sends projection=full to jobs.get and jobs.cancel. The description of the service that
# google-api-python-client 2.202.0 carries has that parameter for jobs.list alone. Seen on 2026-11-30:
#   GET  …/jobs/j         sent: ['location', 'prettyPrint', 'projection']  not described: ['projection']
#   POST …/jobs/j/cancel  sent: ['location', 'prettyPrint', 'projection']  not described: ['projection']
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    google-cloud-bigquery==3.47.0 google-api-python-client==2.202.0
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import json
import pathlib
import threading
import urllib.parse

import googleapiclient
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

seen = []
JOB = {
    "jobReference": {"projectId": "p", "jobId": "j", "location": "EU"},
    "configuration": {"query": {"query": "SELECT 1"}},
    "status": {"state": "DONE"},
}


class BigQuery(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        seen.append((self.command, url.path, sorted(urllib.parse.parse_qs(url.query))))
        body = json.dumps({"job": JOB} if url.path.endswith("/cancel") else JOB).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), BigQuery)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = ClientOptions(api_endpoint=f"http://127.0.0.1:{server.server_port}")
client = bigquery.Client(project="p", credentials=AnonymousCredentials(), client_options=options)
client.get_job("j", location="EU")
client.cancel_job("j", location="EU")

documents = pathlib.Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
described = json.loads((documents / "bigquery.v2.json").read_text())
jobs, everywhere = described["resources"]["jobs"]["methods"], set(described["parameters"])
for (command, path, names), method in zip(seen, (jobs["get"], jobs["cancel"]), strict=True):
    unknown = [name for name in names if name not in everywhere | set(method["parameters"])]
    print(f"{command:4} {path}  sent: {names}  not described: {unknown}")
    assert unknown == ["projection"], "this has changed"
assert "projection" in jobs["list"]["parameters"], "this has changed"
PYTHON
