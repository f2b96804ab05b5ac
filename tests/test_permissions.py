"""Least privilege, asserted: nobody may do more than the job, and nothing is granted wider than its resource."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.providers.google.cloud.secrets.secret_manager import CloudSecretManagerBackend

from pedwatch.config import Connections

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
    "roles/artifactregistry.reader": "repository",
    "roles/artifactregistry.writer": "repository",
    "roles/bigquery.dataEditor": "dataset",
    "roles/bigquery.dataViewer": "dataset",
    "roles/bigquery.jobUser": "project",  # grants no data
    "roles/composer.admin": "project",  # for people; Composer takes no narrower resource
    "roles/composer.user": "project",
    "roles/composer.worker": "project",  # wide, and Google's own minimum
    "roles/iam.serviceAccountTokenCreator": "service_account",
    "roles/iam.serviceAccountUser": "service_account",
    "roles/logging.viewer": "project",
    "roles/monitoring.snoozeEditor": "project",
    "roles/monitoring.viewer": "project",
    "roles/secretmanager.secretAccessor": "secret",
    "roles/storage.objectCreator": "bucket",
    "roles/storage.objectUser": "bucket",
    "roles/storage.objectViewer": "bucket",
}


def load(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def configuration() -> dict[str, Any]:
    """The configuration as it ships, with PROJECT for every variable."""
    text = (DEPLOY.parent / "include" / "config" / "pedwatch.yaml").read_text()
    found: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{\w+(?::-[^}]*)?\}", "PROJECT", text))
    return found


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
            assert PREDEFINED.get(role) == binding["level"], f"{role} on a {binding['level']}"
        assert binding["level"].endswith("project") == ("resource" not in binding)


def test_every_binding_has_its_reason_and_stands_in_the_guide(bindings: list[dict[str, Any]]) -> None:
    guide = (DEPLOY.parent / "docs" / "deployment.md").read_text()
    shown = [line for line in guide.splitlines() if re.match(r"\| `ped-", line)]
    expected = []
    for binding in bindings:
        on = binding["level"].replace("_", " ")
        on += f" `{binding['resource']}`" if "resource" in binding else ""
        condition = str(binding.get("condition", "")).replace("|", r"\|")  # as a table takes it
        on += f", on the condition `{condition}`" if condition else ""
        expected.append(f"| `{binding['member']}` | `{binding['role']}` | {on} | {binding['reason']} |")
    assert shown == expected


def test_only_the_environment_becomes_the_collector_and_who_keeps_heads(bindings: list[dict[str, Any]]) -> None:
    """The configuration, the binding, and who the clusters know are one account."""
    found = [binding for binding in bindings if binding["role"] == "roles/iam.serviceAccountTokenCreator"]
    assert [(binding["member"], binding["resource"]) for binding in found] == [
        ("ped-airflow", "ped-replica-collector"),
        ("ped-airflow", "ped-evidence-keeper"),
    ]
    keeper = [binding for binding in bindings if binding["member"] == "ped-evidence-keeper"]
    kept = [(binding["role"], binding["resource"]) for binding in keeper]
    assert kept == [("roles/storage.objectCreator", "PED_HEADS_BUCKET")], "it may add, and nothing else anywhere"
    collector = configuration()["collector"]
    (subject,) = load(DEPLOY / "rbac" / "replica-collector.yaml")[1]["subjects"]
    assert collector["impersonate"] == subject["name"] == "ped-replica-collector@PROJECT.iam.gserviceaccount.com"
    assert "service_account_name" not in collector, "nobody can make one in Composer's namespace"


def test_the_guide_asks_for_nothing_that_composer_refuses() -> None:
    """Composer 3's cluster is Google's: no kubectl, no service account, no Workload Identity of one's own in it."""
    for path in [DEPLOY.parent / "README.md", *(DEPLOY.parent / "docs").rglob("*.md")]:
        code = "\n".join(re.findall(r"^```.*?^```", path.read_text(), re.MULTILINE | re.DOTALL))
        for line in code.replace("\\\n", " ").splitlines():
            assert not ("kubectl" in line and "composer-user-workloads" in line), f"{path.name}: {line}"
            assert "workloadIdentityUser" not in line and "svc.id.goog" not in line, f"{path.name}: {line}"


def test_the_secret_is_the_one_that_airflow_asks_for(bindings: list[dict[str, Any]]) -> None:
    (secret,) = [binding["resource"] for binding in bindings if binding["level"] == "secret"]
    backend = inspect.signature(CloudSecretManagerBackend).parameters
    prefix, separator = backend["connections_prefix"].default, backend["sep"].default
    assert secret == CloudSecretManagerBackend.build_path(prefix, Connections().slack, separator)
    guide = (DEPLOY.parent / "docs" / "deployment.md").read_text()
    assert f"`{CloudSecretManagerBackend.__module__}.{CloudSecretManagerBackend.__name__}`" in guide
    assert f"`{secret}`" in guide


def test_firestores_roles_hold_for_its_database_alone(bindings: list[dict[str, Any]]) -> None:
    found = [binding for binding in bindings if binding["role"].startswith("custom/limit-")]
    assert len(found) == 2
    for binding in found:
        assert binding["condition"] == 'resource.name.endsWith("/databases/ped")'


def test_the_collector_can_neither_read_nor_replace_evidence(bindings: list[dict[str, Any]]) -> None:
    held = {binding["role"]: binding for binding in bindings if binding["member"] == "ped-replica-collector"}
    assert held.keys() == {"roles/storage.objectCreator", "custom/replica-collector"}
    # Nor put a pack or an entry of the chain there: by name, as the collector writes and nothing else.
    folders = re.findall(r"PED_BUCKET/objects/(\w+)/", held["roles/storage.objectCreator"]["condition"])
    written = (DEPLOY.parent / "images/replica_collector/src/replica_collector/output.py").read_text()
    assert sorted(folders) == sorted(re.findall(r'f"(\w+)/\{self\._place', written)) == ["manifests", "obs"]


def test_airflow_can_read_limits_and_not_write_them(bindings: list[dict[str, Any]]) -> None:
    held = {binding["role"] for binding in bindings if binding["member"] == "ped-airflow"}
    assert "custom/limit-reader" in held
    assert "custom/limit-publisher" not in held


def test_every_member_is_introduced(bindings: list[dict[str, Any]]) -> None:
    table = load(DEPLOY / "iam" / "bindings.yaml")[0]
    assert {binding["member"] for binding in bindings} == set(table["service_accounts"]) | set(table["people"])


def test_people_hold_no_right_that_an_account_needs_alone(bindings: list[dict[str, Any]]) -> None:
    """Nobody but the publisher changes limits, nobody but the collector and Airflow writes evidence."""
    people = set(load(DEPLOY / "iam" / "bindings.yaml")[0]["people"])
    for binding in bindings:
        if binding["member"] in people:
            assert not binding["role"].startswith("custom/")
            assert binding.get("resource") not in ("PED_BUCKET", "PED_HEADS_BUCKET")
            assert binding["role"] not in ("roles/bigquery.dataEditor", "roles/iam.serviceAccountTokenCreator")


def test_heads_are_only_created_and_by_nobody_else(bindings: list[dict[str, Any]]) -> None:
    found = {(b["member"], b["role"]) for b in bindings if b.get("resource") == "PED_HEADS_BUCKET"}
    assert found == {
        ("ped-evidence-keeper", "roles/storage.objectCreator"),
        ("ped-auditor", "roles/storage.objectViewer"),
    }


def test_in_a_cluster_only_two_kinds_are_listed() -> None:
    role, binding = load(DEPLOY / "rbac" / "replica-collector.yaml")
    assert role["kind"] == "ClusterRole"
    assert role["rules"] == [
        {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets"], "verbs": ["list"]},
        {"apiGroups": ["argoproj.io"], "resources": ["rollouts"], "verbs": ["list"]},
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


def test_the_configuration_names_the_database_of_the_roles() -> None:
    assert configuration()["firestore"]["database"] == "ped"
