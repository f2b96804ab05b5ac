"""Discovery: what a cluster says it can do, and as little OpenAPI as lets ``kubectl create`` go on."""

from itertools import groupby
from typing import Any

from sandbox.kubernetes.kinds import KINDS, ROLLOUT, Kind

Document = dict[str, Any]
VERSION: Document = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.3-sandbox",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}
_GROUP_VERSIONS = {
    root: tuple(kinds) for root, kinds in groupby(sorted(KINDS, key=lambda kind: kind.root), lambda kind: kind.root)
}


def _group(kind: Kind) -> Document:
    version = {"groupVersion": kind.api_version, "version": kind.version}
    return {"name": kind.group, "versions": [version], "preferredVersion": version}


def _resource(kind: Kind) -> Document:
    return {
        "name": kind.plural,
        "singularName": kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
        "shortNames": list(kind.short_names),
        "categories": ["all"] if kind.in_all else [],
    }


def _resource_list(kinds: tuple[Kind, ...]) -> Document:
    resources = [_resource(kind) for kind in kinds]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": kinds[0].api_version, "resources": resources}


def _write_operation(kind: Kind) -> Document:
    """Return the one thing kubectl looks for: the server validates fields itself, so the client need not."""
    return {
        "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "responses": {"200": {"description": "OK"}},
    }


def _openapi_v3(kinds: tuple[Kind, ...]) -> Document:
    paths = {}
    for kind in kinds:
        collection = (
            f"{kind.root}/namespaces/{{namespace}}/{kind.plural}" if kind.namespaced else f"{kind.root}/{kind.plural}"
        )
        paths[collection] = {"post": _write_operation(kind)}
        paths[f"{collection}/{{name}}"] = {"patch": _write_operation(kind)}
    return {"openapi": "3.0.0", "info": {"title": "sandbox", "version": "v1.36.3"}, "paths": paths}


def documents(cluster_path: str, has_rollouts: bool) -> dict[str, Document]:
    """Return every discovery document by its path below ``cluster_path``, the path of the cluster itself."""
    served = {root: kinds for root, kinds in _GROUP_VERSIONS.items() if has_rollouts or kinds != (ROLLOUT,)}
    groups = [_group(kinds[0]) for root, kinds in served.items() if root.startswith("/apis/")]
    found: dict[str, Document] = {
        "/version": VERSION,
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups},
        "/openapi/v2": {"swagger": "2.0", "info": {"title": "sandbox", "version": "v1.36.3"}, "paths": {}},
        "/openapi/v3": {
            "paths": {
                root.removeprefix("/"): {"serverRelativeURL": f"{cluster_path}/openapi/v3{root}"} for root in served
            }
        },
    }
    for group in groups:
        found[f"/apis/{group['name']}"] = {"kind": "APIGroup", "apiVersion": "v1", **group}
    for root, kinds in served.items():
        found[root] = _resource_list(kinds)
        found[f"/openapi/v3{root}"] = _openapi_v3(kinds)
    return found
