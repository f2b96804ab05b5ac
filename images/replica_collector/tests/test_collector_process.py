"""The real process: its signals, its exit status, its environment."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from collector_api_server import ApiServer, Exchange, authority
from collector_harness import MANIFEST, Collected

CYCLE = "2026-01-01T12:05:00+02:00"


def clusters(*urls: str) -> str:
    common = {"environment": "prod", "auth": "none", "ca_data": authority().data}
    return json.dumps([{"name": f"eu-{number}", "endpoint": url, **common} for number, url in enumerate(urls, 1)])


def start(*arguments: str, **variables: str) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REPLICA_COLLECTOR_")}
    return subprocess.Popen(
        [sys.executable, "-m", "replica_collector", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment, **variables},
    )


def run(*arguments: str, **variables: str) -> tuple[int, str, str]:
    process = start(*arguments, **variables)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_everything_from_the_environment(api: ApiServer, tmp_path: Path) -> None:
    status, out, err = run(
        REPLICA_COLLECTOR_CLUSTERS_JSON=clusters(api.url, "https://127.0.0.1:1", api.url),
        REPLICA_COLLECTOR_CLUSTER="eu-1,eu-3",
        REPLICA_COLLECTOR_CYCLE=CYCLE,
        REPLICA_COLLECTOR_OUTPUT=tmp_path.as_uri(),
        REPLICA_COLLECTOR_NAMESPACES="shop,shop",
        REPLICA_COLLECTOR_PAGE_SIZE="5",
        REPLICA_COLLECTOR_NO_GZIP="true",
        TMPDIR=str(tmp_path),
    )
    assert (status, out) == (0, "")
    collected = Collected(tmp_path)
    assert {name: told["status"] for name, told in collected.manifests.items()} == {
        "eu-1": "complete",
        "eu-3": "complete",
    }
    assert collected.manifests["eu-1"]["cycle"] == "2026-01-01T10:05:00Z"
    assert len(collected.rows) == 2 * 37
    lines = [json.loads(line) for line in err.splitlines()]
    assert sorted((line["severity"], line["cluster"], line["status"]) for line in lines) == [
        ("INFO", "eu-1", "complete"),
        ("INFO", "eu-3", "complete"),
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"obs", "manifests"}


def test_a_flag_wins_over_its_variable(api: ApiServer, tmp_path: Path) -> None:
    (tmp_path / "clusters.yaml").write_text(f"# a list\n- {clusters(api.url)[1:-1]}\n")
    arguments = ["--clusters-file", str(tmp_path / "clusters.yaml"), "--cycle", CYCLE, "--page-size", "30", "--dry-run"]
    status, out, _ = run(*arguments, REPLICA_COLLECTOR_PAGE_SIZE="7")
    assert status == 0
    assert {exchange.query["limit"] for exchange in api.exchanges} == {"30"}
    told = json.loads(out)
    MANIFEST.validate(told)
    assert (told["status"], told["evidence_object"], told["row_count"]) == ("complete", None, 37)
    assert {path.name for path in tmp_path.iterdir()} == {"clusters.yaml"}, "a dry run writes nothing"


GOOD = {"--clusters-json": clusters("https://127.0.0.1:1"), "--cycle": CYCLE, "--output": "file:///tmp/never"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"--cycle": None}, "--cycle is required", id="no-cycle"),
        pytest.param({"--cycle": "2026-01-01T10:05:00"}, "with a zone", id="a-cycle-without-a-zone"),
        pytest.param({"--output": None}, "--output is required", id="no-output"),
        pytest.param({"--output": "/tmp/x"}, "gs://bucket", id="a-path-for-an-output"),
        pytest.param({"--output": "s3://x"}, "gs://bucket", id="another-cloud"),
        pytest.param({"--clusters-json": None}, "--clusters-file", id="no-clusters"),
        pytest.param({"--clusters-json": "[]"}, "no cluster", id="an-empty-list"),
        pytest.param({"--clusters-json": "{"}, "not YAML", id="not-yaml"),
        pytest.param({"--clusters-json": '[{"name": "a.b", "environment": "p"}]'}, "not valid", id="a-dotted-name"),
        pytest.param({"--clusters-json": '[{"name": "a", "enviroment": "p"}]'}, "not valid", id="a-misspelt-field"),
        pytest.param({"--cluster": "us-1"}, "us-1", id="an-unknown-cluster"),
        pytest.param({"--page-size": "0"}, "--page-size", id="no-page-size"),
        pytest.param({"--budget-seconds": "nan"}, "--budget-seconds", id="not-a-number"),
        pytest.param({"--attempt": "a/b"}, "--attempt", id="an-attempt-with-a-slash"),
        pytest.param({"--namespaces": "A/../b"}, "--namespaces", id="a-path-for-a-namespace"),
        pytest.param({"--label-api-id": "team_id"}, "a label key twice", id="one-label-for-both"),
        pytest.param({"--label-also": "tier,api_id"}, "a label key twice", id="a-further-label-that-is-stored-already"),
        pytest.param({"--label-also": "tier,a b"}, "not a label key: 'a b'", id="no-label-key"),
    ],
)
def test_a_wrong_command_line_is_status_2(
    changes: dict[str, str | None], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from replica_collector.config import from_args

    arguments = [part for pair in {**GOOD, **changes}.items() if pair[1] is not None for part in pair]
    with pytest.raises(SystemExit) as stopped:
        from_args(arguments, {})
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_help_teaches() -> None:
    status, out, _ = run("--help")
    assert status == 0
    assert "examples:" in out and "exit status:" in out and "REPLICA_COLLECTOR_PAGE_SIZE" in out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_in_the_middle_of_a_page(api: ApiServer, tmp_path: Path, number: signal.Signals) -> None:
    """Page 2 never ends; the pod is stopped; every cluster, begun or not, has an outcome before the grace is over."""
    in_the_page = threading.Event()

    def stall(exchange: Exchange) -> bool | None:
        if "continue" not in exchange.query:
            return None
        exchange.handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{"kind": ')
        in_the_page.set()
        api.released.wait(30)
        return True

    api.behaviour = stall
    process = start(
        *("--clusters-json", clusters(api.url, api.url), "--parallel", "1", "--page-size", "10"),
        *("--cycle", CYCLE, "--output", tmp_path.as_uri()),
    )
    assert in_the_page.wait(20)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 4, err
    collected = Collected(tmp_path)
    assert {name: (told["status"], told["error_class"]) for name, told in collected.manifests.items()} == {
        "eu-1": ("failed", "cancelled"),
        "eu-2": ("failed", "cancelled"),
    }
    assert collected.data_files == []


def test_a_hanging_cluster_does_not_keep_the_process(api: ApiServer, tmp_path: Path) -> None:
    api.behaviour = lambda exchange: api.released.wait(30) or True
    arguments: list[Any] = ["--clusters-json", clusters(api.url), "--cycle", CYCLE, "--output", tmp_path.as_uri()]
    status, _, _ = run(*arguments, "--budget-seconds", "0.5")
    assert (status, Collected(tmp_path).manifest["error_class"]) == (0, "timeout")
