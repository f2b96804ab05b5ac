"""What each member may do to the storage of evidence, by the table of grants: deploy/iam/bindings.yaml.

What a role of Google's permits is Google's to say, and is written here as far as evidence is concerned; so is that a
bucket keeps what its retention policy keeps, whoever asks.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

IAM = Path(__file__).resolve().parents[2] / "deploy" / "iam"
READ, CREATE, DELETE = "storage.objects.get", "storage.objects.create", "storage.objects.delete"
UPDATE_ROWS, UPDATE_LIMITS = "bigquery.tables.updateData", "datastore.entities.update"
EVIDENCE, HEADS, DATASET, LIMITS = "PED_BUCKET", "PED_HEADS_BUCKET", "ped_watch", "limits"

_OBJECTS = {CREATE, DELETE, READ, "storage.objects.list", "storage.objects.update"}
PERMISSIONS: Mapping[str, set[str]] = {
    "roles/storage.objectCreator": {CREATE},
    "roles/storage.objectUser": _OBJECTS,
    "roles/storage.objectViewer": {READ, "storage.objects.list"},
    "roles/storage.admin": _OBJECTS | {"storage.buckets.update", "storage.buckets.delete"},
    "roles/bigquery.dataEditor": {UPDATE_ROWS, "bigquery.tables.getData", "bigquery.tables.delete"},
    "roles/bigquery.dataViewer": {"bigquery.tables.getData"},
    # On the project: every bucket of it.
    "roles/composer.worker": _OBJECTS,
}
#: Who stands in no table, because nobody is granted that: an administrator, or who got hold of a key.
OTHERS: Mapping[str, list[tuple[str, str]]] = {
    "bucket-admin": [("roles/storage.admin", EVIDENCE)],
    "bigquery-writer": [("roles/bigquery.dataEditor", DATASET)],
}


class RefusedError(Exception):
    """The member lacks a permission."""


@cache
def _bindings() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((IAM / "bindings.yaml").read_text())["bindings"]
    return found


def _permits(role: str) -> set[str]:
    if role.startswith("custom/"):
        own = yaml.safe_load((IAM / f"{role.removeprefix('custom/')}-role.yaml").read_text())
        return set(own["includedPermissions"])
    return PERMISSIONS.get(role, set())


def _reaches(binding: Mapping[str, Any], resource: str, name: str, heads_are_elsewhere: bool) -> bool:
    if binding["level"] not in ("project", "watched_project", "discovered_project"):
        folders = re.findall(r'objects/([^"]*)"\)', binding.get("condition", "")) or [""]
        return bool(binding["resource"] == resource) and name.startswith(tuple(folders))
    if resource == LIMITS:
        return "/databases/ped" in binding.get("condition", "")
    # A role on the project reaches its buckets, and those of no other project.
    return binding["level"] == "project" and (resource == EVIDENCE or (resource == HEADS and not heads_are_elsewhere))


@cache
def accounts_of(member: str) -> frozenset[str]:
    """Return who a member can be: itself, and whom it may make tokens for."""
    becomes = "roles/iam.serviceAccountTokenCreator"
    found = {
        binding["resource"] for binding in _bindings() if (binding["member"], binding["role"]) == (member, becomes)
    }
    return frozenset({member, *found})


@cache
def permissions(member: str, resource: str, name: str = "", heads_are_elsewhere: bool = True) -> frozenset[str]:
    """Return what a member may do with a resource, also as another account that it can become.

    Args:
        member: of the table, or of ``OTHERS``.
        resource: as the table names it.
        name: of the object in a bucket: a binding may hold below some folders alone.
        heads_are_elsewhere: whether the bucket of heads is in a project of its own.
    """
    if member in OTHERS:
        return frozenset(one for role, on in OTHERS[member] if on == resource for one in _permits(role))
    return frozenset(
        one
        for binding in _bindings()
        if binding["member"] in accounts_of(member) and _reaches(binding, resource, name, heads_are_elsewhere)
        for one in _permits(binding["role"])
    )
