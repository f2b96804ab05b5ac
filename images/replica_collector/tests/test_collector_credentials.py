"""Tokens that rotate, expire or are refused, and tokens that must never show."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from collector_api_server import ApiServer, Exchange, authority
from collector_harness import Collect

from replica_collector.clusters import Cluster
from replica_collector.connection import emulator
from replica_collector.credentials import GoogleToken, StaticToken
from replica_collector.deadline import Deadline
from replica_collector.errors import Misconfigured, redact
from replica_collector.transport import Client

SECRET = "opaque-token-7f3a"


def only(*tokens: str) -> Any:
    """A server that knows these tokens."""
    return lambda exchange: None if exchange.token in tokens else exchange.status(401, "Unauthorized") or True


def kubeconfig(folder: Path, server: str, user: dict[str, Any], **cluster: Any) -> Cluster:
    path = folder / "kubeconfig.yaml"
    trusted = {"certificate-authority-data": authority().data}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "eu",
        "contexts": [
            {"name": "eu", "context": {"cluster": "eu-cluster", "user": "robot"}},
            {"name": "broken", "context": {"cluster": "nowhere", "user": "robot"}},
        ],
        "clusters": [{"name": "eu-cluster", "cluster": {"server": server, **trusted, **cluster}}],
        "users": [{"name": "robot", "user": user}],
    }
    path.write_text(yaml.safe_dump(content))
    return Cluster("eu-1", "prod", auth="kubeconfig", kubeconfig=str(path))


def test_a_token_file_is_read_again_after_it_was_rotated(api: ApiServer, collect: Collect, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old\n")

    def rotate(exchange: Exchange) -> bool | None:
        if exchange.count == 2:
            path.write_text("new\n")
        return only("old" if exchange.count < 2 else "new")(exchange)

    api.behaviour = rotate
    cluster = api.cluster(auth="token_file", token_file=str(path))
    collected = collect(cluster)
    assert collected.manifest["status"] == "complete"
    assert [exchange.token for exchange in api.exchanges][:3] == ["old", "old", "new"]


def test_an_expired_token_that_nobody_rotates_is_refused_once(api: ApiServer, collect: Collect, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SECRET)
    api.behaviour = only("another")
    cluster = api.cluster(auth="token_file", token_file=str(tmp_path / "token"))
    assert collect(cluster).manifest["error_class"] == "unauthenticated"
    assert len(api.exchanges) == 1


@pytest.mark.parametrize("content", [None, "", "caf\u00e9"])
def test_a_token_file_that_holds_none(api: ApiServer, collect: Collect, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    cluster = api.cluster(auth="token_file", token_file=str(tmp_path / "token"))
    assert collect(cluster).manifest["error_class"] == "unauthenticated"
    assert api.exchanges == []


@pytest.mark.parametrize("path_prefix", ["", "/clusters/eu-prod-1"])
def test_a_kubeconfigs_token_and_path_prefix(
    api: ApiServer, collect: Collect, tmp_path: Path, path_prefix: str
) -> None:
    def strip(exchange: Exchange) -> bool | None:
        assert exchange.path.startswith(path_prefix)
        exchange.path = exchange.path.removeprefix(path_prefix)
        return only(SECRET)(exchange)

    api.behaviour = strip
    collected = collect(kubeconfig(tmp_path, api.url + path_prefix, {"token": SECRET}))
    assert collected.manifest["status"] == "complete"


def test_a_kubeconfigs_token_file_is_relative_to_it(api: ApiServer, collect: Collect, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SECRET)
    api.behaviour = only(SECRET)
    assert collect(kubeconfig(tmp_path, api.url, {"tokenFile": "token"})).manifest["status"] == "complete"


@pytest.mark.parametrize(
    ("user", "cluster", "message"),
    [
        pytest.param({"exec": {"command": "gke-gcloud-auth-plugin"}}, {}, "exec credential plugins", id="exec"),
        pytest.param({"auth-provider": {"name": "gcp"}}, {}, "auth-provider", id="auth-provider"),
        pytest.param({"username": "u", "password": "p"}, {}, "user names and passwords", id="password"),
        pytest.param({"token": SECRET}, {"insecure-skip-tls-verify": True}, "insecure", id="insecure"),
        pytest.param({"token": SECRET}, {"proxy-url": "http://p:1"}, "proxy-url", id="proxy"),
        pytest.param({"token": [SECRET]}, {}, "not usable", id="wrong-type"),
    ],
)
def test_what_a_kubeconfig_may_not_ask_for(
    api: ApiServer, collect: Collect, tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any], message: str
) -> None:
    told = collect(kubeconfig(tmp_path, api.url, user, **cluster)).manifest
    assert (told["status"], told["error_class"]) == ("failed", "misconfigured")
    assert message in told["error_message"] and SECRET not in told["error_message"]
    assert api.exchanges == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"context": "nope"}, "no context 'nope'", id="context"),
        pytest.param({"context": "broken"}, "no cluster 'nowhere'", id="cluster"),
        pytest.param({"kubeconfig": "/nowhere/config"}, "cannot read", id="file"),
        pytest.param({"kubeconfig": None}, "needs the path", id="no-path"),
        pytest.param({"ca_data": "!"}, "PEM", id="ca-data"),
        pytest.param({"ca_file": os.devnull}, "PEM", id="an-empty-ca-file-is-not-the-systems-cas"),
    ],
)
def test_a_kubeconfig_that_does_not_fit(
    collect: Collect, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    import msgspec

    cluster = msgspec.structs.replace(kubeconfig(tmp_path, "https://127.0.0.1:1", {}), **changes)
    told = collect(cluster).manifest
    assert told["error_class"] == "misconfigured" and message in told["error_message"]


def test_a_kubeconfig_that_is_no_yaml_is_not_quoted(collect: Collect, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(f"users: [{{token: {SECRET}\n")
    told = collect(Cluster("eu-1", "prod", auth="kubeconfig", kubeconfig=str(path))).manifest
    assert told["error_class"] == "misconfigured" and SECRET not in json.dumps(told)


@pytest.mark.parametrize("host", ["203.0.113.7", "127.0.0.1", "localhost", "[::1]"])
def test_a_token_is_never_sent_in_the_clear(collect: Collect, tmp_path: Path, host: str) -> None:
    told = collect(kubeconfig(tmp_path, f"http://{host}", {"token": SECRET})).manifest
    assert told["error_class"] == "misconfigured" and "https" in told["error_message"]


def test_an_emulator_is_sent_no_token() -> None:
    client = Client(emulator("http://127.0.0.1:1"), StaticToken(SECRET), Deadline(5))
    with pytest.raises(Misconfigured, match="only sent over https"):
        client.request("GET", "/")


@pytest.mark.parametrize("token", [SECRET, "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "ya29.a0Af_x-1"])
def test_a_token_the_server_echoes_is_not_kept(
    api: ApiServer, collect: Collect, tmp_path: Path, capfd: pytest.CaptureFixture[str], token: str
) -> None:
    api.behaviour = lambda e: e.status(403, "Forbidden", f"no access with {e.token} ({'x' * 600})") or True
    told = collect(kubeconfig(tmp_path, api.url, {"token": token})).manifest
    assert "[redacted]" in told["error_message"] and len(told["error_message"]) == 500
    assert token not in json.dumps(told) and token not in capfd.readouterr().err


def test_redaction_by_shape() -> None:
    assert redact("sent Authorization: Bearer abc.def, got 401") == "sent Authorization: [redacted], got 401"
    assert redact("the bucket is gs://replicas") == "the bucket is gs://replicas"


def test_the_metadata_servers_token_serves_all_clusters(api: ApiServer, collect: Collect, metadata: Any) -> None:
    api.behaviour = only("ya29.1")
    entries = [api.cluster(name, auth="google") for name in ("eu-1", "eu-2", "eu-3")]
    collected = collect(*entries, google=GoogleToken())
    assert [told["status"] for told in collected.manifests.values()] == ["complete"] * 3
    assert metadata.given == 1
    assert metadata.scopes == {
        "https://www.googleapis.com/auth/" + name for name in ("cloud-platform", "userinfo.email")
    }


def test_a_google_token_the_server_rejects_is_renewed_once(api: ApiServer, collect: Collect, metadata: Any) -> None:
    api.behaviour = only("ya29.2")
    assert collect(api.cluster(auth="google"), google=GoogleToken()).manifest["status"] == "complete"
    assert metadata.given == 2


def test_google_without_credentials_is_unauthenticated(
    api: ApiServer, collect: Collect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nowhere.json"))
    told = collect(api.cluster(auth="google"), google=GoogleToken()).manifest
    assert (told["error_class"], told["status"]) == ("unauthenticated", "failed")
