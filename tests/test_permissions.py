"""Least privilege, asserted: nobody may do more than the job, and nothing is granted wider than its resource."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"

ROLES = {
    "cluster-lister": {"container.clusters.list"},
    "replica-collector": {"container.clusters.connect", "container.clusters.get"},
    "limit-reader": {"datastore.databases.get", "datastore.entities.get", "datastore.entities.list"},
    "limit-publisher": {
        "datastore.databases.get",
        "datastore.entities.create",
        "datastore.entities.get",
        "datastore.entities.list",
        "datastore.entities.update",
    },
}
#: Predefined roles, and the only kind of resource each may be bound on.
PREDEFINED = {
    "roles/bigquery.dataEditor": "dataset",
    "roles/bigquery.dataViewer": "dataset",
    "roles/bigquery.jobUser": "project",  # grants no data
    "roles/storage.objectCreator": "bucket",
    "roles/storage.objectUser": "bucket",
    "roles/storage.objectViewer": "bucket",
}


def load(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


@pytest.fixture(scope="module")
def bindings() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = load(DEPLOY / "iam" / "bindings.yaml")[0]["bindings"]
    return found


def test_there_are_no_roles_but_these() -> None:
    assert {path.name for path in (DEPLOY / "iam").glob("*-role.yaml")} == {f"{name}-role.yaml" for name in ROLES}


@pytest.mark.parametrize("name", sorted(ROLES))
def test_a_role_permits_exactly_this(name: str) -> None:
    (role,) = load(DEPLOY / "iam" / f"{name}-role.yaml")
    assert set(role["includedPermissions"]) == ROLES[name]
    assert role["includedPermissions"] == sorted(set(role["includedPermissions"]))


def test_roles_are_bound_as_narrowly_as_they_can_be(bindings: list[dict[str, Any]]) -> None:
    assert bindings
    for binding in bindings:
        role = binding["role"]
        if role.startswith("custom/"):
            assert role.removeprefix("custom/") in ROLES
        else:
            assert PREDEFINED.get(role) == binding["level"], f"{role} on a {binding['on']}"
        assert (binding["level"] == "project") == ("resource" not in binding)


def test_firestores_roles_hold_for_its_database_alone(bindings: list[dict[str, Any]]) -> None:
    found = [binding for binding in bindings if binding["role"].startswith("custom/limit-")]
    assert len(found) == 2
    for binding in found:
        assert binding["condition"] == 'resource.name.endsWith("/databases/ped")'


def test_the_collector_can_neither_read_nor_replace_evidence(bindings: list[dict[str, Any]]) -> None:
    held = {binding["role"] for binding in bindings if binding["member"] == "ped-replica-collector"}
    assert held == {"roles/storage.objectCreator", "custom/replica-collector"}


def test_airflow_can_read_limits_and_not_write_them(bindings: list[dict[str, Any]]) -> None:
    held = {binding["role"] for binding in bindings if binding["member"] == "ped-airflow"}
    assert "custom/limit-reader" in held
    assert "custom/limit-publisher" not in held


def test_every_member_is_introduced(bindings: list[dict[str, Any]]) -> None:
    accounts = load(DEPLOY / "iam" / "bindings.yaml")[0]["service_accounts"]
    assert {binding["member"] for binding in bindings} == set(accounts)


def test_in_a_cluster_only_two_kinds_are_listed() -> None:
    role, binding = load(DEPLOY / "rbac" / "replica-collector.yaml")
    assert role["kind"] == "ClusterRole"
    assert role["rules"] == [
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]},
        {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["list"]},
    ]
    assert binding["kind"] == "ClusterRoleBinding"
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert [subject["kind"] for subject in binding["subjects"]] == ["User"]
    assert binding["subjects"][0]["name"].startswith("ped-replica-collector@")


def test_nothing_else_is_granted_in_clusters() -> None:
    assert [path.name for path in (DEPLOY / "rbac").iterdir()] == ["replica-collector.yaml"]


def test_firestores_rules_deny_all() -> None:
    code = re.sub(r"//.*", "", (DEPLOY / "iam" / "firestore.rules").read_text())
    assert re.findall(r"allow [^;]*;", code) == ["allow read, write: if false;"]
    assert "match /{document=**}" in code


def test_the_configuration_names_the_accounts_and_database_of_the_roles() -> None:
    config = yaml.safe_load(
        re.sub(r"\$\{\w+(?::-[^}]*)?\}", "x", (DEPLOY.parent / "include" / "config" / "pedwatch.yaml").read_text())
    )
    assert config["collector"]["service_account_name"] == "ped-replica-collector"
    assert config["firestore"]["database"] == "ped"
