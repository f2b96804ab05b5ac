"""What the emulator answers differently from Cloud Storage, put right around its own functions.

* Objects with ``contentEncoding: gzip`` come back with that header, or unpacked for whoever does not accept gzip.
* ``Content-Encoding: gzip`` of an upload describes the object; the bytes are stored as they came.
* ``ifGenerationMatch`` is obeyed (412), so that "only if it is not there yet" holds.
* The index of all objects is not written again after every upload.
* Rights and retention policies are obeyed (``protection.py``).
"""

import gzip
import json
import os
import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from gcp_storage_emulator import server as emulator
from gcp_storage_emulator.exceptions import NotFound
from gcp_storage_emulator.handlers import buckets, objects
from gcp_storage_emulator.settings import STORAGE_DIR
from gcp_storage_emulator.storage import Storage

from sandbox.lifecycle import StopRequest
from sandbox.storage import protection

WRITE_INDEX_EVERY_SECONDS = 0.5
_Handler = Callable[..., None]


class PatientStorage(Storage):
    """The emulator's storage, which writes its index in the background and never half.

    The original writes all of it on every change, which makes the thousandth upload slow, and a crash can cut it off.
    """

    def __init__(self, directory: Path | None) -> None:
        self._index = directory.resolve() / STORAGE_DIR / ".meta" if directory else None
        self._is_changed = threading.Event()
        self.lock = threading.RLock()
        super().__init__(use_memory_fs=directory is None, data_dir=str(directory.resolve()) if directory else None)

    def _write_config_to_file(self) -> None:
        self._is_changed.set()

    def write_index(self) -> None:
        """Write the index if anything has changed."""
        if self._index is None or not self._is_changed.is_set():
            return
        with self.lock:
            self._is_changed.clear()
            names = ("buckets", "objects", "resumable", "bucket_iam_policies", "soft_deleted")
            text = json.dumps({name: getattr(self, name) for name in names})
        fresh = self._index.with_suffix(".fresh")
        fresh.write_text(text)
        os.replace(fresh, self._index)

    def write_index_until(self, stop: StopRequest) -> None:
        """Keep the index on disk up to date until told to stop, and once more then."""
        while not stop.wait(WRITE_INDEX_EVERY_SECONDS):
            self.write_index()
        self.write_index()


def _refuses(request: Any, response: Any, storage: Storage, name: str) -> bool:
    """Answer 412 when the object's generation is not the one that the request names (0: none)."""
    wanted = request.query.get("ifGenerationMatch")
    if not wanted:
        return False
    try:
        held = str(storage.get_file_obj(request.params["bucket_name"], name)["generation"])
    except NotFound:
        held = "0"
    if held == wanted[0]:
        return False
    response.status = HTTPStatus.PRECONDITION_FAILED
    message = "At least one of the pre-conditions you specified did not hold."
    error = {"domain": "global", "reason": "conditionNotMet", "message": message}
    response.json({"error": {"code": 412, "message": message, "errors": [error]}})
    return True


def _object_name(request: Any) -> str:
    if "name" in request.query:
        return str(request.query["name"][0])
    body = request.data if isinstance(request.data, dict) else {}
    return str(body.get("meta", body).get("name", ""))


def _is_there(request: Any, storage: Storage, name: str) -> bool:
    try:
        storage.get_file_obj(request.params["bucket_name"], name)
    except NotFound:
        return False
    return True


def _may_not_create(request: Any, response: Any, storage: Storage, name: str) -> bool:
    """Answer why an object cannot be created, or replaced, which needs the right to delete as well."""
    if protection.lacks(request, response, "storage.objects.create"):
        return True

    def lacks_delete() -> bool:
        is_there = _is_there(request, storage, name)
        return is_there and protection.lacks(request, response, "storage.objects.delete")

    def fails_condition() -> bool:
        return _refuses(request, response, storage, name)

    if protection.is_condition_first(request):
        refused = fails_condition() or lacks_delete()
    else:
        refused = lacks_delete() or fails_condition()
    return refused or protection.is_kept(request, response, storage, name)


def _insert(request: Any, response: Any, storage: Storage, *_: Any) -> None:
    is_continued = "upload_id" in request.query
    if not is_continued and _may_not_create(request, response, storage, _object_name(request)):
        return
    # The emulator would take the parameter for a content type.
    encoding = request.query.pop("contentEncoding", [request.get_header("X-Stored-Encoding")])[0]
    objects.insert(request, response, storage)
    if response.status == HTTPStatus.OK and request.query["uploadType"][0] != "resumable":
        bucket = request.params["bucket_name"]
        resource = storage.get_file_obj(bucket, _object_name(request))
        if encoding:
            resource["contentEncoding"] = encoding
        if protection.note_retention(storage, bucket, resource) or encoding:
            response.json(resource)


def _delete(request: Any, response: Any, storage: Storage, *_: Any) -> None:
    name = request.params["object_id"]
    if protection.lacks(request, response, "storage.objects.delete") or _refuses(request, response, storage, name):
        return
    if not protection.is_kept(request, response, storage, name):
        objects.delete(request, response, storage)


def _download(request: Any, response: Any, storage: Storage, *_: Any) -> None:
    if protection.lacks(request, response, "storage.objects.get"):
        return
    objects.download(request, response, storage)
    if response.status == HTTPStatus.NOT_FOUND:
        return
    resource = storage.get_file_obj(request.params["bucket_name"], request.params["object_id"])
    if resource.get("contentEncoding") != "gzip":
        return
    if "gzip" in request.get_header("Accept-Encoding", "") or response.status == HTTPStatus.PARTIAL_CONTENT:
        response["Content-Encoding"] = "gzip"
    else:
        response.write_file(gzip.decompress(response._content), resource.get("contentType"))


def _get(request: Any, response: Any, storage: Storage, *_: Any) -> None:
    if request.query.get("alt") == ["media"]:
        _download(request, response, storage)
    elif not protection.lacks(request, response, "storage.objects.get"):
        objects.get(request, response, storage)


def _list(request: Any, response: Any, storage: Storage, *_: Any) -> None:
    if protection.lacks(request, response, "storage.objects.list"):
        return
    objects.ls(request, response, storage)
    if response.status == HTTPStatus.NOT_FOUND:
        message = "The specified bucket does not exist."
        error = {"domain": "global", "reason": "notFound", "message": message}
        response.json({"error": {"code": 404, "message": message, "errors": [error]}})


def _tell_caller(request: Any, response: Any, storage: Storage, *_: Any) -> None:
    protection.CALLERS.tell(request.data)
    response.json({})


def _create_bucket(request: Any, response: Any, storage: Storage, *_: Any) -> None:
    buckets.insert(request, response, storage)
    # The emulator keeps it of a bucket that is changed alone.
    if response.status == HTTPStatus.OK and (policy := request.data.get("retentionPolicy")):
        bucket = storage.get_bucket(request.data["name"])
        bucket["retentionPolicy"] = policy
        response.json(bucket)


_CORRECTED: dict[_Handler, _Handler] = {
    buckets.insert: _create_bucket,
    objects.insert: _insert,
    objects.delete: _delete,
    objects.download: _download,
    objects.get: _get,
    objects.ls: _list,
}
_CONTROL = ("^/control/callers$", {"PUT": _tell_caller})


def correct_routes() -> None:
    """Put the corrected functions into the emulator's routes."""
    corrected = (
        (pattern, {method: _CORRECTED.get(handler, handler) for method, handler in methods.items()})
        for pattern, methods in emulator.HANDLERS
    )
    emulator.HANDLERS = (_CONTROL, *(route for route in corrected if route[0] != _CONTROL[0]))
