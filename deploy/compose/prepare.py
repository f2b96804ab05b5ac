"""What is done once before Airflow starts in containers: the pods' kubeconfig, the PED limits. May run again."""

import base64
import json
import os
import sys
import urllib.error
from http import HTTPStatus
from pathlib import Path

from pedwatch.cli import main as pedwatch
from sandbox.environment.kubernetes_api import create

NAMESPACE, SECRET = "composer-user-workloads", "target-clusters"
LIMITS = Path(__file__).with_name("limits")


def create_secret(folder: Path) -> None:
    """Give the collector's pods the target clusters' kubeconfig, as ``kubectl create secret generic`` would."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": NAMESPACE},
        "data": {"config": base64.b64encode((folder / "all.yaml").read_bytes()).decode()},
    }
    try:
        create(folder / "composer.yaml", f"/api/v1/namespaces/{NAMESPACE}/secrets", json.dumps(secret))
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.CONFLICT:
            raise


def main() -> int:
    """Prepare everything; the exit status is that of publishing."""
    create_secret(Path(os.environ.get("SANDBOX_KUBE", "/var/lib/sandbox/kube")))
    return pedwatch(["limits", "publish", "--apply", str(LIMITS), "--source-repo", "compose", "--source-commit", "0"])


if __name__ == "__main__":
    sys.exit(main())
