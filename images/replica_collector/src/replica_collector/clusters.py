"""Which clusters there are and how each is reached."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from replica_collector.connection import Endpoint, endpoint
from replica_collector.credentials import Anonymous, Credential, TokenFile
from replica_collector.errors import UNDECODABLE, Misconfigured
from replica_collector.tls import Material, decode_pem, read_pem

# The name becomes part of object names, where a dot separates it from the attempt.
ClusterName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]


class Cluster(Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the clusters file."""

    name: ClusterName
    environment: str
    endpoint: str | None = None
    auth: Literal["google", "token_file", "kubeconfig", "none"] = "google"
    ca_file: str | None = None
    ca_data: str | None = None
    token_file: str | None = None
    kubeconfig: str | None = None
    context: str | None = None


def parse(text: bytes) -> dict[str, Cluster]:
    """Read a YAML or JSON list of clusters, by name."""
    try:
        entries = msgspec.convert(_read(text), list[Cluster])
    except msgspec.ValidationError as error:
        raise Misconfigured(f"the list of clusters is not valid: {error}") from None
    by_name = {entry.name: entry for entry in entries}
    if len(by_name) < len(entries):
        raise Misconfigured("the list of clusters names a cluster twice")
    return by_name


def _read(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except UNDECODABLE:
        import yaml  # only where it is needed: a DAG passes JSON, and each start counts

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a ValueError: a date such as 2026-13-01
        raise Misconfigured(f"the list of clusters is not YAML or JSON: {error}") from None


def reach(cluster: Cluster, google: Credential) -> tuple[Endpoint, Credential]:
    """The cluster's address and credential; ``google`` is the one that all clusters share."""
    if cluster.auth == "kubeconfig":
        from replica_collector import kubeconfig  # brings the YAML parser, as above

        if not cluster.kubeconfig:
            raise Misconfigured("auth: kubeconfig needs the path of a kubeconfig")
        target = kubeconfig.read(Path(cluster.kubeconfig), cluster.context)
        material = target.tls if _ca(cluster) is None else msgspec.structs.replace(target.tls, ca=_ca(cluster))
        return _endpoint(cluster.endpoint or target.server, material), target.credential
    if not cluster.endpoint:
        raise Misconfigured(f"auth: {cluster.auth} needs an endpoint")
    return _endpoint(cluster.endpoint, Material(ca=_ca(cluster))), _credential(cluster, google)


def _endpoint(url: str, material: Material) -> Endpoint:
    return endpoint(url, material.context(), material.server_name)


def _credential(cluster: Cluster, google: Credential) -> Credential:
    if cluster.auth == "google":
        return google
    if cluster.auth == "none":
        return Anonymous()
    if not cluster.token_file:
        raise Misconfigured("auth: token_file needs the path of a token_file")
    return TokenFile(Path(cluster.token_file))


def _ca(cluster: Cluster) -> str | None:
    if cluster.ca_data:
        return decode_pem(cluster.ca_data)
    return read_pem(Path(cluster.ca_file)) if cluster.ca_file else None
