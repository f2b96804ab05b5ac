#!/bin/sh
# google-cloud-bigquery 3.47.0: Client.query(...).result() submits the whole statement again, as a new job with a new
# id, when the job ended with backendError, internalError or rateLimitExceeded (default job_retry). A script of which
# half was committed runs a second time, and the caller sees the second run's rows alone. With job_retry=None, or a
# job id of one's own, it raises. Seen on 2026-11-30:
#   default:        2 jobs inserted, result() returned
#   job_retry=None: 1 job inserted, result() raised InternalServerError
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check google-cloud-bigquery==3.47.0
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import json
import threading
import urllib.parse

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

inserted = []


def job(reference, fails):
    status = {"state": "DONE"}
    if fails:
        status["errorResult"] = {"reason": "backendError", "message": "Try again."}
        status["errors"] = [status["errorResult"]]
    return {
        "kind": "bigquery#job",
        "id": reference["jobId"],
        "jobReference": reference,
        "status": status,
        "statistics": {"query": {"statementType": "SCRIPT"}},
        "configuration": {"query": {"query": "BEGIN … END"}},
    }


class BigQuery(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.urlsplit(self.path).path
        status = 200
        if self.command == "POST" and path.endswith("/jobs"):
            reference = json.loads(body)["jobReference"] | {"location": "EU"}
            inserted.append(reference)
            payload = job(reference, False) | {"status": {"state": "RUNNING"}}
        elif "/queries/" in path:
            name = path.rsplit("/", 1)[1]
            if name == inserted[0]["jobId"]:
                status = 500
                error = {"reason": "backendError", "message": "Try again."}
                payload = {"error": {"code": 500, "message": "Try again.", "errors": [error]}}
            else:
                payload = {
                    "jobComplete": True, "totalRows": "0", "schema": {"fields": []}, "jobReference": inserted[-1],
                }
        else:
            name = path.rsplit("/", 1)[1]
            reference = next(item for item in inserted if item["jobId"] == name)
            payload = job(reference, reference is inserted[0])
        data = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), BigQuery)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = ClientOptions(api_endpoint=f"http://127.0.0.1:{server.server_port}")
client = bigquery.Client(project="p", credentials=AnonymousCredentials(), client_options=options)
client.query("BEGIN SELECT 1; END", location="EU").result()
print(f"default:        {len(inserted)} jobs inserted, result() returned")
assert len(inserted) == 2 and inserted[0]["jobId"] != inserted[1]["jobId"], "this has changed"
inserted.clear()
try:
    client.query("BEGIN SELECT 1; END", location="EU", job_retry=None).result()
    raise SystemExit("no error: this has changed")
except Exception as error:
    print(f"job_retry=None: {len(inserted)} job inserted, result() raised {type(error).__name__}")
assert len(inserted) == 1, "this has changed"
PYTHON
