"""Terraform itself plans the module, where it is installed: what is made, of how many, and what is refused in words."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.terraform import planned_module

pytestmark = pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not installed")

GIVEN: dict[str, Any] = {
    "project": "acme-prod",
    "region": "europe-west1",
    "collector_image": f"europe-west1-docker.pkg.dev/acme-prod/pedwatch/replica-collector@sha256:{'0' * 64}",
    "platform_channel": "C0123456789",
    "alert_emails": ["oncall@example.com"],
}
Plan = Callable[..., str]
VARIABLES = planned_module.ROOT / planned_module.MODULE / "variables.tf"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Plan with these variables beside those that have to be given; returns what Terraform says."""
    folder = planned_module.write(tmp_path_factory.mktemp("terraform"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}

    def terraform(*words: str) -> str:
        done = subprocess.run(
            ["terraform", *words, "-no-color", "-input=false"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stdout + done.stderr

    assert "successfully initialized" in terraform("init", "-backend=false")

    def planned(**variables: Any) -> str:
        (folder / "terraform.tfvars.json").write_text(json.dumps(GIVEN | variables))
        return terraform("plan")

    return planned


def made(said: str) -> Counter[str]:
    """How many of each kind are to be made."""
    assert "Error" not in said, said
    return Counter(re.findall(r"# terraform_data\.((?:data_)?google_\w+?)__\w+(?:\[.*?\])? will be created", said))


def granted(said: str) -> set[str]:
    """The members of all bindings, as they are written."""
    return set(re.findall(r'member +\w* *= "((?:serviceAccount|group):[^"]+)"', said))


def test_the_first_apply_makes_everything_but_what_watches(plan: Plan) -> None:
    found = made(plan())
    table = yaml.safe_load((planned_module.ROOT / "deploy" / "iam" / "bindings.yaml").read_text())
    of_accounts = [b for b in table["bindings"] if b["member"] in table["service_accounts"]]
    bindings = sum(number for kind, number in found.items() if kind.endswith("_iam_member"))
    assert bindings == len([b for b in of_accounts if b["level"] != "discovered_project"]), "nobody is discovered"
    assert found["google_service_account"] == len(table["service_accounts"])
    assert found["google_storage_bucket"] == 3 and found["google_composer_environment"] == 1
    assert found["google_monitoring_alert_policy"] == found["google_bigquery_data_transfer_config"] == 0
    assert found["google_logging_metric"] == 6, "the metrics are there before the alerts"


def test_the_second_apply_watches(plan: Plan) -> None:
    said = plan(watched=True, people={"ped-viewers": ["group:all@example.com", "group:more@example.com"]})
    found = made(said)
    alerts = yaml.safe_load((planned_module.ROOT / planned_module.MODULE / "alerts.yaml").read_text())
    assert found["google_monitoring_alert_policy"] == len(alerts)
    assert found["google_bigquery_data_transfer_config"] == 1
    assert {"group:all@example.com", "group:more@example.com"} <= granted(said)
    assert 'duration                = "900s"' in re.sub(r"duration +=", "duration                =", said)


def test_an_environment_that_is_there_keeps_its_account_and_network(plan: Plan) -> None:
    said = plan(create_environment=False, watched=True, daily_query_tib=None, cycle_minutes=5)
    found = made(said)
    assert found["google_composer_environment"] == found["google_compute_network"] == 0
    assert found["google_storage_bucket"] == 2
    assert found["google_service_usage_consumer_quota_override"] == 0
    assert "half of a day's quota" not in said, "without a quota there is no half of it"
    # Who its account is comes with the environment, which stands for something to be made here.
    assert not any(member.startswith("serviceAccount:ped-airflow@") for member in granted(said))
    assert len(re.findall(r'google_\w+_iam_member__\w+\["ped-airflow ', said)) >= 8, "bound all the same"


def test_other_projects_get_their_roles(plan: Plan) -> None:
    found = made(
        plan(watched_projects=["shop-one", "shop-two"], discovered_projects=["shop-two"], connections=["smtp_default"])
    )
    assert found["google_project_iam_custom_role"] == 2 + 2 + 1, "limits here, the collector in two, the lister in one"
    assert found["google_secret_manager_secret"] == found["google_secret_manager_secret_iam_member"] == 2


def test_what_differs_from_the_configuration_is_warned_of(plan: Plan) -> None:
    said = " ".join(plan(cycle_minutes=60, max_pods=50, people={"ped-viewer": ["group:all@example.com"]}).split())
    assert "cycle_minutes is 60 here and 5 in include/config/pedwatch.yaml" in said
    assert "less than max_pods and four" in said
    assert "people: ped-viewer: no group" in said


#: A value that is refused, of each variable that has a form, and what is said of it. Terraform says all at once.
REFUSED: dict[str, tuple[Any, str]] = {
    "project": ("123456", "a project's id"),
    "region": ("europe-west1-b", "no zone"),
    "location": ("eu", "location is EU, US or a region"),
    "dataset": ("ped-watch", "letters, digits and underscores"),
    "environment_name": ("Pedwatch", "lower case letters"),
    "image_version": ("composer-3-airflow-3", "an alias would upgrade"),
    "environment_size": ("SMALL", "environment_size is ENVIRONMENT_SIZE_SMALL"),
    "workers": ({"min_count": 0}, "min_count is at least 1"),
    "worker_concurrency": (25, "worker_concurrency is 1 to 24"),
    "max_pods": (0, "max_pods is at least 1"),
    "cycle_minutes": (7, "cycle_minutes is 1, 5, 10, 15, 30 or 60"),
    "registration_role": ("Owner", "registration_role is"),
    "environment_variables": ({"STORAGE_EMULATOR_HOST": "http://x"}, "no emulator"),
    "collector_image": ("replica-collector:1", "a tag can be moved"),
    "platform_channel": ("#platform", "a channel's id"),
    "connections": (["airflow/connections"], "ids of connections"),
    "metadata_retention_days": (7, "metadata_retention_days is 30 to 730"),
    "subnetwork": ("default", "subnetwork is projects/PROJECT"),
    "network": ("default", "network is projects/PROJECT"),
    "subnetwork_range": ("10.0.0.0", "subnetwork_range is a range"),
    "daily_query_tib": (0, "daily_query_tib is more than 0"),
    "alert_emails": (["oncall"], "alert_emails are mail addresses"),
    "notification_channels": (["slack"], "notification_channels are projects/"),
    "people": ({"ped-viewers": ["bob"]}, "each is group:"),
}


def words(said: str) -> str:
    """Without the frame and the line breaks that Terraform puts around them."""
    return re.sub(r"[\s│╷╵]+", " ", said)


def test_what_has_a_wrong_form_is_refused_in_words(plan: Plan) -> None:
    said = words(plan(**{name: value for name, (value, _) in REFUSED.items()}))
    missing = [name for name, (_, sentence) in REFUSED.items() if sentence not in said]
    assert missing == [], said
    validated = re.findall(r'variable "(\w+)" \{(?:(?!\n\}\n).)*validation', VARIABLES.read_text(), re.DOTALL)
    assert set(REFUSED) == set(validated), "each has its refusal here"


def test_what_does_not_go_together_is_refused_in_words(plan: Plan) -> None:
    said = words(plan(network="projects/p/global/networks/n", watched=True, alert_emails=[]))
    assert "Set network and subnetwork together" in said
    assert "an alert that nobody hears is none" in said
