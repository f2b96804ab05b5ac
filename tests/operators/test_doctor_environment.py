"""What the doctor looks at around pedwatch, each broken once: Composer, Airflow, secrets, alerts, quotas, heartbeats.

The answers are of the shapes that the APIs' descriptions give; whoever may not ask gets Google's refusal.
"""

import copy
import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pedwatch import settings
from pedwatch.cli import main
from pedwatch.config import Config, needs
from pedwatch.doctor import airflow_state, composer_environment, composer_image, outside, stores
from pedwatch.doctor.findings import Finding, exit_status, lines
from pedwatch.doctor.google_rest import Answer
from pedwatch.hooks.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[2]
NAME = "projects/shop/locations/europe-west1/environments/pedwatch"
COMPOSER = f"https://composer.googleapis.com/v1/{NAME}"
AIRFLOW = "https://abc-dot-europe-west1.composer.googleusercontent.com"
SECRET = "https://secretmanager.googleapis.com/v1/projects/shop/secrets/airflow-connections-{}/versions/latest"
POLICIES = "https://monitoring.googleapis.com/v3/projects/p/alertPolicies?pageSize=500"
QUOTA = (
    "https://serviceusage.googleapis.com/v1beta1/projects/p/services/bigquery.googleapis.com/consumerQuotaMetrics/"
    "bigquery.googleapis.com%2Fquota%2Fquery%2Fusage"
)
DAGS = f"{AIRFLOW}/api/v2/dags?tags=pedwatch&limit=100"
NOW = dt.datetime(2026, 3, 2, 10, 20, tzinfo=dt.UTC)  # a Monday
DENIED = (403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "Permission denied on resource"}})
DISABLED = (
    403,
    {"error": {"code": 403, "message": "API has not been used", "details": [{"reason": "SERVICE_DISABLED"}]}},
)
IMAGE = composer_image.recorded(ROOT / "include")


def healthy() -> dict[str, Any]:
    """Everything as it should be: address → body."""
    software = {
        "imageVersion": IMAGE["image"],
        "pypiPackages": dict.fromkeys(IMAGE["lacks"], "==1"),
        "airflowConfigOverrides": {
            "celery-worker_concurrency": "8",
            "secrets-backend": composer_environment.BACKEND,
        },
    }
    workloads = {"worker": {"cpu": 1, "minCount": 2, "maxCount": 4}}
    dag = {"is_paused": False, "is_stale": False, "has_import_errors": False, "tags": [{"name": "build a"}]}
    policy = {"enabled": True, "notificationChannels": ["projects/p/notificationChannels/1"]}
    return {
        COMPOSER: {
            "state": "RUNNING",
            "config": {"softwareConfig": software, "workloadsConfig": workloads, "airflowUri": AIRFLOW},
        },
        DAGS: {"dags": [{"dag_id": dag_id, **copy.deepcopy(dag)} for dag_id in airflow_state.DAGS]},
        f"{AIRFLOW}/api/v2/pools/default_pool": {"name": "default_pool", "slots": 128},
        f"{AIRFLOW}/api/v2/connections/google_cloud_default": {"connection_id": "google_cloud_default"},
        f"{AIRFLOW}/api/v2/connections/kubernetes_default": {"connection_id": "kubernetes_default"},
        SECRET.format("slack_ped"): {"state": "ENABLED"},
        POLICIES: {
            "alertPolicies": [
                {"name": f"projects/p/alertPolicies/{name}", "userLabels": {"pedwatch": name}, **copy.deepcopy(policy)}
                for name in (*outside.SILENCE, *outside.OTHERS)
            ]
            + [{"name": "projects/p/alertPolicies/others"}]
        },
        QUOTA: {
            "consumerQuotaLimits": [
                {"unit": "MiBy/d/{project}/{user}", "quotaBuckets": [{"effectiveLimit": "1"}]},
                {"unit": "MiBy/d/{project}", "quotaBuckets": [{"effectiveLimit": "2097152"}]},
            ]
        },
    }


def looked_at(cloud: dict[str, Any], config: Config) -> list[Finding]:
    """What the doctor says of a cloud; what is not in it is not found."""

    def ask(address: str) -> Answer:
        found = cloud.get(address, (404, {"error": {"code": 404, "message": "not found"}}))
        return Answer(*found) if isinstance(found, tuple) else Answer(200, found)

    config = config.model_copy(update={"project": "p"})
    described, first = composer_environment.describe(NAME, ask)
    findings = [first] if first else []
    if described:
        findings += composer_environment.environment_findings(described, config, IMAGE)
        api = composer_environment.airflow_address(described)
        assert api
        findings += airflow_state.dag_findings(api, ask)
        findings += airflow_state.pool_findings(api, ask, config)
        findings += airflow_state.connection_findings(api, ask, config, "shop")
    findings += outside.alert_findings("p", ask)
    return [*findings, outside.load_finding(config), *outside.usage_findings(config, ask)]


def test_what_is_in_place_is_all_ok(config: Config) -> None:
    found = looked_at(healthy(), config)
    assert {finding.status for finding in found} == {"ok"}, "\n".join(lines(found))
    assert len(found) > 25 and exit_status(found) == 0


def put(*path: Any, value: Any = None) -> Callable[[dict[str, Any]], None]:
    """Break something: set what lies at a path, or take it away."""

    def break_it(cloud: dict[str, Any]) -> None:
        place = cloud
        for step in path[:-1]:
            place = place[step]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value

    return break_it


CONFIG = (COMPOSER, "config")
SOFTWARE = (*CONFIG, "softwareConfig")
BROKEN: dict[str, tuple[Callable[[dict[str, Any]], None], str, str, str]] = {
    "environment": (put(COMPOSER, "state", value="ERROR"), "pedwatch", "failed", "operations list"),
    "no environment": (put(COMPOSER), "pedwatch", "failed", "--environment"),
    "may not see it": (
        put(COMPOSER, value=DENIED),
        "pedwatch",
        "denied",
        "composer.environments.get (roles/composer.user)",
    ),
    "API off": (put(COMPOSER, value=DISABLED), "pedwatch", "failed", "gcloud services enable"),
    "image": (
        put(*SOFTWARE, "imageVersion", value="composer-3-airflow-3.4.0-build.1"),
        "image",
        "warning",
        "versions.md",
    ),
    "package": (
        put(*SOFTWARE, "pypiPackages", value={"google-cloud-firestore": ""}),
        "PyPI packages",
        "failed",
        "terraform",
    ),
    "backend": (put(*SOFTWARE, "airflowConfigOverrides", "secrets-backend"), "secrets backend", "warning", "override"),
    "too few slots": (
        put(*CONFIG, "workloadsConfig", "worker", "minCount", value=1),
        "worker slots",
        "failed",
        "min_count",
    ),
    "unknown slots": (
        put(*SOFTWARE, "airflowConfigOverrides", "celery-worker_concurrency"),
        "worker slots",
        "warning",
        "docs/sizing.md",
    ),
    "DAGs may not be seen": (put(DAGS, value=(403, {"detail": "Forbidden"})), "DAGs", "denied", "Airflow role"),
    "DAG not there": (put(DAGS, "dags", 5), "ped_replica_watch", "failed", "make deploy"),
    "DAG went": (put(DAGS, "dags", 5, "is_stale", value=True), "ped_replica_watch", "failed", "make deploy"),
    "DAG paused": (put(DAGS, "dags", 5, "is_paused", value=True), "ped_replica_watch", "failed", "unpause"),
    "DAG broken": (
        put(DAGS, "dags", 3, "has_import_errors", value=True),
        "ped_limits_sync",
        "failed",
        "cannot-be-parsed",
    ),
    "two builds": (put(DAGS, "dags", 0, "tags", value=[{"name": "build b"}]), "builds", "failed", "make deploy"),
    "wrong configuration": (
        put(DAGS, "dags", 0, "tags", value=[{"name": "build a"}, {"name": "configuration wrong"}]),
        "configuration",
        "failed",
        "config validate",
    ),
    "no pool": (put(f"{AIRFLOW}/api/v2/pools/default_pool"), "pool default_pool", "failed", "airflow pools set"),
    "small pool": (
        put(f"{AIRFLOW}/api/v2/pools/default_pool", "slots", value=3),
        "pool default_pool",
        "warning",
        "collector.max_pods",
    ),
    "no connection": (
        put(f"{AIRFLOW}/api/v2/connections/kubernetes_default"),
        "connection kubernetes_default",
        "failed",
        "gcloud secrets versions add airflow-connections-kubernetes_default",
    ),
    "no token": (put(SECRET.format("slack_ped")), "connection slack_ped", "failed", "gcloud secrets versions add"),
    "token off": (
        put(SECRET.format("slack_ped"), "state", value="DISABLED"),
        "connection slack_ped",
        "failed",
        "gcloud secrets versions add",
    ),
    "may not see secrets": (
        put(SECRET.format("slack_ped"), value=DENIED),
        "connection slack_ped",
        "denied",
        "secretmanager.versions.get",
    ),
    "token for all to see": (
        put(f"{AIRFLOW}/api/v2/connections/slack_ped", value={"connection_id": "slack_ped"}),
        "connection slack_ped",
        "warning",
        "move it into the secret",
    ),
    "no dead-man": (put(POLICIES, "alertPolicies", 1), "watch_silent", "failed", "watched = true"),
    "dead-man off": (put(POLICIES, "alertPolicies", 0, "enabled", value=False), "sync_silent", "failed", "enable it"),
    "nobody hears": (
        put(POLICIES, "alertPolicies", 1, "notificationChannels"),
        "watch_silent",
        "failed",
        "alert_emails",
    ),
    "another alert": (put(POLICIES, "alertPolicies", 4), "other policies", "warning", "watched = true"),
    "may not see alerts": (put(POLICIES, value=DENIED), "policies", "denied", "roles/monitoring.viewer"),
    "quota too small": (
        put(QUOTA, "consumerQuotaLimits", 1, "quotaBuckets", 0, "effectiveLimit", value="50000"),
        "query usage a day",
        "failed",
        "raise daily_query_tib",
    ),
    "no quota": (
        put(QUOTA, "consumerQuotaLimits", 1, "quotaBuckets", 0, "effectiveLimit", value="-1"),
        "query usage a day",
        "warning",
        "a hard stop",
    ),
    "may not see quotas": (put(QUOTA, value=DENIED), "query usage a day", "denied", "serviceusage.quotas.get"),
}


@pytest.mark.parametrize("broken", sorted(BROKEN))
def test_each_thing_is_broken_once_and_named(config: Config, broken: str) -> None:
    break_it, what, status, fix = BROKEN[broken]
    cloud = healthy()
    break_it(cloud)
    found = [finding for finding in looked_at(cloud, config) if finding.status != "ok"]
    assert [(finding.what, finding.status) for finding in found] == [(what, status)]
    assert fix in found[0].fix
    assert exit_status(found) == {"failed": 1, "denied": 3, "warning": 0}[status]


def test_the_alerts_are_those_that_terraform_makes_and_the_dags_those_that_ship() -> None:
    alerts = yaml.safe_load((ROOT / "deploy" / "terraform" / "pedwatch" / "alerts.yaml").read_text())
    silent = {name for name, alert in alerts.items() if alert["kind"] == "stays_away"}
    assert (silent, set(alerts) - silent) == (set(outside.SILENCE), set(outside.OTHERS))
    assert list(airflow_state.DAGS) == sorted(path.stem for path in (ROOT / "dags").glob("*.py"))


def test_what_is_read_of_airflows_answers_is_in_them() -> None:
    from airflow.api_fastapi.core_api.datamodels.dags import DAGResponse
    from airflow.api_fastapi.core_api.datamodels.pools import PoolResponse

    fields = {name for model in (DAGResponse, PoolResponse) for name in model.model_fields}
    assert {"dag_id", "is_paused", "is_stale", "has_import_errors", "tags", "slots"} <= fields


def test_the_connections_that_are_looked_for_are_those_that_are_used(make_config: Callable[..., Config]) -> None:
    team = {"channel": "C0ORDERS", "also": ["mailto:o@shop.example", "webhook:alertmanager"]}
    config = make_config(slack={"platform_channel": "C0PLATFORM", "teams": {"orders": team}})
    assert list(needs.connections_of(config)) == [
        "google_cloud_default",
        "kubernetes_default",
        "slack_ped",
        "smtp_default",
        "alertmanager",
    ]


@pytest.mark.parametrize(
    ("minutes", "loads"), [(1, "1440 a day, 1440 when"), (5, "288 a day, 864 when"), (60, "24 a day, 72 when")]
)
def test_loads_are_counted_at_the_cycles_length(make_config: Callable[..., Config], minutes: int, loads: str) -> None:
    found = outside.load_finding(make_config(cycle_minutes=minutes))
    assert found.status == "ok" and found.detail.startswith(loads)


def test_the_least_that_a_cycle_bills_is_what_the_cost_page_says() -> None:
    page = (ROOT / "docs" / "cost.md").read_text()
    bytes_a_cycle = float(page.partition("They bill\n")[2].split(" MB")[0]) * 1e6
    assert 0 <= bytes_a_cycle / 2**20 - outside.LEAST_MIB_A_CYCLE < 20


def beat(warehouse: Warehouse, dag_id: str, finished_at: dt.datetime, **fields: Any) -> None:
    row = {"dag_id": dag_id, "run_id": f"{dag_id}{finished_at}", "run_type": "scheduled", "origin": "live"}
    row |= {"cycle": finished_at, "finished_at": finished_at, "notifications_sent": 0}
    warehouse.write("heartbeats/record_heartbeat.sql", row | fields)


def test_a_heartbeat_that_is_old_or_missing_is_told_with_its_age(warehouse: Warehouse) -> None:
    beat(warehouse, "ped_replica_watch", NOW - dt.timedelta(minutes=16))
    beat(warehouse, "ped_replica_watch", NOW, origin="backfill")
    beat(warehouse, "ped_limits_sync", NOW - dt.timedelta(minutes=14))
    beat(warehouse, "ped_housekeeping", NOW - dt.timedelta(hours=30))
    beat(warehouse, "ped_digest", NOW - dt.timedelta(days=3, hours=2))  # Friday's, before Monday's
    found = {finding.what: finding for finding in stores.heartbeat_findings(warehouse, NOW)}
    assert {name: finding.status for name, finding in found.items()} == {
        "ped_replica_watch": "failed",
        "ped_limits_sync": "ok",
        "ped_housekeeping": "failed",
        "ped_replica_audit": "failed",
        "ped_digest": "ok",
    }
    assert found["ped_replica_watch"].detail == "16 minutes ago, at 2026-03-02 10:04 UTC"
    assert found["ped_replica_audit"].detail == "none in 4 days"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, config: Config) -> Iterator[list[Finding]]:
    """The command with one check, which finds what the test says."""
    from pedwatch.cli import doctor

    findings: list[Finding] = []
    monkeypatch.setattr(settings, "load_config", lambda: config)
    monkeypatch.setitem(doctor.CHECKS, "quotas", lambda config, environment: iter(findings))
    yield findings


@pytest.mark.parametrize(
    ("statuses", "status", "last"),
    [
        (["ok", "skipped", "warning"], 0, "3 checks, nothing to mend"),
        (["ok", "failed", "denied"], 1, "3 checks, 1 to mend, 1 not looked at for want of a right"),
        (["denied"], 3, "1 checks, nothing to mend, 1 not looked at for want of a right"),
    ],
)
def test_the_exit_status_says_the_worst_and_json_says_the_same(
    asked: list[Finding], capsys: pytest.CaptureFixture[str], statuses: list[Any], status: int, last: str
) -> None:
    asked += [Finding("Quotas", f"thing {one}", one, "seen", "mend it") for one in statuses]
    assert main(["doctor", "--only", "quotas"]) == status
    assert capsys.readouterr().out.splitlines()[-1] == last
    assert main(["doctor", "--only", "quotas", "--format", "json", "--environment", NAME]) == status
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["environment"]) == (status, NAME)
    assert [one["status"] for one in told["findings"]] == statuses


def test_without_an_environment_composer_and_airflow_are_not_looked_at(
    asked: list[Finding], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--only", "environment"]) == 0
    assert "–" in (told := capsys.readouterr().out) and "--environment names it" in told


def test_a_configuration_that_cannot_be_read_is_status_two(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PEDWATCH_CONFIG", str(tmp_path / "nowhere.yaml"))
    assert main(["doctor"]) == 2
    assert "no configuration at" in capsys.readouterr().err


def test_composer_says_which_environment_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PEDWATCH_ENVIRONMENT", "GCP_PROJECT", "COMPOSER_LOCATION", "COMPOSER_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    assert settings.environment() is None
    monkeypatch.setenv("GCP_PROJECT", "shop")
    monkeypatch.setenv("COMPOSER_LOCATION", "europe-west1")
    assert settings.environment() is None, "a person's shell may have a project"
    monkeypatch.setenv("COMPOSER_ENVIRONMENT", "pedwatch")
    assert settings.environment() == NAME
    monkeypatch.setenv("PEDWATCH_ENVIRONMENT", "sandbox")
    assert settings.environment() == "sandbox"
