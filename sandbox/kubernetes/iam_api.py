"""The two services by which a pod on Google Cloud is somebody: its metadata server, and the IAM Credentials API.

The metadata server speaks plain http on a port of its own, as Google's does on 169.254.169.254, and gives tokens of the
account that pods run as. ``POST /v1/projects/-/serviceAccounts/{account}:generateAccessToken`` changes such a token for
one of an account that the caller may impersonate. What may happen is told through the control API: ``PUT /control/iam``
with ``{"is_enabled": true, "may_impersonate": true}``; a refusal is worded as Google's.
"""

import re
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import web

from sandbox.kubernetes.google_accounts import CLOUD_PLATFORM, EMAIL, IAM, LONGEST, Accounts

ACCOUNTS: web.AppKey[Accounts] = web.AppKey("accounts", Accounts)
_RIGHT = "iam.serviceAccounts.getAccessToken"
_FLAVOR = {"Metadata-Flavor": "Google"}
_LIFETIME = re.compile(r"(\d+)s")


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    scope: list[str] = []
    lifetime: str = "3600s"
    delegates: list[str] | None = None


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    is_enabled: bool = True
    may_impersonate: bool = True


def _refuse(code: int, status: str, message: str, reason: str = "", **metadata: str) -> web.Response:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "iam.googleapis.com"}
    details = [{**info, "reason": reason, "metadata": metadata}] if reason else []
    error = {"code": code, "message": message, "status": status, **({"details": details} if details else {})}
    return web.json_response({"error": error}, status=code)


async def generate_access_token(request: web.Request) -> web.Response:
    """Answer as the IAM Credentials API does."""
    accounts, email = request.app[ACCOUNTS], request.match_info["account"]
    caller = accounts.bearer(request.headers.get("Authorization", "").removeprefix("Bearer "))
    if caller is None:
        message = "Request had invalid authentication credentials."
        return _refuse(401, "UNAUTHENTICATED", message, "ACCESS_TOKEN_TYPE_UNSUPPORTED")
    if not accounts.is_api_enabled:
        message = f"IAM Service Account Credentials API has not been used in project {accounts.project} before"
        consumer = f"projects/{accounts.project}"
        return _refuse(403, "PERMISSION_DENIED", message, "SERVICE_DISABLED", consumer=consumer)
    if not caller.scopes & {CLOUD_PLATFORM, IAM}:
        message = "Request had insufficient authentication scopes."
        return _refuse(403, "PERMISSION_DENIED", message, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    if (account := accounts.by_email.get(email)) is None:
        return _refuse(404, "NOT_FOUND", f"Not found; Gaia id not found for email {email}")
    if (caller.account.email, email) not in accounts.token_creators:
        message = f"Permission '{_RIGHT}' denied on resource (or it may not exist)."
        return _refuse(403, "PERMISSION_DENIED", message, "IAM_PERMISSION_DENIED", permission=_RIGHT)
    wanted = msgspec.json.decode(await request.read(), type=_Request)
    lifetime = _LIFETIME.fullmatch(wanted.lifetime)
    if not wanted.scope or lifetime is None or not 0 < int(lifetime[1]) <= LONGEST.total_seconds():
        return _refuse(400, "INVALID_ARGUMENT", "Request contains an invalid argument: scope or lifetime.")
    token, issued = accounts.issue(account, wanted.scope, timedelta(seconds=int(lifetime[1])))
    return web.json_response({"accessToken": token, "expireTime": f"{issued.expires_at:%Y-%m-%dT%H:%M:%SZ}"})


async def set_iam(request: web.Request) -> web.Response:
    """Say what may happen from now on."""
    accounts = request.app[ACCOUNTS]
    wanted = msgspec.json.decode(await request.read(), type=_Wanted)
    others = [email for email in accounts.by_email if email != accounts.pods.email]
    accounts.is_api_enabled = wanted.is_enabled
    accounts.token_creators = {(accounts.pods.email, email) for email in others} if wanted.may_impersonate else set()
    return web.json_response({})


def routes() -> list[web.RouteDef]:
    """Return the routes: Google's own, and the one that steers them."""
    return [
        web.post("/v1/projects/-/serviceAccounts/{account}:generateAccessToken", generate_access_token),
        web.put("/control/iam", set_iam),
    ]


async def _metadata(request: web.Request) -> web.Response:
    if request.headers.get("Metadata-Flavor") != "Google":
        return web.Response(status=403, text="Missing Metadata-Flavor:Google header.", headers=_FLAVOR)
    accounts, path = request.app[ACCOUNTS], request.match_info["path"].rstrip("/")
    account = f"instance/service-accounts/(?:default|{re.escape(accounts.pods.email)})"
    answer: Any = None
    if path == "project/project-id":
        return web.Response(text=accounts.project, headers=_FLAVOR)
    if re.fullmatch(f"{account}/token", path):
        scopes = request.query.get("scopes", f"{CLOUD_PLATFORM},{EMAIL}").split(",")
        token, _ = accounts.issue(accounts.pods, scopes)
        answer = {"access_token": token, "expires_in": int(LONGEST.total_seconds()), "token_type": "Bearer"}
    elif re.fullmatch(account, path):
        answer = {"aliases": ["default"], "email": accounts.pods.email, "scopes": [CLOUD_PLATFORM, EMAIL]}
    return web.json_response(answer, status=404 if answer is None else 200, headers=_FLAVOR)


async def _ping(_: web.Request) -> web.Response:
    return web.Response(text="computeMetadata/\n", headers=_FLAVOR)


def metadata_app(accounts: Accounts) -> web.Application:
    """Return the metadata server."""
    app = web.Application()
    app[ACCOUNTS] = accounts
    app.add_routes([web.get("/", _ping), web.get("/computeMetadata/v1/{path:.*}", _metadata)])
    return app


def node_variables(metadata: str) -> dict[str, str]:
    """What leads a process to its metadata server, which finds it by an address of the node otherwise."""
    return dict.fromkeys(("GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_ROOT"), metadata)
