"""A Kubernetes API server that lists what it is given and misbehaves on request."""

import functools
import gzip
import http.server
import json
import tempfile
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.kubernetes.authority import Authority

from replica_collector.clusters import Cluster

DEPLOYMENTS = "/apis/apps/v1/deployments"
STATEFUL_SETS = "/apis/apps/v1/statefulsets"
ROLLOUTS = "/apis/argoproj.io/v1alpha1/rollouts"
HPAS = "/apis/autoscaling/v2/horizontalpodautoscalers"
LIST_KINDS = {
    DEPLOYMENTS: "DeploymentList",
    STATEFUL_SETS: "StatefulSetList",
    ROLLOUTS: "RolloutList",
    HPAS: "HorizontalPodAutoscalerList",
}


def deployment(name: str, namespace: str = "shop", **changes: Any) -> dict[str, Any]:
    """A Deployment with noise around the fields that are read."""
    base = {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{name}",
            "generation": 3,
            "creationTimestamp": "2025-06-01T08:00:00Z",
            "labels": {"api_id": f"api-{name}", "team_id": "team-a", "cost-center": "42"},
            "managedFields": [{"manager": "helm", "fieldsV1": {"f:spec": {"f:replicas": {}}}}],
        },
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": {"spec": {"containers": [{"name": "c", "image": "i" * 400}]}},
        },
        "status": {
            "observedGeneration": 3,
            "replicas": 4,
            "updatedReplicas": 2,
            "readyReplicas": 3,
            "availableReplicas": 3,
            "unavailableReplicas": 1,
        },
    }
    return _changed(base, changes)


def hpa(name: str, namespace: str = "shop", **changes: Any) -> dict[str, Any]:
    """An HPA."""
    base = {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-hpa-{name}",
            "creationTimestamp": "2025-06-01T08:00:01Z",
            "labels": {"api_id": f"api-{name}", "team_id": "team-a"},
        },
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": name, "apiVersion": "apps/v1"},
            "minReplicas": 2,
            "maxReplicas": 9,
        },
        "status": {
            "currentReplicas": 3,
            "desiredReplicas": 4,
            "conditions": [{"type": "AbleToScale", "status": "True", "reason": "SucceededGetScale"}],
        },
    }
    return _changed(base, changes)


def stateful_set(name: str, namespace: str = "shop", **changes: Any) -> dict[str, Any]:
    """A StatefulSet that is being scaled down: three count, one of them stops."""
    base = {
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "generation": 2},
        "spec": {"replicas": 1, "updateStrategy": {"type": "OnDelete"}, "podManagementPolicy": "OrderedReady"},
        "status": {"observedGeneration": 2, "replicas": 3, "currentReplicas": 2, "updatedReplicas": 2},
    }
    return _changed(base, changes)


def rollout(name: str, namespace: str = "shop", **changes: Any) -> dict[str, Any]:
    """A Rollout of Argo with both colours up: items of such lists carry their kind, and generations are text."""
    base = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "generation": 2},
        "spec": {"replicas": 5, "strategy": {"blueGreen": {"activeService": "active"}}},
        "status": {
            "HPAReplicas": 5,
            "replicas": 10,
            "updatedReplicas": 5,
            "observedGeneration": "2",
            "conditions": [{"type": "Progressing", "status": "Unknown", "reason": "RolloutPaused"}],
        },
    }
    return _changed(base, changes)


def _changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Replace by path: metadata__labels={} sets base["metadata"]["labels"]; None removes."""
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = base
        for parent in parents:
            place = place[parent]
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return base


class Exchange:
    """One request, and the ways to answer it."""

    def __init__(self, handler: http.server.BaseHTTPRequestHandler, count: int) -> None:
        url = urllib.parse.urlsplit(handler.path)
        self.handler = handler
        self.path = url.path
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.count = count
        self.token = (handler.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.body = b""

    @property
    def socket(self) -> Any:
        return self.handler.connection

    def send(self, status: int, body: Any, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.handler.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.handler.wfile.write(content)

    def status(self, code: int, reason: str, message: str = "", cont: str = "", **headers: str) -> None:
        metadata = {"continue": cont} if cont else {}
        said = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message or reason}
        self.send(code, {**said, "metadata": metadata}, **headers)

    def hang_up(self) -> None:
        self.handler.close_connection = True


Behaviour = Callable[[Exchange], bool | None]
"""Answers a request its own way and returns True, or leaves it to the server."""


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="collector-tests-")  # removed with the process


@functools.cache
def authority() -> Authority:
    """The authority that all servers of a session are known by: keys are made once."""
    return Authority(Path(_folder().name), "our-ca")


@functools.cache
def ca_file() -> Path:
    """Its certificate, for what is told of it by the environment."""
    path = Path(_folder().name) / "ca.pem"
    path.write_text(authority().pem)
    return path


@functools.cache
def server_tls() -> Any:
    """What an API server on this machine needs."""
    return authority().issue("server", "127.0.0.1").server_context()


class ApiServer:
    """Starts on a free port; ``behaviour`` may be replaced at any time. Without ``tls`` it is no cluster's."""

    def __init__(self, tls: Any = None) -> None:
        self.items: dict[str, list[dict[str, Any]]] = {DEPLOYMENTS: [], HPAS: []}
        self.behaviour: Behaviour = lambda exchange: None
        self.exchanges: list[Exchange] = []
        self.is_gzip = False
        self.handshake_seconds = 0.0
        self.connections = 0
        self.released = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def log_message(self, *arguments: Any) -> None:
                pass

            def do_GET(self) -> None:
                outer.exchanges.append(exchange := Exchange(self, len(outer.exchanges) + 1))
                exchange.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if not outer.behaviour(exchange):
                    outer.list(exchange)

            do_POST = do_GET

        class Server(http.server.ThreadingHTTPServer):
            def process_request_thread(self, request: Any, client_address: Any) -> None:
                if tls:  # here, in the connection's own thread: whoever is late keeps nobody else waiting
                    outer.released.wait(outer.handshake_seconds)
                    try:
                        request = tls.wrap_socket(request, server_side=True)
                    except OSError:
                        request.close()
                        return
                super().process_request_thread(request, client_address)

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *arguments: None  # type: ignore[method-assign]
        self.port = self._server.server_port
        self.scheme = "https" if tls else "http"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def cluster(self, name: str = "eu-1", **fields: Any) -> Cluster:
        """The entry of a cluster that lives here."""
        known = {"endpoint": self.url, "auth": "none", "ca_data": authority().data}
        return Cluster(name, "prod", **{**known, **fields})

    def list(self, exchange: Exchange) -> None:
        """A page, as the API server would send it."""
        namespace, path = None, exchange.path
        if "/namespaces/" in path:
            head, _, rest = path.partition("/namespaces/")
            namespace, _, plural = rest.partition("/")
            path = f"{head}/{plural}"
        if path == ROLLOUTS and path not in self.items:  # Argo is not installed everywhere; apps/v1 is
            exchange.send(404, b"404 page not found", Content_Type="text/plain; charset=utf-8")
            return
        items = [item for item in self.items.get(path, []) if namespace in (None, item["metadata"]["namespace"])]
        start = int(exchange.query.get("continue", "0").split(":")[0])
        end = start + int(exchange.query["limit"])
        metadata = {"resourceVersion": "987", **({"continue": str(end)} if end < len(items) else {})}
        page = json.dumps({"kind": LIST_KINDS[path], "metadata": metadata, "items": items[start:end] or None}).encode()
        if self.is_gzip:
            exchange.send(200, gzip.compress(page, 1), Content_Encoding="gzip")
        else:
            exchange.send(200, page)

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(tls: Any = None) -> Iterator[ApiServer]:
    """A server for the length of a block."""
    server = ApiServer(tls)
    try:
        yield server
    finally:
        server.close()
