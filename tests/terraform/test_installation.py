"""What deploy/terraform makes is what the code needs: names, places, units and sizes agree on both sides."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.providers.google.cloud.secrets.secret_manager import CloudSecretManagerBackend

from pedwatch.config import Config, Retention
from tests.terraform.configuration import Block, literal, names_in, read_folder, unquoted

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "deploy" / "terraform" / "pedwatch"


@pytest.fixture(scope="module")
def resources() -> dict[str, Block]:
    return {block.address: block for block in read_folder(MODULE) if block.kind == "resource"}


def local(name: str) -> Any:
    (found,) = (b for b in read_folder(MODULE) if b.kind == "locals" and name in b.body.arguments)
    return found.body.arguments[name]


def variable(name: str) -> Any:
    (found,) = (b for b in read_folder(MODULE) if b.kind == "variable" and b.labels == (name,))
    return found.body.arguments.get("default")


def test_what_the_bucket_forgets_is_what_is_written_there(resources: dict[str, Block]) -> None:
    """A prefix that nobody writes would keep everything for good; one that is too short would take packs."""
    prefixes = [
        unquoted(prefix)
        for rule in resources["google_storage_bucket.evidence"].body.blocks["lifecycle_rule"]
        for prefix in rule.blocks["condition"][0].arguments["matches_prefix"]
    ]
    source = "\n".join(path.read_text() for path in (ROOT / "plugins").rglob("*.py"))
    collector = "\n".join(path.read_text() for path in (ROOT / "images").rglob("*.py"))
    for prefix in set(prefixes):
        assert f"{prefix}hour=" in source + collector or f'"{prefix}' in source or f"/{prefix}" in source, prefix
    assert set(prefixes) == {"obs/", "manifests/", "audits/"}
    assert "discovery/" in source, "known clusters, which nothing may take"


def test_the_buckets_keep_what_the_configuration_says(resources: dict[str, Block]) -> None:
    """Terraform reads the same file; where that is silent, both have the same days. One rule for each folder."""
    default = Retention()
    days = ", ".join(f"{name} = {days}" for name, days in default.prefixes.model_dump().items())
    text = (MODULE / "storage.tf").read_text()
    assert f"kept_days = merge({{ {days} }}, try(local.configuration.retention.prefixes, {{}}))" in text
    assert f"pack_days = try(local.configuration.retention.pack_years, {default.pack_years}) * 366" in text
    ages = {}
    for rule in resources["google_storage_bucket.evidence"].body.blocks["lifecycle_rule"]:
        condition = rule.blocks["condition"][0].arguments
        if unquoted(rule.blocks["action"][0].arguments["type"]) == "Delete":
            ages[unquoted(condition["matches_prefix"][0])] = condition["age"]
    assert ages == {
        "obs/": '${local.kept_days["obs"]}',
        "manifests/": '${local.kept_days["manifests"]}',
        "audits/": "${local.pack_days}",
    }


def test_heads_outlive_whoever_wants_them_gone(resources: dict[str, Block]) -> None:
    heads = resources["google_storage_bucket.heads"].body
    (policy,) = heads.blocks["retention_policy"]
    assert policy.arguments["retention_period"] == "${tostring(local.pack_days * 86400)}", "seconds, as text"
    assert "lifecycle_rule" not in heads.blocks
    assert {str(name) for name in names_in(heads.arguments["project"])} == {"var.heads_project", "var.project"}


def test_slack_is_reached_through_the_network_of_the_environment(resources: dict[str, Block]) -> None:
    (config,) = resources["google_composer_environment.pedwatch"].body.blocks["config"]
    (node,) = config.blocks["node_config"]
    nat = resources["google_compute_router_nat.egress"].body
    subnetwork = "google_compute_subnetwork.pedwatch.id"
    assert subnetwork in {str(name) for name in names_in(node.arguments["subnetwork"])}
    assert subnetwork in {str(name) for name in names_in(nat.blocks["subnetwork"][0].arguments["name"])}
    assert "google_compute_address.egress.self_link" in {str(name) for name in names_in(nat.arguments["nat_ips"])}
    assert resources["google_compute_subnetwork.pedwatch"].body.arguments["private_ip_google_access"] is True
    waits = {
        str(name) for name in names_in(resources["google_composer_environment.pedwatch"].body.arguments["depends_on"])
    }
    assert {"google_compute_router_nat.egress", "google_project_iam_member.project"} <= waits


def test_the_quota_is_told_in_mebibytes(resources: dict[str, Block]) -> None:
    quota = resources["google_service_usage_consumer_quota_override.query_usage_per_day"].body.arguments
    assert quota["override_value"] == "${tostring(floor(var.daily_query_tib * 1024 * 1024))}"
    assert quota["metric"] == '${urlencode("bigquery.googleapis.com/quota/query/usage")}'
    assert quota["limit"] == '${urlencode("/d/project")}' and quota["force"] is True
    day = re.findall(
        r"^\| quota: four such days[^|]*\| ([\d.]+) \|", (ROOT / "docs" / "cost.md").read_text(), re.MULTILINE
    )
    assert float(day[0]) == variable("daily_query_tib"), "of the smallest fleet of docs/cost.md"


def test_all_that_an_index_says_is_handed_on(resources: dict[str, Block]) -> None:
    indexes = json.loads((ROOT / "deploy" / "firestore.indexes.json").read_text())
    taken = set(re.findall(r'index\w*\.value(?:\.|, ")(\w+)|each\.value\.(\w+)', (MODULE / "firestore.tf").read_text()))
    names = {name for pair in taken for name in pair if name}
    for field in indexes["fieldOverrides"]:
        assert set(field) - {"indexes"} <= names
        assert {key for index in field["indexes"] for key in index} <= names
    assert (
        resources["google_firestore_field.field"]
        .body.arguments["for_each"]
        .startswith("${{for field in local.indexes.")
    )


def test_the_database_is_the_one_of_the_configuration(resources: dict[str, Block]) -> None:
    shipped = yaml.safe_load((ROOT / "include" / "config" / "pedwatch.yaml").read_text())
    assert (
        literal(resources["google_firestore_database.limits"].body.arguments["name"])
        == shipped["firestore"]["database"]
    )


def test_airflow_looks_for_secrets_where_they_are(resources: dict[str, Block]) -> None:
    backend = f"{CloudSecretManagerBackend.__module__}.{CloudSecretManagerBackend.__name__}"
    assert f'"secrets-backend" = "{backend}"' in str(local("airflow_config_overrides")) or backend in str(
        local("airflow_config_overrides")
    )
    assert not resources["google_secret_manager_secret.connection"].body.inner("rotation")


def test_the_environment_has_slots_for_a_cycle_as_it_is_set_by_default() -> None:
    (workers,) = (b for b in read_folder(MODULE) if b.kind == "variable" and b.labels == ("workers",))
    sizes = dict(re.findall(r"(\w+)\s*=\s*optional\(number, (\d+)\)", str(workers.body.arguments["type"])))
    pods = Config.model_fields["collector"].annotation.model_fields["max_pods"].default  # type: ignore[union-attr]
    assert variable("max_pods") == pods
    assert int(sizes["min_count"]) * variable("worker_concurrency") >= pods + 4


def test_the_length_of_a_cycle_is_that_of_the_configuration() -> None:
    assert variable("cycle_minutes") == Config.model_fields["cycle_minutes"].default


def test_google_may_maintain_for_twelve_hours_a_week() -> None:
    """What Composer's API asks for, and neither schema nor plan says."""
    window = {name: str(literal(value)) for name, value in variable("maintenance_window").items()}
    days = re.fullmatch(r"FREQ=WEEKLY;BYDAY=((?:\w\w)(?:,\w\w)*)", window["recurrence"])
    assert days is not None
    start, end = (dt.datetime.fromisoformat(window[f"{name}_time"]) for name in ("start", "end"))
    assert (end - start) * len(days[1].split(",")) >= dt.timedelta(hours=12)


def test_packages_are_those_of_the_bundle() -> None:
    lines = str(local("requirements"))
    assert "requirements.txt" in lines
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.]+", line), "what Terraform splits at =="


def test_a_deploy_snoozes_all_that_waits_for_silence() -> None:
    alerts = yaml.safe_load((MODULE / "alerts.yaml").read_text())
    of_silence = {name for name, alert in alerts.items() if alert["runbook"] == "a-heartbeat-stays-away.md"}
    (output,) = (b for b in read_folder(MODULE) if b.labels == ("heartbeat_absence_policy",))
    value = str(output.body.arguments["value"])
    by_name = set(re.findall(r'name == "(\w+)"', value))
    by_kind = {name for name, alert in alerts.items() if alert["kind"] == "stays_away"}
    assert "google_monitoring_alert_policy.stays_away" in value
    assert by_name | by_kind == of_silence
