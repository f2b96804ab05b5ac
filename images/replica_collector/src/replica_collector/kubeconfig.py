"""Reading a kubeconfig's context: server, certificates, token. Nothing in it is ever executed."""

from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from replica_collector.credentials import Anonymous, Credential, StaticToken, TokenFile
from replica_collector.errors import Misconfigured
from replica_collector.tls import Material, decode_pem, read_pem


class _Cluster(Struct, rename="kebab"):
    server: str
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool = False
    proxy_url: str | None = None


def _user_key(field: str) -> str:
    """Users mix the two spellings."""
    return {"token_file": "tokenFile"}.get(field, field.replace("_", "-"))


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
    """Read one context (the current one by default) of a kubeconfig."""
    try:
        config = msgspec.convert(yaml.safe_load(path.read_bytes()), _Kubeconfig)
        chosen = msgspec.convert(_find(config.contexts, context or config.current_context, "context"), _Context)
        cluster = msgspec.convert(_find(config.clusters, chosen.cluster, "cluster"), _Cluster)
        user = msgspec.convert(_find(config.users, chosen.user, "user"), _User) if chosen.user else _User()
    except OSError as error:
        raise Misconfigured(f"cannot read the kubeconfig {path}: {error.strerror}") from None
    except yaml.YAMLError:
        # The parser's message would quote the file, tokens included.
        raise Misconfigured(f"the kubeconfig {path} is not YAML") from None
    except msgspec.ValidationError as error:
        raise Misconfigured(f"the kubeconfig {path} is not usable: {error}") from None
    _refuse(cluster, user)
    return Target(cluster.server, _material(cluster, user, path.parent), _credential(user, path.parent))


def _find(entries: list[_Named], name: str, kind: str) -> Any:
    for entry in entries:
        if entry.name == name:
            return getattr(entry, kind)
    raise Misconfigured(f"the kubeconfig has no {kind} {name!r}")


def _refuse(cluster: _Cluster, user: _User) -> None:
    refusals = {
        "exec credential plugins": user.exec,
        "auth-provider plugins": user.auth_provider,
        "user names and passwords": user.username,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "proxy-url": cluster.proxy_url,
    }
    for what, is_there in refusals.items():
        if is_there:
            raise Misconfigured(
                f"the kubeconfig uses {what}, which is refused; use a token, a tokenFile or a client certificate,"
                " or auth: google"
            )


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
    return StaticToken(user.token) if user.token else Anonymous()


def _pem(data: str | None, file: str | None, folder: Path) -> str | None:
    """Inline data wins over a file; a relative file is relative to the kubeconfig."""
    if data:
        return decode_pem(data)
    return read_pem(folder / file) if file else None
