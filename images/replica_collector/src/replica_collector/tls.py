"""TLS contexts from the certificates a cluster's entry or kubeconfig names."""

import os
import ssl
import tempfile

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
        try:
            context = ssl.create_default_context(cadata=self.ca)
            if self.client_certificate and self.client_key:
                _load_client_certificate(context, f"{self.client_certificate}\n{self.client_key}")
        except (ssl.SSLError, ValueError):
            raise Misconfigured("a certificate or key is not valid PEM, or they do not match") from None
        return context


def _load_client_certificate(context: ssl.SSLContext, pem: str) -> None:
    # OpenSSL's chain loader only takes a file; it exists, readable by this user alone, for as long as the call.
    handle, path = tempfile.mkstemp(prefix="replica-collector-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(pem)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
