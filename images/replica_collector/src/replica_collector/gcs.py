"""Cloud Storage over its JSON API: one multipart upload per object, checked against what the server stored.

The official client would cost more memory and start-up time than the collector itself.
"""

import base64
import json
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from replica_collector.connection import emulator, endpoint
from replica_collector.credentials import Anonymous, Credential
from replica_collector.deadline import Deadline
from replica_collector.errors import UNDECODABLE, OutputError, describe
from replica_collector.output import Object
from replica_collector.transport import Client, Response

SERVICE = "https://storage.googleapis.com"
EMULATOR_VARIABLE = "STORAGE_EMULATOR_HOST"

_BOUNDARY = "replica-collector-part"


class _Stored(Struct):
    """What the service says of an object."""

    size: str = ""
    md5Hash: str = ""


class BucketOutput:
    """Objects below ``gs://bucket/prefix``."""

    def __init__(self, uri: str, credential: Credential, environment: Mapping[str, str]) -> None:
        parts = urllib.parse.urlsplit(uri)
        self._bucket = parts.netloc
        self._prefix = parts.path.strip("/")
        stand_in = environment.get(EMULATOR_VARIABLE)
        self._endpoint = emulator(stand_in) if stand_in else endpoint(SERVICE)
        self._credential = Anonymous() if stand_in else credential

    def uri(self, name: str) -> str:
        """A ``gs://`` URI."""
        return f"gs://{self._bucket}/{self._path(name)}"

    def write(self, objects: Sequence[Object], deadline: Deadline) -> None:
        """Upload each object; Cloud Storage shows it whole or not at all."""
        client = Client(self._endpoint, self._credential, deadline, request_seconds=deadline.left())
        try:
            for item in objects:
                self._upload(client, item)
        except OutputError:
            raise
        except Exception as error:  # whatever it was, the task has to hear of it as a failed write
            raise OutputError(f"cannot write to gs://{self._bucket}: {describe(error, client.secrets)}") from error
        finally:
            client.close()

    def _upload(self, client: Client, item: Object) -> None:
        head, tail = _frame(item, self._path(item.name))
        retries = client.retries
        response = client.request(
            "POST",
            # Creating only: an object of this attempt is never replaced, and no right to delete is needed.
            f"/upload/storage/v1/b/{urllib.parse.quote(self._bucket)}/o?uploadType=multipart&ifGenerationMatch=0",
            {
                "Content-Type": f"multipart/related; boundary={_BOUNDARY}",
                "Content-Length": str(len(head) + item.size + len(tail)),
            },
            lambda: _body(head, item, tail),
        )
        if response.status == 412 and client.retries > retries:
            # An earlier try arrived after all, only its answer got lost.
            response = self._look(client, item)
            if response.status == 403:
                return  # may create but not read: the name is this attempt's own, and the service checked the MD5
        self._check(response, item)

    def _look(self, client: Client, item: Object) -> Response:
        name = urllib.parse.quote(self._path(item.name), safe="")
        return client.request("GET", f"/storage/v1/b/{urllib.parse.quote(self._bucket)}/o/{name}")

    def _check(self, response: Response, item: Object) -> None:
        if response.status == 412:
            raise OutputError(f"{self.uri(item.name)} exists already: give every try its own --attempt")
        if response.status != 200:
            raise OutputError(f"cannot write {self.uri(item.name)}: HTTP {response.status} {_reason(response)}".strip())
        try:
            stored = msgspec.json.decode(response.body, type=_Stored)
        except UNDECODABLE:
            raise OutputError(f"the answer to writing {self.uri(item.name)} is not an object's") from None
        expected = _Stored(str(item.size), base64.b64encode(item.md5).decode())
        # Objects may lack an MD5 for reasons of the service's own; their size is always told.
        if stored.size != expected.size or stored.md5Hash not in ("", expected.md5Hash):
            raise OutputError(f"{self.uri(item.name)} was stored with other bytes than were sent")

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name


def _frame(item: Object, path: str) -> tuple[bytes, bytes]:
    """What stands before and after the content; the MD5 lets the service refuse bytes that changed on the way."""
    resource = {"name": path, "contentType": item.content_type, "md5Hash": base64.b64encode(item.md5).decode()}
    head = (
        f"--{_BOUNDARY}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(resource)}\r\n"
        f"--{_BOUNDARY}\r\nContent-Type: {item.content_type}\r\n\r\n"
    )
    return head.encode(), f"\r\n--{_BOUNDARY}--\r\n".encode()


def _body(head: bytes, item: Object, tail: bytes) -> Iterator[bytes]:
    yield head
    yield from item.pieces()
    yield tail


def _reason(response: Response) -> str:
    try:
        return str(json.loads(bytes(response.body))["error"]["message"])[:200]
    except (ValueError, LookupError, TypeError):
        return ""
