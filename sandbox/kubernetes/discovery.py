"""Discovery: what a cluster says it can do."""

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


def documents(has_rollouts: bool) -> dict[str, Document]:
    """Return every discovery document by its path below the path of the cluster itself."""
    served = {root: kinds for root, kinds in _GROUP_VERSIONS.items() if has_rollouts or kinds != (ROLLOUT,)}
    groups = [_group(kinds[0]) for root, kinds in served.items() if root.startswith("/apis/")]
    found: dict[str, Document] = {
        "/version": VERSION,
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups},
    }
    for group in groups:
        found[f"/apis/{group['name']}"] = {"kind": "APIGroup", "apiVersion": "v1", **group}
    for root, kinds in served.items():
        found[root] = _resource_list(kinds)
    return found
