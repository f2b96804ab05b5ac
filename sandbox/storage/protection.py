"""What Cloud Storage refuses by right and by retention policy, which the emulator lets everybody do.

A caller is whoever sends a bearer token that was told to the stand-in: ``PUT /control/callers`` with ``{"token": …,
"email": …, "permissions": ["storage.objects.create"], "is_condition_first": false}``. All others may do everything. No
document says what a caller who may not delete is answered that creates an object which is there already, under the
condition that it is not: that the condition does not hold (412), or that the right is missing (403). It is asked for.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from gcp_storage_emulator.exceptions import NotFound
from gcp_storage_emulator.storage import Storage


@dataclass(frozen=True)
class Caller:
    """An account with few rights."""

    email: str
    permissions: frozenset[str]
    is_condition_first: bool


@dataclass
class Callers:
    """Those that were told of, by token."""

    by_token: dict[str, Caller] = field(default_factory=dict)

    def tell(self, given: dict[str, Any]) -> None:
        """Take what the control request says."""
        permissions = frozenset(given["permissions"])
        self.by_token[given["token"]] = Caller(given["email"], permissions, given.get("is_condition_first", False))

    def of(self, request: Any) -> Caller | None:
        """Return who asks; None for who may do everything."""
        return self.by_token.get(request.get_header("Authorization", "").removeprefix("Bearer "))


CALLERS = Callers()


def _forbid(response: Any, reason: str, message: str) -> bool:
    response.status = HTTPStatus.FORBIDDEN
    error = {"domain": "global", "reason": reason, "message": message}
    response.json({"error": {"code": 403, "message": message, "errors": [error]}})
    return True


def lacks(request: Any, response: Any, permission: str) -> bool:
    """Answer 403 when the caller has not that right."""
    caller = CALLERS.of(request)
    if caller is None or permission in caller.permissions:
        return False
    message = (
        f"{caller.email} does not have {permission} access to the Google Cloud Storage object. Permission "
        f"'{permission}' denied on resource (or it may not exist)."
    )
    return _forbid(response, "forbidden", message)


def is_condition_first(request: Any) -> bool:
    """Tell whether a condition is looked at before the right to overwrite."""
    caller = CALLERS.of(request)
    return caller is None or caller.is_condition_first


def _kept_until(storage: Storage, bucket: str, resource: dict[str, Any]) -> datetime | None:
    policy = (storage.get_bucket(bucket) or {}).get("retentionPolicy")
    if not policy:
        return None
    created = datetime.fromisoformat(resource["timeCreated"].replace("Z", "+00:00"))
    return created + timedelta(seconds=int(policy["retentionPeriod"]))


def is_kept(request: Any, response: Any, storage: Storage, name: str) -> bool:
    """Answer 403 when an object that is there may not be replaced or deleted yet."""
    bucket = request.params["bucket_name"]
    try:
        until = _kept_until(storage, bucket, storage.get_file_obj(bucket, name))
    except NotFound:
        return False
    if until is None or until <= datetime.now(UTC):
        return False
    message = (
        f"Object '{bucket}/{name}' is subject to bucket's retention policy or object retention and cannot be deleted "
        f"or overwritten until {until.isoformat()}"
    )
    return _forbid(response, "retentionPolicyNotMet", message)


def note_retention(storage: Storage, bucket: str, resource: dict[str, Any]) -> bool:
    """Write into an object's resource until when it is kept; returns whether it is."""
    until = _kept_until(storage, bucket, resource)
    if until is None:
        return False
    resource["retentionExpirationTime"] = until.isoformat().replace("+00:00", "Z")
    return True
