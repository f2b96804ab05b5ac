"""The doctor finds what is wrong, says how to mend it, and passes when nothing is."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pedwatch import ddl, settings, sql
from pedwatch.cli import main
from pedwatch.config import Cluster, Config
from pedwatch.doctor import clusters, composer_image, identity, stores
from pedwatch.doctor.findings import lines
from pedwatch.hooks import kept_tables
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.places import KnownCluster
from sandbox.environment.servers import COLLECTOR_ACCOUNT
from sandbox.environment.servers import PROJECT as SANDBOX
from sandbox.slack.control import ControlClient
from tests.conftest import running
from tests.e2e.stand_ins import START, StandIns
from tests.reference_pages import columns, table_names

TOKEN = "xoxb-doctor-secret"
RIGHT = "iam.serviceAccounts.getAccessToken"


@pytest.fixture(scope="module")
def slack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The Slack stand-in."""
    folder = tmp_path_factory.mktemp("slack")
    channels = ("C0PLATFORM=ped-platform", "C0ORDERS=orders")
    with running("sandbox.slack", "--data", str(folder), "--token", TOKEN, "--channel", *channels) as server:
        yield server.address, folder


@pytest.fixture
def control(
    slack: tuple[str, Path], make_config: Callable[..., Config], loopback_only: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ControlClient]:
    """A workspace as it should be, and the configuration that names its channels."""
    connection = {"conn_type": "slack", "password": TOKEN, "extra": {"base_url": f"{slack[0]}/api/", "timeout": 5}}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_PED", json.dumps(connection))
    teams = {"orders": {"channel": "C0ORDERS", "mode": "team"}}
    config = make_config(slack={"platform_channel": "C0PLATFORM", "teams": teams})
    monkeypatch.setattr(settings, "load_config", lambda: config)
    client = ControlClient.from_folder(slack[1])
    yield client
    client.reset()


def doctor(capsys: pytest.CaptureFixture[str], *areas: str) -> tuple[int, str]:
    """Ask the doctor; return exit status and report."""
    status = main(["doctor", *(word for area in areas for word in ("--only", area))])
    report = capsys.readouterr().out
    assert TOKEN not in report
    return status, report


def test_a_healthy_workspace(control: ControlClient, capsys: pytest.CaptureFixture[str]) -> None:
    status, report = doctor(capsys, "slack")
    assert status == 0, report
    assert "@pedwatch in Sandbox" in report and "#orders" in report and "nothing to mend" in report


@pytest.mark.parametrize(
    ("break_it", "seen", "fix"),
    [
        (lambda c: c.revoke_token(), "token_revoked", "reinstall the app"),
        (lambda c: c.archive("C0ORDERS"), "archived", "unarchive the channel"),
        (lambda c: c.set_membership("C0ORDERS", False), "the bot is not in it", "/invite @pedwatch"),
        (lambda c: c.put_channel("C0ORDERS", is_private=True, is_member=False), "channel_not_found", "slack.teams"),
        (lambda c: c.set_scopes(["chat:write", "channels:read", "channels:history"]), "metadata.message:read", "OAuth"),
        (lambda c: c.order_fault("server_error", "auth.test"), "reachable", "slack_ped"),
    ],
    ids=["revoked", "archived", "not joined", "private", "no scope", "down"],
)
def test_what_is_wrong_is_said_with_its_fix(
    control: ControlClient,
    capsys: pytest.CaptureFixture[str],
    break_it: Callable[[ControlClient], None],
    seen: str,
    fix: str,
) -> None:
    break_it(control)
    status, report = doctor(capsys, "slack")
    assert status == 1
    [mended] = [line for line in report.splitlines() if "→" in line]
    assert seen in report and fix in mended


def test_without_a_connection_the_other_organs_are_examined(
    control: ControlClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SLACK_PED")
    status, report = doctor(capsys, "slack", "clusters")
    assert status == 1 and "AIRFLOW_CONN_SLACK_PED" in report
    assert "– Cluster     eu-prod-1" in report


@pytest.mark.parametrize(
    ("discovery", "locations", "status"),
    [
        ({"projects": ["shop", "lab"]}, [], "warning"),
        ({"projects": ["shop"]}, ["europe-west1", "us-east1"], "warning"),
        ({"projects": ["shop"]}, ["us-east1", "us-east1"], "ok"),
        ({"projects": ["shop", "lab"], "names": "qualified"}, ["europe-west1", "us-east1"], "ok"),
    ],
    ids=["two projects", "two locations", "one of both", "qualified"],
)
def test_names_that_may_be_anothers_are_warned_of(
    make_config: Callable[..., Config], discovery: dict[str, Any], locations: list[str], status: str
) -> None:
    known = [
        KnownCluster(
            cluster=Cluster(name=f"c{number}", environment="prod"),
            project="shop",
            location=location,
            listed_at=START,
        )
        for number, location in enumerate(locations)
    ]
    found = list(clusters.name_findings(make_config(discovery=discovery), known))
    assert [finding.status for finding in found] == [status]
    written = "\n".join(lines(found))
    assert ("! Cluster" in written and "→ set discovery.names: qualified" in written) == (status == "warning")


def test_tables_as_the_ddl_says_and_not(warehouse: Warehouse) -> None:
    for name in sql.statement_names(settings.include_dir() / "sql"):
        if name.startswith("ddl/views/"):
            warehouse.run(name)
    behind = next(each for each in stores.bigquery_findings(warehouse, "shop") if each.what == "schema")
    assert (behind.status, behind.detail) == ("failed", "behind 1, missing: ddl/tables")
    assert "ped_housekeeping" in behind.fix
    dataset = warehouse.config.dataset
    row = {"number": 1, "migration": "ddl/tables", "applied_at": START, "run_id": "r1", "environment": "shop"}
    warehouse.write("schema/record_step.sql", row)
    kept_tables.keep(warehouse)
    assert {finding.status for finding in stores.bigquery_findings(warehouse, "shop")} == {"ok"}
    warehouse.client.query(f"ALTER TABLE `{dataset}.notifications` DROP COLUMN permalink").result()
    warehouse.client.query(f"DROP VIEW `{dataset}.limits_now`").result()
    warehouse.write("schema/record_step.sql", row | {"number": 2, "migration": "ddl/migrations/0002_pages.sql"})
    wrong = {f.what: f for f in stores.bigquery_findings(warehouse, "shop") if f.status == "failed"}
    at = f"{START:%Y-%m-%d %H:%M} UTC"
    assert {what: finding.detail for what, finding in wrong.items()} == {
        "schema": f"dataset {dataset} has schema 2 (ddl/migrations/0002_pages.sql, applied {at}), "
        "but this build knows 1",
        "views": "missing: limits_now",
        "columns": "missing or of another type: notifications.permalink",
    }
    assert wrong["schema"].fix.startswith("deploy a build that knows 2; or, to stay with this one, delete the rows")
    again = wrong["columns"].fix.partition(": ")[2]
    assert again.startswith(f"ALTER TABLE `{dataset}.notifications` ADD COLUMN permalink STRING OPTIONS")
    warehouse.client.query(again).result()
    assert {f.what for f in stores.bigquery_findings(warehouse, "shop") if f.status == "failed"} == {"schema", "views"}


def test_no_dataset(warehouse: Warehouse, make_config: Callable[..., Config]) -> None:
    elsewhere = Warehouse(warehouse.client, make_config(), settings.include_dir() / "sql")
    [finding] = stores.bigquery_findings(elsewhere, None)
    assert finding.status == "failed" and "ped_housekeeping" in finding.fix


@pytest.mark.parametrize("table", table_names())
def test_the_columns_of_a_statement_are_read_as_sqlglot_reads_them(table: str) -> None:
    text = sql.render(settings.include_dir() / "sql", f"ddl/tables/{table}.sql", dataset="d")
    names = [column.name for column in columns(table) if "." not in column.name]
    assert [column.name for column in ddl.columns(text)] == names


def test_an_image_that_moved_is_told_and_a_package_that_we_bring_has_to_be_there() -> None:
    image = composer_image.recorded(settings.include_dir())
    versions = {name: package["version"] for name, package in image["packages"].items()}
    brought = dict.fromkeys(image["lacks"], "1.0")
    here = versions | brought

    def found(here: dict[str, str]) -> dict[str, tuple[str, str]]:
        findings = composer_image.image_findings(image, here.get, "3.11.7")
        return {finding.what: (finding.status, finding.detail) for finding in findings}

    assert {status for status, _ in found(here).values()} == {"ok"}
    moved = found(here | {"apache-airflow-providers-google": "99.0"})
    version = versions["apache-airflow-providers-google"]
    assert moved["apache-airflow-providers-google"] == ("skipped", f"99.0 here, {version} recorded (unproven)")
    without = {name: version for name, version in here.items() if name != "apache-airflow-providers-slack"}
    assert found(without)["apache-airflow-providers-slack"] == ("failed", "not installed")


@pytest.mark.parametrize(
    ("iam", "name", "status", "detail", "fix"),
    [
        ({}, COLLECTOR_ACCOUNT, "ok", "ped-airflow@", ""),
        ({"may_impersonate": False}, COLLECTOR_ACCOUNT, "failed", RIGHT, "roles/iam.serviceAccountTokenCreator"),
        ({"is_enabled": False}, COLLECTOR_ACCOUNT, "failed", "403", "services enable iamcredentials.googleapis.com"),
        ({}, "nobody", "failed", "404", "create the service account nobody@"),
    ],
    ids=["may", "may-not", "api-off", "no-account"],
)
def test_the_collectors_identity(
    on_google_cloud: StandIns,
    make_config: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    iam: dict[str, bool],
    name: str,
    status: str,
    detail: str,
    fix: str,
) -> None:
    account = f"{name}@{SANDBOX}.iam.gserviceaccount.com"
    address = on_google_cloud.servers.addresses["kubernetes"]
    config = make_config(collector={"image": "i:1", "impersonate": account, "iam_endpoint": address})
    monkeypatch.setattr(settings, "load_config", lambda: config)
    on_google_cloud.kubernetes.set_iam(**iam)
    assert main(["doctor", "--only", "identity"]) == (0 if status == "ok" else 1)
    report = capsys.readouterr().out
    assert f"impersonates {account}" in report and detail in report and fix in report
    assert "ya29." not in report, "the token is thrown away"


def test_an_iam_endpoint_that_is_none(
    on_google_cloud: StandIns, make_config: Callable[..., Config], capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"{on_google_cloud.servers.addresses['kubernetes']}/clusters/eu-prod-1"
    collector = {"image": "i:1", "impersonate": f"x@{SANDBOX}.iam.gserviceaccount.com", "iam_endpoint": address}
    config = make_config(collector=collector)
    [finding] = identity.identity_findings(config.collector, identity.connect)
    assert finding.status == "failed" and "not an answer of Google's" in finding.detail


def test_pods_that_are_who_they_run_as_impersonate_nobody(config: Config) -> None:
    def nobody_asks() -> Any:
        raise AssertionError

    [finding] = identity.identity_findings(config.collector, nobody_asks)
    assert (finding.status, finding.fix) == ("skipped", "")


def test_a_cluster_is_asked_for_a_real_list_as_gke_lists_it(
    on_google_cloud: StandIns, make_config: Callable[..., Config], tmp_path: Path
) -> None:
    """An address without a scheme is no "unknown url type"; what keeps the collector out is told apart."""
    (tmp_path / "token").write_text("no-token-of-ours")
    servers = on_google_cloud.servers
    address = servers.addresses["kubernetes"].removeprefix("https://")
    ca_data = b64encode((servers.kubeconfigs / "ca.pem").read_bytes()).decode()
    common = {"environment": "prod", "ca_data": ca_data, "endpoint": f"{address}/clusters/eu-prod-1"}
    entries = [
        {"name": "bare", **common},
        {"name": "written-out", **common, "endpoint": f"https://{address}/clusters/eu-prod-1/"},
        {"name": "nobodys", **common, "auth": "none"},
        {"name": "stale", **common, "auth": "token_file", "token_file": str(tmp_path / "token")},
        {"name": "no-cluster", **common, "endpoint": f"{address}/clusters/nothing"},
        {"name": "unknown-authority", **common, "ca_data": None},
        {"name": "silent", **common, "endpoint": "127.0.0.1:9"},
        {"name": "elsewhere", "environment": "prod", "auth": "kubeconfig"},
    ]
    account = f"{COLLECTOR_ACCOUNT}@{SANDBOX}.iam.gserviceaccount.com"
    collector = {"image": "i:1", "impersonate": account, "iam_endpoint": servers.addresses["kubernetes"]}
    config = make_config(clusters=entries, collector=collector)

    def asked() -> dict[str, Any]:
        findings, there = clusters.discovered_findings(config, None, START)
        assert findings == []
        return {f.what: f for f in clusters.cluster_findings(there, lambda: identity.collector_token(config.collector))}

    found = asked()
    assert {name: one.status for name, one in found.items()} == {
        "bare": "ok",
        "written-out": "ok",
        "nobodys": "failed",
        "stale": "failed",
        "no-cluster": "failed",
        "unknown-authority": "failed",
        "silent": "failed",
        "elsewhere": "skipped",
    }
    assert found["nobodys"].detail.startswith("HTTP 403"), "Kubernetes knows anonymous callers and lets them do nothing"
    assert found["stale"].detail.startswith("HTTP 401") and "does not know who asks" in found["stale"].fix
    assert found["no-cluster"].detail.startswith("HTTP 404") and "correct endpoint" in found["no-cluster"].fix
    assert "CERTIFICATE_VERIFY_FAILED" in found["unknown-authority"].detail
    assert "refused" in found["silent"].detail and "authorised networks" in found["silent"].fix
    on_google_cloud.kubernetes.set_iam(may_impersonate=False)
    found = asked()
    assert {found[name].status for name in ("bare", "written-out")} == {"denied"}
    assert "answers (200 without credentials)" in found["bare"].detail
    assert (
        f"you may not become {account}" in found["bare"].fix
        and "roles/iam.serviceAccountTokenCreator" in found["bare"].fix
    )
    assert found["silent"].status == "failed", "nobody answers, whoever asks"


def test_a_cluster_that_lets_the_collector_in_and_nothing_more(
    on_google_cloud: StandIns, make_config: Callable[..., Config]
) -> None:
    address = on_google_cloud.servers.addresses["kubernetes"]
    ca_data = b64encode((on_google_cloud.servers.kubeconfigs / "ca.pem").read_bytes()).decode()
    place = {"environment": "prod", "ca_data": ca_data, "endpoint": f"{address}/clusters/eu-prod-1"}
    config = make_config(clusters=[{"name": "eu-prod-1", **place}])
    # Not impersonated, the environment's own account asks, whom no RBAC binds.
    [found] = clusters.cluster_findings(config.clusters, lambda: identity.collector_token(config.collector))
    assert (found.status, found.detail[:8]) == ("failed", "HTTP 403")
    assert "kubectl apply -f deploy/rbac/replica-collector.yaml" in found.fix


@pytest.mark.parametrize("endpoint", ["http://10.0.0.2", "http://127.0.0.1:6443", "ftp://10.0.0.2"])
def test_a_cluster_is_reached_over_https_alone(make_config: Callable[..., Config], endpoint: str) -> None:
    with pytest.raises(ValidationError, match="over https alone"):
        make_config(clusters=[{"name": "a", "environment": "prod", "endpoint": endpoint}])
