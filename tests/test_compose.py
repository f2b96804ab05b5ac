"""docker-compose.yaml without a Docker engine: all it names is there, and its stand-ins' commands really run."""

import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.compose.prepare import main as prepare_again
from pedwatch.cli import main as pedwatch

ROOT = Path(__file__).resolve().parents[1]
STAND_INS = ("storage", "bigquery", "firestore", "kubernetes", "slack")
AIRFLOW = ("api-server", "dag-processor", "scheduler", "triggerer", "migrate", "pool", "tables")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file, anchors and merges resolved."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
    return document


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found


def command(service: dict[str, Any]) -> list[str]:
    return [str(word) for word in service["command"]]


def test_it_is_all_there(services: dict[str, Any]) -> None:
    assert set(services) == {*STAND_INS, *AIRFLOW, "network", "postgres", "collector", "prepare"}


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not installed")
def test_docker_compose_parses_it() -> None:
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker is there without its compose plug-in")
    done = subprocess.run(["docker", "compose", "config", "-q"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_build_context_and_file_exists(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if build := service.get("build"):
            assert (ROOT / build["context"] / build["dockerfile"]).exists() or (ROOT / build["dockerfile"]).exists(), (
                f"{name}: no {build['dockerfile']}"
            )


def test_every_mounted_path_exists_and_is_read_only(compose: dict[str, Any], services: dict[str, Any]) -> None:
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source, target, *mode = volume.split(":")
            if source.startswith("."):
                assert (ROOT / source).exists(), f"{name} mounts {source}"
                assert mode == ["ro"], f"{name} could write to the checkout at {target}"
            else:
                assert source in compose["volumes"], f"{name} mounts the volume {source}, which is not declared"


def copied(dockerfile: Path) -> Iterator[str]:
    """What a Dockerfile takes from its context."""
    for line in dockerfile.read_text().splitlines():
        if line.startswith("COPY ") and "--from=" not in line:
            yield from line.split()[1:-1]


@pytest.mark.parametrize("name", ["airflow.Dockerfile", "sandbox.Dockerfile"])
def test_what_a_dockerfile_copies_is_there_and_not_ignored(name: str) -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    sources = list(copied(ROOT / "deploy" / "compose" / name))
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), f"COPY {source}"
        assert any(source == entry or source.startswith(f"{entry}/") for entry in allowed), f"{source} is ignored"


def test_images_are_named_with_a_version(services: dict[str, Any]) -> None:
    for name, service in services.items():
        tag = service["image"].rpartition(":")[2]
        assert re.match(r"\d", tag), f"{name}: {service['image']}"
    for dockerfile in (ROOT / "deploy" / "compose").glob("*.Dockerfile"):
        assert ":latest" not in dockerfile.read_text()
        assert re.search(r"^ARG PYTHON=python:3\.11-", dockerfile.read_text(), re.MULTILINE), "Composer has 3.11"


def test_only_loopback_is_published(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert sorted(published) == ["127.0.0.1:8080:8081", "127.0.0.1:8090:8091"]
    for name, service in services.items():
        if name not in ("network", "collector"):
            assert service["network_mode"] == "service:network", f"{name} cannot reach the stand-ins' loopback"


def test_passwords_are_the_sandboxs_only() -> None:
    text = (ROOT / "docker-compose.yaml").read_text()
    for value in re.findall(r"(?:PASSWORD|SECRET\w*|\"password\"|--token\",)\S*\s+\"?([\w-]+)", text):
        assert "sandbox" in value, f"{value} looks like a secret"


def test_airflow_lies_at_composers_paths(services: dict[str, Any]) -> None:
    for name in AIRFLOW:
        targets = {volume.split(":")[0]: volume.split(":")[1] for volume in services[name]["volumes"]}
        assert targets["./dags"] == "/home/airflow/gcs/dags"
        assert targets["./plugins"] == "/home/airflow/gcs/plugins"
        assert targets["./include"] == "/home/airflow/gcs/include"
    dockerfile = (ROOT / "deploy" / "compose" / "airflow.Dockerfile").read_text()
    assert "AIRFLOW__CORE__DAGS_FOLDER=/home/airflow/gcs/dags" in dockerfile
    assert "--no-install-project" in dockerfile, "on Composer the package is in plugins/, nowhere else"


def test_every_module_that_is_started_exists(services: dict[str, Any]) -> None:
    for name, service in services.items():
        words = command(service)
        if words[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(words[2]), f"{name} starts {words[2]}"


def test_airflows_commands_exist(services: dict[str, Any]) -> None:
    lines = [command(services[name]) for name in AIRFLOW]
    script = (
        "from airflow.cli import cli_parser\n"
        f"for words in {lines!r}: print(cli_parser.get_parser().parse_args(words).func)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-1000:]


def test_every_variable_of_the_configurations_is_set(services: dict[str, Any]) -> None:
    from pedwatch import settings

    for path in (ROOT / "include" / "config" / "pedwatch.yaml", ROOT / "deploy" / "compose" / "pedwatch.yaml"):
        code = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
        # Endpoints belong to the clusters of one deployment.
        needed = {name for name in re.findall(r"\$\{(\w+)", code) if not name.endswith("_ENDPOINT")}
        for name in (*AIRFLOW, "prepare"):
            assert needed <= set(services[name]["environment"]), f"{name} lacks {needed}"
    text = (ROOT / "deploy" / "compose" / "pedwatch.yaml").read_text()
    config = settings.parse_config(text, services["scheduler"]["environment"])
    assert {config.bucket, config.evidence_heads.bucket} <= set(command(services["storage"]))
    images = json.loads((ROOT / "deploy" / "compose" / "images.json").read_text())
    assert config.collector.image in images
    assert config.collector.image == services["collector"]["image"]
    clusters = json.loads((ROOT / "deploy" / "compose" / "clusters.json").read_text())["clusters"]
    assert {cluster.name for cluster in config.clusters} == set(clusters)
    channels = {word.partition("=")[0] for word in command(services["slack"])}
    assert {config.slack.platform_channel, *(route.channel for route in config.slack.teams.values())} <= channels


def test_clients_are_told_where_the_stand_ins_listen(services: dict[str, Any]) -> None:
    environment = services["scheduler"]["environment"]

    def port(name: str) -> str:
        words = command(services[name])
        return words[words.index("--port") + 1]

    assert environment["BIGQUERY_EMULATOR_HOST"] == f"http://127.0.0.1:{port('bigquery')}"
    assert environment["STORAGE_EMULATOR_HOST"] == f"http://127.0.0.1:{port('storage')}"
    assert environment["FIRESTORE_EMULATOR_HOST"] == f"127.0.0.1:{port('firestore')}"
    slack = json.loads(environment["AIRFLOW_CONN_SLACK_PED"])
    assert slack["extra"]["base_url"] == f"http://127.0.0.1:{port('slack')}/api/"
    assert slack["password"] in command(services["slack"])
    kubernetes = json.loads(environment["AIRFLOW_CONN_KUBERNETES_DEFAULT"])
    kubeconfig = Path(kubernetes["extra"]["kube_config_path"])
    assert str(kubeconfig.parent) in command(services["kubernetes"])
    assert kubeconfig.stem in command(services["kubernetes"])
    assert json.loads(environment["AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT"])["extra"]["is_anonymous"] is True


@pytest.mark.parametrize("name", STAND_INS)
def test_each_waits_for_what_it_needs_and_says_when_it_is_ready(services: dict[str, Any], name: str) -> None:
    words = command(services[name])
    assert f"127.0.0.1/{words[words.index('--port') + 1]}" in " ".join(services[name]["healthcheck"]["test"])
    assert services["prepare"]["depends_on"][name] == {"condition": "service_healthy"}


def run_as_composed(services: dict[str, Any], name: str, folder: Path) -> subprocess.Popen[str]:
    """Start a stand-in with its command from the file, on a free port, with its volume in a folder."""
    words = [word.replace("/var/lib/sandbox", str(folder)) for word in command(services[name])]
    words[0] = sys.executable
    words[words.index("--port") + 1] = "0"
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_its_stand_ins_start_and_can_be_prepared_twice(
    services: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    processes = {name: run_as_composed(services, name, tmp_path) for name in ("firestore", "kubernetes", "bigquery")}
    try:
        ready = {name: (process.stdout.readline() if process.stdout else "") for name, process in processes.items()}
        assert all(line.startswith("ready ") for line in ready.values()), ready
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PEDWATCH_", "AIRFLOW"))},
            **services["prepare"]["environment"],
            "PEDWATCH_CONFIG": str(ROOT / "deploy" / "compose" / "pedwatch.yaml"),
            "FIRESTORE_EMULATOR_HOST": ready["firestore"].split()[1],
            "BIGQUERY_EMULATOR_HOST": ready["bigquery"].split()[1],  # publishing asks it what would have been told
            "SANDBOX_KUBE": str(tmp_path / "kube"),
        }
        prepare = [sys.executable, *command(services["prepare"])[1:]]
        done = subprocess.run(prepare, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150)
        assert done.returncode == 0, done.stderr[-1500:]
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert prepare_again() == 0
        capsys.readouterr()
        assert pedwatch(["limits", "get", "orders-api"]) == 0
        assert "12" in capsys.readouterr().out
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait(10)
            if process.stdout:
                process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_published_ports_are_passed_on() -> None:
    outer = free_port()
    with socket.create_server(("127.0.0.1", 0)) as inner:

        def answer() -> None:
            connection, _ = inner.accept()
            with connection:
                connection.sendall(connection.recv(100).upper())

        threading.Thread(target=answer, daemon=True).start()
        pair = f"{outer}={inner.getsockname()[1]}"
        process = subprocess.Popen([sys.executable, "-m", "deploy.compose.forward", pair], cwd=ROOT)
        try:
            connection = connect(outer)
            with connection:
                connection.sendall(b"hello")
                assert connection.recv(100) == b"HELLO"
                assert connection.recv(100) == b"", "the end is passed on, too"
        finally:
            process.terminate()
            process.wait(10)


def connect(port: int) -> socket.socket:
    """Connect once somebody listens."""
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            threading.Event().wait(0.05)
    raise AssertionError("nobody listens")
