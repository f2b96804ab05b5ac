"""Load jobs that bring their file along: multipart in one request, resumable in many."""

import re
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from sandbox.bigquery.errors import BigQueryError, invalid, not_implemented
from sandbox.bigquery.http_exchange import Answer, Request, Routes
from sandbox.bigquery.rest_jobs import insert_job, new_job
from sandbox.bigquery.service import Service

UPLOAD_PREFIX = "upload/bigquery/v2/"
_BOUNDARY = re.compile(r"boundary=(?:\"([^\"]+)\"|'([^']+)'|([^;\s]+))")
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)\Z")
_RESUME_INCOMPLETE = 308


@dataclass
class _Upload:
    """A resumable upload that has begun."""

    project: str
    body: dict[str, Any]
    data: bytearray = field(default_factory=bytearray)
    lock: threading.Lock = field(default_factory=threading.Lock)
    answer: Answer | None = None
    """Once the job was started: a client that repeats its last chunk is told the same again."""


class UploadRoutes:
    """Handlers of ``/upload/…/jobs``."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._uploads: dict[str, _Upload] = {}

    def register(self, routes: Routes) -> None:
        """Add the handlers."""
        for prefix in (UPLOAD_PREFIX, f"resumable/{UPLOAD_PREFIX}"):
            routes.add("POST", prefix + "projects/{project}/jobs", self.post)
            routes.add("PUT", prefix + "projects/{project}/jobs", self.put)
            routes.add("DELETE", prefix + "projects/{project}/jobs", self.give_up)

    def post(self, request: Request, project: str) -> Answer:
        """A whole upload, or the beginning of a resumable one."""
        kind = request.query.get("uploadType")
        if kind == "multipart":
            body, media = _parts(request)
            return insert_job(self._service, project, body, media)
        if kind != "resumable":
            raise not_implemented(f"uploads of the type {kind}")
        return self._begin(Request("POST", "", {}, data=request.data).body("Job"), project, request)

    def _begin(self, body: dict[str, Any], project: str, request: Request) -> Answer:
        job = new_job(self._service, project, body)  # what is wrong with the job is told before the file travels
        if self._service.jobs.find(job.project, job.job_id):
            self._service.jobs.add(job)
        # A repeated request to finish must find the same job.
        body = {**body, "jobReference": {**(body.get("jobReference") or {}), "jobId": job.job_id}}
        upload_id = uuid.uuid4().hex
        self._uploads[upload_id] = _Upload(project, body)
        path = f"/{UPLOAD_PREFIX}projects/{project}/jobs?uploadType=resumable&upload_id={upload_id}"
        address = f"http://{request.headers.get('Host', '127.0.0.1')}{path}"
        return Answer(headers={"Location": address, "X-GUploader-UploadID": upload_id})

    def put(self, request: Request, project: str) -> Answer:
        """A chunk, or the question how much has arrived."""
        upload = self._uploads.get(request.query.get("upload_id", ""))
        if upload is None:
            raise BigQueryError(404, "notFound", "Not found: Upload session")
        with upload.lock:
            if upload.answer is not None:
                return upload.answer
            if not _take(upload, request):
                received = {"Range": f"bytes=0-{len(upload.data) - 1}"} if upload.data else {}
                return Answer(status=_RESUME_INCOMPLETE, headers=received)
            upload.answer = insert_job(self._service, upload.project, upload.body, bytes(upload.data))
            upload.data.clear()
            return upload.answer

    def give_up(self, request: Request, project: str) -> Answer:
        """The client wants no more of an upload."""
        self._uploads.pop(request.query.get("upload_id", ""), None)
        return Answer(status=499)


def _take(upload: _Upload, request: Request) -> bool:
    """Add a chunk at its place; answers whether the file is complete."""
    given = request.headers.get("Content-Range")
    if given is None:
        upload.data += request.data
        return True
    match = _RANGE.match(given)
    if match is None:
        raise invalid(f"Invalid Content-Range: {given}")
    first, _, total = match.groups()
    if first is not None:
        start = int(first)
        if start > len(upload.data):
            return False  # something before it is missing; the answer tells from where to go on
        upload.data[start:] = request.data
    return total != "*" and len(upload.data) >= int(total)


def _parts(request: Request) -> tuple[dict[str, Any], bytes]:
    """The JSON and the file of a multipart/related body."""
    match = _BOUNDARY.search(request.headers.get("Content-Type", ""))
    if match is None:
        raise invalid("A multipart upload needs a boundary in its Content-Type")
    boundary = b"--" + next(group for group in match.groups() if group).encode()
    sections = (b"\r\n" + request.data).split(b"\r\n" + boundary)
    contents = [section.partition(b"\r\n\r\n")[2] for section in sections[1:] if not section.startswith(b"--")]
    if len(contents) != 2:
        raise invalid("A multipart upload has two parts: the job and the file")
    return Request("POST", "", {}, data=contents[0]).body("Job"), contents[1]
