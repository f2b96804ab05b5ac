"""One POST to a Kubernetes API with a kubeconfig's address and token."""

import urllib.request
from pathlib import Path

import yaml


def create(kubeconfig: Path, path: str, document: str) -> None:
    """Create an object.

    Raises:
        urllib.error.HTTPError: the API server refused.
    """
    config = yaml.safe_load(kubeconfig.read_text())
    request = urllib.request.Request(
        config["clusters"][0]["cluster"]["server"] + path,
        data=document.encode(),
        headers={
            "Authorization": f"Bearer {config['users'][0]['user']['token']}",
            "Content-Type": "application/json",
        },
    )
    # Loopback is never behind a proxy, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10):
        pass
