"""Fixtures: every conformance test runs against the stand-in and against the Java emulator."""

import os
import shutil
import uuid
from collections.abc import Iterator

import pytest
from google.cloud import firestore

from sandbox.firestore.tests.servers import connect, find_java_emulator, java_emulator, stand_in

# A proxy in the environment would swallow gRPC to loopback.
os.environ["no_proxy"] = os.environ["no_grpc_proxy"] = "127.0.0.1,localhost"


@pytest.fixture(scope="session")
def ours() -> Iterator[str]:
    """Run one stand-in for the whole session; yield its address."""
    with stand_in() as address:
        yield address


@pytest.fixture(scope="session")
def java() -> Iterator[str]:
    """Run one Java emulator for the whole session; yield its address."""
    jar = find_java_emulator()
    if not jar or not shutil.which("java"):
        pytest.skip("no Java emulator: set FIRESTORE_EMULATOR_JAR or install google-cloud-cli-firestore-emulator")
    with java_emulator(jar) as address:
        yield address


@pytest.fixture(params=["ours", "java"])
def address(request: pytest.FixtureRequest) -> str:
    """Return the address of each of the two servers in turn."""
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def project() -> str:
    """Return a project of the test's own: an empty world on a shared server."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def client(address: str, project: str) -> firestore.Client:
    """Return a client of each of the two servers in turn."""
    return connect(address, project)


@pytest.fixture
def our_client(ours: str, project: str) -> firestore.Client:
    """Return a client of the stand-in, for what the Java emulator does not do or does otherwise."""
    return connect(ours, project)


@pytest.fixture
def limits(client: firestore.Client) -> firestore.CollectionReference:
    """Return forty limits of four teams."""
    collection = client.collection("limits")
    batch = client.batch()
    for at in range(40):
        fields = {"team": f"team-{at % 4}", "max": at // 2, "meta": {"tier": at % 3}, "tags": [f"t{at % 5}", "all"]}
        batch.set(collection.document(f"api-{at:02}"), fields | ({"ends": at} if at % 10 == 0 else {}))
    batch.commit()
    return collection
