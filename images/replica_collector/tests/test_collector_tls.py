"""Certificates: the right one, none, another's, and the client's own."""

import base64
import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from collector_api_server import DEPLOYMENTS, deployment, serving
from collector_harness import Collect
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from test_collector_credentials import kubeconfig

from replica_collector.clusters import Cluster


@dataclass
class Issued:
    certificate: Path
    key: Path

    @property
    def pem(self) -> str:
        return self.certificate.read_text()


class Authority:
    """A certificate authority for the length of a test."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._write(name, self._key, self._sign(self._name, self._key, x509.BasicConstraints(True, None)))

    def issue(self, name: str, *extensions: x509.ExtensionType) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        return self._write(name, key, self._sign(subject, key, *extensions))

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, isinstance(extension, x509.BasicConstraints))
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Issued:
        issued = Issued(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        issued.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        issued.key.write_bytes(private)
        return issued


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "our-ca")


def server_tls(authority: Authority, *names: x509.GeneralName) -> ssl.SSLContext:
    own = authority.issue("server", x509.SubjectAlternativeName(names))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    return context


LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


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
    collect: Collect, authority: Authority, tmp_path: Path, ca: str, error_class: str | None
) -> None:
    cas = {
        "file": {"ca_file": str(authority.root.certificate)},
        "data": {"ca_data": base64.b64encode(authority.root.pem.encode()).decode()},
        "none": {},
        "other": {"ca_file": str(Authority(tmp_path, "other-ca").root.certificate)},
    }
    with serving(server_tls(authority, LOOPBACK)) as server:
        server.items[DEPLOYMENTS] = [deployment("d")]
        told = collect(Cluster("eu-1", "prod", endpoint=f"127.0.0.1:{server.port}", auth="none", **cas[ca])).manifest
    assert told["error_class"] == error_class
    assert told["retries"] == 0, "a wrong certificate is an answer, not weather"


def test_a_certificate_for_another_name(collect: Collect, authority: Authority) -> None:
    with serving(server_tls(authority, x509.DNSName("elsewhere.example"))) as server:
        entry = Cluster("eu-1", "prod", endpoint=server.url, auth="none", ca_file=str(authority.root.certificate))
        assert collect(entry).manifest["error_class"] == "tls"


def test_plain_http_behind_https(collect: Collect) -> None:
    with serving() as server:
        told = collect(Cluster("eu-1", "prod", endpoint=f"https://127.0.0.1:{server.port}", auth="none")).manifest
    assert told["error_class"] == "tls"


@pytest.mark.parametrize("form", ["files", "data"])
def test_a_kubeconfigs_client_certificate_and_server_name(
    collect: Collect, authority: Authority, tmp_path: Path, form: str
) -> None:
    own = authority.issue("robot")

    def encoded(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    user = (
        {"client-certificate": own.certificate.name, "client-key": own.key.name}
        if form == "files"
        else {"client-certificate-data": encoded(own.certificate), "client-key-data": encoded(own.key)}
    )
    tls = server_tls(authority, x509.DNSName("kubernetes.default"))
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(authority.root.certificate)
    with serving(tls) as server:
        entry = kubeconfig(
            tmp_path,
            server.url,
            user,
            **{"certificate-authority": "our-ca.pem", "tls-server-name": "kubernetes.default"},
        )
        assert collect(entry).manifest["status"] == "complete"
    assert not list(Path(tmp_path).glob("replica-collector-*"))
