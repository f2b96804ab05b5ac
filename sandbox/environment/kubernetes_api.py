"""One POST to a Kubernetes API with a kubeconfig's address, authority and token."""

import ssl
import urllib.request
from base64 import b64decode
from pathlib import Path

import yaml


def create(kubeconfig: Path, path: str, document: str) -> None:
    """Create an object.

    Raises:
        urllib.error.HTTPError: the API server refused.
    """
    config = yaml.safe_load(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    request = urllib.request.Request(
        cluster["server"] + path,
        data=document.encode(),
        headers={
            "Authorization": f"Bearer {config['users'][0]['user']['token']}",
            "Content-Type": "application/json",
        },
    )
    # Loopback is never behind a proxy, whatever the environment says.
    trusted = ssl.create_default_context(cadata=b64decode(cluster["certificate-authority-data"]).decode())
    tls = urllib.request.HTTPSHandler(context=trusted)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), tls)
    with opener.open(request, timeout=10):
        pass
