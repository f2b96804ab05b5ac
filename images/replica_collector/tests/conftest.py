import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# The helper modules beside this file, whatever pytest's import mode.
sys.path.insert(0, str(Path(__file__).parent))

from collector_api_server import DEPLOYMENTS, HPAS, ApiServer, deployment, hpa, server_tls, serving
from collector_harness import CYCLE, Collect, Collected
from google_identity import MetadataServer

from replica_collector import retrying, tls
from replica_collector.batch import Batch, exit_status
from replica_collector.clusters import Cluster
from replica_collector.config import Config
from replica_collector.credentials import Anonymous, Credential
from replica_collector.output import FolderOutput, Output


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with serving(server_tls()) as server:
        server.items[DEPLOYMENTS] = [deployment(f"d{number:04}") for number in range(25)]
        server.items[HPAS] = [hpa(f"d{number:04}") for number in range(12)]
        yield server


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry pauses of milliseconds."""
    monkeypatch.setattr(retrying, "FIRST_PAUSE_SECONDS", 0.002)


@pytest.fixture(autouse=True)
def _other_authorities() -> Iterator[None]:
    """A process reads the system's authorities once; here each test may name others in its environment."""
    tls.system_context.cache_clear()
    yield
    tls.system_context.cache_clear()


@pytest.fixture
def collect(api: ApiServer, tmp_path: Path) -> Collect:
    """Run a batch in this process into a folder (or ``output``); by default of the one server ``api``."""

    def run(
        *clusters: Cluster, google: Credential | None = None, output: Output | None = None, **settings: Any
    ) -> Collected:
        chosen = clusters or (api.cluster(),)
        # Most tests are about what one kind and its HPAs come to: two listings.
        defaults: dict[str, Any] = {"kinds": ("deployment",), "page_size": 10, "budget_seconds": 10.0}
        defaults["attempt_id"] = "try-1"
        config = Config(clusters=chosen, cycle=CYCLE, output="", **{**defaults, **settings})
        batch = Batch(config, google or Anonymous(), output or FolderOutput(tmp_path.as_uri()))
        return Collected(tmp_path, exit_status(batch.run()))

    return run


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MetadataServer]:
    """This machine is a pod on Google Cloud."""
    with serving() as server:
        fake = MetadataServer(server)
        for name, value in fake.variables(tmp_path / "no-gcloud").items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        from google.auth.compute_engine import _metadata

        # google-auth reads the addresses when it is imported, which another test may have caused.
        monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", fake.host)
        monkeypatch.setattr(_metadata, "_METADATA_IP_ROOT", f"http://{fake.host}", raising=False)
        yield fake
