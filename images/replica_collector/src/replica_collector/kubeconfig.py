"""Reading a kubeconfig's context: server, certificates, token. Nothing in it is ever executed."""

from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import Struct, field

from replica_collector.credentials import Anonymous, Credential, StaticToken, TokenFile
from replica_collector.errors import Misconfigured
from replica_collector.tls import Material, decode_pem, read_pem

MAX_DEPTH = 30


class _Cluster(Struct, rename="kebab"):
    server: str
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool = False
    proxy_url: str | None = None


def _user_key(name: str) -> str:
    """Users mix the two spellings."""
    return {"token_file": "tokenFile"}.get(name, name.replace("_", "-"))


class _User(Struct, rename=_user_key):
    token: str | None = None
    token_file: str | None = None
    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    exec: Any = None
    auth_provider: Any = None
    username: str | None = None
    password: str | None = None
    as_: Any = field(default=None, name="as")
    as_uid: Any = None
    as_groups: Any = None
    as_user_extra: Any = None


class _Context(Struct):
    cluster: str
    user: str = ""


class _Named(Struct):
    name: str
    cluster: Any = None
    user: Any = None
    context: Any = None


class _Kubeconfig(Struct, rename="kebab"):
    clusters: list[_Named] = []
    users: list[_Named] = []
    contexts: list[_Named] = []
    current_context: str = ""


class Target(Struct, frozen=True):
    """What a context says about reaching its cluster."""

    server: str
    tls: Material
    credential: Credential


def read(path: Path, context: str | None) -> Target:
    """Read one context (the current one by default) of a kubeconfig, as kubectl does: null is as good as nothing.

    Raises:
        Misconfigured: it cannot be used; names the file and what in it.

    """
    try:
        config = msgspec.convert(_without_nulls(_parsed(path)), _Kubeconfig)
        chosen = msgspec.convert(_find(config.contexts, context or config.current_context, "context"), _Context)
        cluster = msgspec.convert(_find(config.clusters, chosen.cluster, "cluster"), _Cluster)
        user = msgspec.convert(_find(config.users, chosen.user, "user"), _User) if chosen.user else _User()
    except msgspec.ValidationError as error:
        raise Misconfigured(f"the kubeconfig {path} is not usable: {error}") from None
    _refuse(cluster, user)
    server = cluster.server.strip()
    return Target(server, _material(cluster, user, path.parent), _credential(user, path.parent))


def _parsed(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise Misconfigured(f"cannot read the kubeconfig {path}: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError):
        # The parser's message would quote the file, tokens included. It raises what it likes: for a month 13, say.
        raise Misconfigured(f"the kubeconfig {path} is not YAML that can be read") from None


def _without_nulls(value: Any, depth: int = 0) -> Any:
    """Leave out what is null, as an empty list is often written; kubectl takes it for left out, too."""
    if depth > MAX_DEPTH:
        raise Misconfigured(f"the kubeconfig is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        return {key: _without_nulls(inner, depth + 1) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner, depth + 1) for inner in value if inner is not None]
    return value


def _find(entries: list[_Named], name: str, kind: str) -> Any:
    for entry in entries:
        if entry.name == name:
            return getattr(entry, kind) or {}
    raise Misconfigured(f"the kubeconfig has no {kind} {name!r}")


def _refuse(cluster: _Cluster, user: _User) -> None:
    refusals = {
        "exec credential plugins": user.exec,
        "auth-provider plugins": user.auth_provider,
        "user names and passwords": user.username or user.password,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "proxy-url": cluster.proxy_url,
        # Passed over, they would leave the full rights of whoever is to be someone else.
        "as, to be somebody else": user.as_,
        "as-uid, to be somebody else": user.as_uid,
        "as-groups, to be somebody else": user.as_groups,
        "as-user-extra, to be somebody else": user.as_user_extra,
    }
    for what, is_there in refusals.items():
        if is_there:
            raise Misconfigured(
                f"the kubeconfig uses {what}, which is refused; use a token, a tokenFile or a client certificate of "
                "the user that lists, or auth: google"
            )
    if bool(user.client_certificate or user.client_certificate_data) != bool(user.client_key or user.client_key_data):
        raise Misconfigured("the kubeconfig has a client-certificate without its client-key, or the other way round")


def _material(cluster: _Cluster, user: _User, folder: Path) -> Material:
    return Material(
        ca=_pem(cluster.certificate_authority_data, cluster.certificate_authority, folder),
        client_certificate=_pem(user.client_certificate_data, user.client_certificate, folder),
        client_key=_pem(user.client_key_data, user.client_key, folder),
        server_name=cluster.tls_server_name,
    )


def _credential(user: _User, folder: Path) -> Credential:
    if user.token_file:
        return TokenFile(folder / user.token_file)
    token = (user.token or "").strip()
    if not token.isascii() or any(character <= " " or character == "\x7f" for character in token):
        raise Misconfigured("the kubeconfig's token holds a character that no token has: write it on one line")
    return StaticToken(token) if token else Anonymous()


def _pem(data: str | None, file: str | None, folder: Path) -> str | None:
    """Inline data wins over a file; a relative file is relative to the kubeconfig."""
    if data:
        return decode_pem(data)
    return read_pem(folder / file) if file else None
