"""gs:// objects, read from and written to the Cloud Storage stand-in that STORAGE_EMULATOR_HOST names."""

import json
import os
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.bigquery.errors import BigQueryError, invalid, not_found

_URI = re.compile(r"gs://([^/*]+)/(.+)\Z", re.DOTALL)
_SECONDS = 60.0


@dataclass(frozen=True)
class StoredObject:
    """An object's address."""

    bucket: str
    name: str

    @property
    def uri(self) -> str:
        """As ``gs://…``."""
        return f"gs://{self.bucket}/{self.name}"


def expand(uri: str) -> list[StoredObject]:
    """The objects that a URI names; ``*`` stands for any characters. Raises ``notFound`` when there is none."""
    match = _URI.match(uri)
    if match is None:
        raise invalid(f"Source URI must be a Google Cloud Storage location: {uri}")
    bucket, pattern = match.groups()
    if "*" not in pattern:
        return [StoredObject(bucket, pattern)]
    if pattern.count("*") > 1:
        raise invalid(f"Only one wildcard is possible in a source URI: {uri}")
    before, after = pattern.split("*")
    names = [name for name in _list(bucket, before) if name.endswith(after) and len(name) >= len(before) + len(after)]
    if not names:
        raise not_found("URI", uri)
    return [StoredObject(bucket, name) for name in sorted(names)]


def read(stored: StoredObject) -> bytes:
    """An object's bytes."""
    path = f"/download/storage/v1/b/{quote(stored.bucket, safe='')}/o/{quote(stored.name, safe='')}?alt=media"
    return _request("GET", path, stored.uri)


def _list(bucket: str, prefix: str) -> list[str]:
    names: list[str] = []
    token = ""
    while True:
        query = urlencode({"prefix": prefix, **({"pageToken": token} if token else {})})
        path = f"/storage/v1/b/{quote(bucket, safe='')}/o?{query}"
        page: dict[str, Any] = json.loads(_request("GET", path, f"gs://{bucket}/{prefix}*"))
        names += [item["name"] for item in page.get("items") or []]
        token = page.get("nextPageToken") or ""
        if not token:
            return names


def _request(
    method: str, path: str, uri: str, data: bytes | None = None, content_type: str = "application/octet-stream"
) -> bytes:
    host = os.environ.get("STORAGE_EMULATOR_HOST", "").rstrip("/")
    if not host:
        raise invalid(f"Cannot reach {uri}: STORAGE_EMULATOR_HOST is not set, and the stand-in never asks the real one")
    address = (host if "://" in host else f"http://{host}") + path
    request = urllib.request.Request(address, data, {"Content-Type": content_type}, method=method)
    try:
        with _direct.open(request, timeout=_SECONDS) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise not_found("URI", uri) from None
        raise BigQueryError(400, "invalid", f"Cloud Storage answered {error.code} for {uri}") from None
    except OSError as error:
        raise invalid(f"Cannot reach Cloud Storage for {uri}: {error}") from None


# Loopback never goes through a proxy.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
