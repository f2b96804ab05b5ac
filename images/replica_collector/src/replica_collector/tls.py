"""TLS contexts from the certificates a cluster's entry or kubeconfig names."""

import base64
import functools
import os
import ssl
import tempfile
from pathlib import Path

from msgspec import Struct

from replica_collector.errors import Misconfigured


class Material(Struct, frozen=True):
    """PEM texts; without a CA the system's are trusted, as GKE's DNS endpoints need."""

    ca: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    server_name: str | None = None

    def context(self) -> ssl.SSLContext:
        """A verifying client context."""
        if self.ca is None and self.client_certificate is None:
            return system_context()
        try:
            context = ssl.create_default_context(cadata=self.ca)
            if self.ca:
                # Strict since Python 3.13; the CAs that clusters make for themselves often lack an extension it wants.
                context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            if self.client_certificate and self.client_key:
                _load_client_certificate(context, f"{self.client_certificate}\n{self.client_key}")
        except (ssl.SSLError, ValueError, TypeError):
            raise Misconfigured("a certificate or key is not valid PEM, or they do not match") from None
        return context


@functools.cache
def system_context() -> ssl.SSLContext:
    """Trust the system's CAs; one for all servers, since it takes a megabyte."""
    return ssl.create_default_context()


def _load_client_certificate(context: ssl.SSLContext, pem: str) -> None:
    # OpenSSL's chain loader only takes a file; it exists, readable by this user alone, for as long as the call.
    handle, path = tempfile.mkstemp(prefix="replica-collector-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(pem)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)


def decode_pem(data: str) -> str:
    """PEM text, given as such or in base64."""
    if "-----BEGIN" in data:
        return data
    try:
        return _checked(base64.b64decode("".join(data.split()), validate=True).decode("ascii"))
    except ValueError:  # no base64, or not of text
        return _checked("")


def read_pem(path: Path) -> str:
    """The text of a certificate or key file."""
    try:
        return _checked(path.read_text("ascii"))
    except (OSError, ValueError):  # not there, no text, or no path at all
        raise Misconfigured(f"cannot read the certificate file {str(path)!r}") from None


def _checked(text: str) -> str:
    # An empty CA would not be an error to ssl: it would silently trust the system's CAs instead.
    if "-----BEGIN" not in text:
        raise Misconfigured("certificate data is neither PEM nor base64 of PEM")
    return text
