"""One server for all tests; every test gets clusters of its own on it."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.kubernetes.tests.servers import Cluster, Server, start_server

# What the image of the tests does, told by its variables and arguments.
PROGRAM = """
import json, os, pathlib, sys, time
print("cluster", os.environ.get("CLUSTER"), "arguments", sys.argv[1:], flush=True)
for path in sys.argv[1:]:
    if os.path.isfile(path):
        print("content", pathlib.Path(path).read_text(), flush=True)
if path := os.environ.get("RESULT_PATH"):
    pathlib.Path(path).write_text(json.dumps({"rows": 3}))
if path := os.environ.get("STARTED_PATH"):
    pathlib.Path(path).write_text(str(os.getpid()))
time.sleep(float(os.environ.get("SECONDS", "0")))
sys.exit(int(os.environ.get("EXIT_CODE", "0")))
"""
IMAGE = "europe-docker.pkg.dev/acme/pedwatch/collector:1.0"
IMAGES = {
    "*/collector:*": {"entrypoint": ["python", "-c", PROGRAM], "env": {"CLUSTER": "from-image"}},
    "*/shell:*": {"entrypoint": ["/bin/sh", "-c"]},
}


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An images.json."""
    path = tmp_path_factory.mktemp("images") / "images.json"
    path.write_text(json.dumps(IMAGES))
    return path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[Server]:
    """A running server."""
    flags = ("--cluster", "composer", "--images", str(images), "--project", "acme", "--may-impersonate", "collector")
    running = start_server(tmp_path_factory.mktemp("kube"), *flags)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def add_cluster(server: Server, _numbers: Iterator[int]) -> Callable[[], Cluster]:
    """Adds a fresh cluster to the server."""

    def add() -> Cluster:
        name = f"eu-{next(_numbers)}"
        server.control.add_cluster(name)
        return server.cluster(name)

    return add


@pytest.fixture
def cluster(add_cluster: Callable[[], Cluster]) -> Cluster:
    """A fresh cluster."""
    return add_cluster()
