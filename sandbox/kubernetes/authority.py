"""A certificate authority of this machine's own: each GKE cluster has one, which masterAuth and kubeconfigs carry."""

import base64
import datetime as dt
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

VALID = dt.timedelta(days=365)
# So that clocks which differ a little do not matter.
_BEFORE = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, as PEM files that only their owner can read."""

    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """Return what a server needs to be known by it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """An authority that lives as long as this object: its own key is never written down.

    Args:
        folder: where certificates and keys are written, ``NAME.pem`` and ``NAME.key``.
        name: what the authority is called.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Make a key, and sign its certificate with itself."""
        self._folder, self._name = folder, _common_name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        signed = self._sign(self._name, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=None), usage)
        self.pem = signed.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def data(self) -> str:
        """The certificate as base64 of PEM: what masterAuth and kubeconfigs hold."""
        return base64.b64encode(self.pem.encode()).decode()

    def issue(self, name: str, *hosts: str) -> Issued:
        """Make a certificate for the addresses and names of a server; for none of them, that of a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        extensions = [x509.SubjectAlternativeName([_general_name(host) for host in hosts])] if hosts else []
        signed = self._sign(_common_name(name), key.public_key(), *extensions)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Issued(
            _write(self._folder / f"{name}.pem", signed.public_bytes(serialization.Encoding.PEM).decode()),
            _write(self._folder / f"{name}.key", private.decode()),
        )

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *extensions: x509.ExtensionType
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        own = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BEFORE)
            .not_valid_after(now + VALID)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )
        for extension in extensions:
            is_critical = isinstance(extension, (x509.BasicConstraints, x509.KeyUsage))
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(self._key, hashes.SHA256())


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, text: str) -> Path:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path
