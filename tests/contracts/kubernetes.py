"""An exchange with an API server against its OpenAPI document, for the kinds that the product reads and makes."""

import json
import re
from typing import Any

from sandbox.contracts.descriptions import description
from tests.contracts.deviations import Findings, Side
from tests.contracts.exchanges import Exchange
from tests.contracts.schemas import SchemaCheck

_API = {
    "deployments": "io.k8s.api.apps.v1.Deployment",
    "horizontalpodautoscalers": "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    "pods": "io.k8s.api.core.v1.Pod",
}
_STATUS = "io.k8s.apimachinery.pkg.apis.meta.v1.Status"
_PATH = re.compile(
    r"/clusters/[^/]+/(?:api/v1|apis/apps/v1|apis/autoscaling/v2)/(?:namespaces/[^/]+/)?"
    r"(?P<plural>deployments|horizontalpodautoscalers|pods)(?P<name>/[^/]+)?(?P<part>/[a-z]+)?\Z"
)


class KubernetesCheck:
    """Checks exchanges with the clusters."""

    def __init__(self, findings: Findings) -> None:
        self._description, self._findings = description("kubernetes"), findings

    def check(self, exchange: Exchange) -> str:
        """Check an exchange; answers the verb and the kind's plural."""
        found = _PATH.match(exchange.path)
        if exchange.status >= 400:
            self._refusal(exchange)
        if found is None or found["part"] not in (None, "/status"):
            return f"kubernetes {exchange.verb} (other)"
        operation = f"kubernetes {exchange.verb} {found['plural']}"
        kind = _API[found["plural"]]
        if exchange.verb == "POST" and exchange.request:
            self._check("request", exchange.request, kind)
        if exchange.status < 400 and exchange.response and exchange.verb != "DELETE":
            is_list = exchange.verb == "GET" and found["name"] is None
            if '"watch' not in exchange.query:
                self._check("response", exchange.response, kind + "List" if is_list else kind)
        return operation

    def _refusal(self, exchange: Exchange) -> None:
        if exchange.response and exchange.answered.get("content-type", "").startswith("application/json"):
            self._check("response", exchange.response, _STATUS)

    def _check(self, side: Side, text: str, schema: str) -> None:
        name = schema.rpartition(".")[2]

        def found(kind: str, path: str, detail: Any) -> None:
            if kind != "empty array":  # unlike Google's services, an API server sends empty lists
                self._findings.add(side, kind, f"kubernetes {path}", detail)

        try:
            body = json.loads(text)
        except ValueError:
            self._findings.add(side, "no JSON", f"kubernetes {name}", text)
            return
        check = SchemaCheck(self._description, side, found)
        check.value(body, self._description.schema(schema), name)
