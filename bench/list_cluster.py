"""What the collector is compared with: ``python bench/list_cluster.py read|gunzip|typed FOLDER CLUSTER``.

``read`` and ``gunzip`` fetch every page with a limit of 500 over one connection and decode nothing, plain or with the
transfer compressed; ``typed`` is the official client as its documentation shows it.
"""

import http.client
import re
import ssl
import sys
import zlib
from pathlib import Path
from urllib.parse import quote, urlsplit

PATHS = (
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/statefulsets",
    "/apis/argoproj.io/v1alpha1/rollouts",
    "/apis/autoscaling/v2/horizontalpodautoscalers",
)
_CONTINUE = re.compile(rb'"continue"\s*:\s*"([^"]+)"')


def _connection(server: str, ca: Path) -> http.client.HTTPConnection:
    parts = urlsplit(server)
    if parts.scheme == "http":  # a base may be older than the stand-in's certificates
        return http.client.HTTPConnection(parts.hostname or "", parts.port)
    return http.client.HTTPSConnection(parts.hostname or "", parts.port, context=ssl.create_default_context(cafile=ca))


def read(server: str, token: str, ca: Path, is_gzip: bool) -> None:
    """Fetch all pages and look at nothing but where the next one begins."""
    connection, prefix = _connection(server, ca), urlsplit(server).path
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip" if is_gzip else "identity"}
    for path in PATHS:
        start = ""
        while True:
            connection.request("GET", f"{prefix}{path}?limit=500{start}", headers=headers)
            body = connection.getresponse().read()
            if is_gzip:
                body = zlib.decompress(body, 31)
            # The list's own metadata stands in front of its items or behind them.
            found = _CONTINUE.search(body, 0, 2000) or _CONTINUE.search(body, max(0, len(body) - 2000))
            if not found:
                break
            start = f"&continue={quote(found[1])}"


def typed(kubeconfig: Path) -> None:
    """List the kinds that the official client has types for: all but Rollouts."""
    from kubernetes import client, config

    api = config.new_client_from_config(str(kubeconfig))
    for listing in (
        client.AppsV1Api(api).list_deployment_for_all_namespaces,
        client.AppsV1Api(api).list_stateful_set_for_all_namespaces,
        client.AutoscalingV2Api(api).list_horizontal_pod_autoscaler_for_all_namespaces,
    ):
        start = None
        while True:
            page = listing(limit=500, _continue=start)
            for item in page.items:
                assert item.metadata.name
            start = page.metadata._continue
            if not start:
                break


def main() -> None:
    """Do one of them."""
    what, folder, cluster = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if what == "typed":
        typed(folder / f"{cluster}.yaml")
        return
    server, token = (folder / f"{cluster}.access").read_text().split()
    read(server, token, folder / "ca.pem", what == "gunzip")


if __name__ == "__main__":
    main()
