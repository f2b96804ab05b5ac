"""Certificates: the right one, none, another's, and the client's own."""

import base64
import ssl
from pathlib import Path

import pytest
from collector_api_server import ApiServer, authority, serving
from collector_harness import Collect
from sandbox.kubernetes.authority import Authority
from test_collector_credentials import kubeconfig

from replica_collector.clusters import Cluster


def signed(made: Authority, *hosts: str) -> ssl.SSLContext:
    return made.issue("server", *hosts).server_context()


@pytest.fixture
def other(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "other-ca")


@pytest.mark.parametrize(
    ("ca", "error_class"),
    [
        pytest.param("file", None, id="ca-file"),
        pytest.param("data", None, id="ca-data"),
        pytest.param("none", "tls", id="the-systems-cas-do-not-know-it"),
        pytest.param("other", "tls", id="another-ca"),
    ],
)
def test_a_certificate(
    api: ApiServer, collect: Collect, other: Authority, tmp_path: Path, ca: str, error_class: str | None
) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(authority().pem)
    cas = {
        "file": {"ca_file": str(file)},
        "data": {"ca_data": authority().data},
        "none": {},
        "other": {"ca_data": other.data},
    }
    entry = Cluster("eu-1", "prod", endpoint=f"127.0.0.1:{api.port}", auth="none", **cas[ca])
    told = collect(entry).manifest
    assert told["error_class"] == error_class
    assert told["retries"] == 0, "a wrong certificate is an answer, not weather"


def test_a_certificate_for_another_name(collect: Collect, other: Authority) -> None:
    with serving(signed(other, "elsewhere.example")) as server:
        assert collect(server.cluster(ca_data=other.data)).manifest["error_class"] == "tls"


def test_plain_http_behind_https(collect: Collect) -> None:
    with serving() as server:
        told = collect(Cluster("eu-1", "prod", endpoint=f"https://127.0.0.1:{server.port}", auth="none")).manifest
    assert told["error_class"] == "tls"


@pytest.mark.parametrize("form", ["files", "data"])
def test_a_kubeconfigs_client_certificate_and_server_name(
    collect: Collect, other: Authority, tmp_path: Path, form: str
) -> None:
    own = other.issue("robot")

    def encoded(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    user = (
        {"client-certificate": own.certificate.name, "client-key": own.key.name}
        if form == "files"
        else {"client-certificate-data": encoded(own.certificate), "client-key-data": encoded(own.key)}
    )
    (tmp_path / "our-ca.pem").write_text(other.pem)
    tls = signed(other, "kubernetes.default")
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(cadata=other.pem)
    with serving(tls) as server:
        entry = kubeconfig(
            tmp_path,
            server.url,
            user,
            **{
                "certificate-authority": "our-ca.pem",
                "certificate-authority-data": None,
                "tls-server-name": "kubernetes.default",
            },
        )
        assert collect(entry).manifest["status"] == "complete"
    assert not list(Path(tmp_path).glob("replica-collector-*"))
