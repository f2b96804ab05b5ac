"""Fixtures over the stand-ins; the conftest files of tests/e2e and tests/operators offer them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stand_ins import StandIns, stand_ins_in
from tests.e2e.watched_world import World


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    """All servers, once per session."""
    with stand_ins_in(tmp_path_factory.mktemp("stand-ins")) as found:
        yield found


@pytest.fixture
def make_world(stand_ins: StandIns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., World]]:
    """A maker of worlds; the newest one has the environment and Slack."""
    made: list[World] = []

    def make(**fields: Any) -> World:
        made.append(World(stand_ins, tmp_path / f"world-{len(made)}", monkeypatch, **fields))
        return made[-1]

    yield make
    for world in made:
        world.drop()


@pytest.fixture
def on_google_cloud(stand_ins: StandIns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIns]:
    """This process is a pod on Google Cloud: it has a metadata server, and knows who signs Google's certificates."""
    from google.auth.compute_engine import _metadata

    metadata = stand_ins.kubernetes.metadata
    variables = stand_ins.servers.identity_environment() | {"CLOUDSDK_CONFIG": str(tmp_path / "no-gcloud")}
    for name, value in (variables | {"SSL_CERT_FILE": variables["REQUESTS_CA_BUNDLE"]}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    # google-auth reads the addresses when it is imported.
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", metadata)
    monkeypatch.setattr(_metadata, "_METADATA_IP_ROOT", f"http://{metadata}", raising=False)
    yield stand_ins
    stand_ins.kubernetes.set_iam()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A world whose limits are synced."""
    return make_world()
