"""Clients know who they are: Airflow's connection or a person, and never real credentials to a stand-in."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gcp_storage_emulator.server import create_server
from google.auth.credentials import AnonymousCredentials

from pedwatch.config import Config
from pedwatch.errors import ConfigurationError, LimitDocumentError
from pedwatch.hooks.clients import AsAirflow, AsPerson, ClientSource, storage_client
from pedwatch.tasks.limits_publish import local_folder
from tests.operators.test_limits_cli import GOOD

HOSTS = {
    "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1",
    "FIRESTORE_EMULATOR_HOST": "127.0.0.1:1",
    "STORAGE_EMULATOR_HOST": "http://127.0.0.1:1",
}


@pytest.fixture
def emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Point every client at a stand-in, with an anonymous connection."""
    for name, value in HOSTS.items():
        monkeypatch.setenv(name, value)
    connection = {"conn_type": "google_cloud_platform", "extra": {"project": "demo-proj", "is_anonymous": True}}
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", json.dumps(connection))


@pytest.mark.parametrize("service", ["bigquery", "firestore", "storage"])
@pytest.mark.parametrize("source", [AsAirflow(), AsPerson()], ids=["Airflow", "person"])
def test_a_stand_in_is_met_anonymously(source: ClientSource, service: str, emulated: None, config: Config) -> None:
    client = getattr(source, service)(config)
    assert isinstance(client._credentials, AnonymousCredentials)
    assert client.project == config.project


@pytest.mark.parametrize("service", ["bigquery", "firestore", "storage"])
def test_real_credentials_are_never_sent_to_a_stand_in(
    service: str, emulated: None, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "airflow.providers.google.common.hooks.base_google.GoogleBaseHook.get_credentials", lambda hook: object()
    )
    with pytest.raises(ConfigurationError, match=f"{service.upper()}_EMULATOR_HOST is set but connection"):
        getattr(AsAirflow(), service)(config)


@pytest.fixture
def storage(config: Config, loopback_only: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Cloud Storage with two PED files and a README."""
    server = create_server("127.0.0.1", 0, in_memory=True, default_bucket="ped-files")
    server.start()
    port = server._api._httpd.server_port
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    bucket = storage_client(config, AsPerson()).bucket("ped-files")
    for name in ("ped/orders.yaml", "ped/deep/search.yml", "ped/README.md", "pedantic/other.yaml"):
        bucket.blob(name).upload_from_string(GOOD)
    yield
    server.stop()


def test_a_folder_of_a_bucket_is_read_as_a_local_one(storage: None, config: Config) -> None:
    with local_folder(config, "gs://ped-files/ped", AsPerson()) as folder:
        found = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        assert found == [Path("deep/search.yml"), Path("orders.yaml")]
        assert (folder / "orders.yaml").read_text() == GOOD
    assert not folder.exists()


class Hostile(AsPerson):
    """A bucket in which somebody named an object to land elsewhere; the emulator takes no such name."""

    def storage(self, config: Config) -> Any:
        """Return a client that lists that object."""
        return SimpleNamespace(list_blobs=lambda bucket, prefix: [SimpleNamespace(name=f"{prefix}../../x.yaml")])


def test_an_object_that_leaves_the_folder_is_refused(config: Config) -> None:
    folder = local_folder(config, "gs://ped-files/ped", Hostile())
    with pytest.raises(LimitDocumentError, match="leaves the folder"), folder:
        pass


def test_storage_asks_for_no_bucket_by_itself(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """No role of deploy/iam permits buckets.get, which the client would ask for its traces."""
    from google.cloud.storage import _opentelemetry_tracing  # type: ignore[import-untyped]

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.delenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", raising=False)
    storage_client(config, AsPerson())
    assert _opentelemetry_tracing._is_bucket_metadata_disabled()
    assert os.environ.pop("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA")
