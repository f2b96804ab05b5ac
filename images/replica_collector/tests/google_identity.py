"""Who a pod is on Google Cloud: its metadata server, and the IAM Credentials API that lets it be somebody else."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from collector_api_server import ApiServer, Behaviour, Exchange

OWN = "ped-airflow@demo.iam.gserviceaccount.com"
COLLECTOR = "ped-replica-collector@demo.iam.gserviceaccount.com"


class MetadataServer:
    """The token endpoint of the machine's service account; every token it gives is another."""

    def __init__(self, server: ApiServer) -> None:
        self.given = 0
        self.scopes: set[str] = set()
        server.behaviour = self._answer
        self.host = f"127.0.0.1:{server.port}"

    def variables(self, gcloud: Path) -> dict[str, str]:
        """What leads google-auth here, and not to somebody's own login."""
        hosts = dict.fromkeys(("GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_ROOT"), self.host)
        return {**hosts, "CLOUDSDK_CONFIG": str(gcloud), "NO_PROXY": "127.0.0.1"}

    def _answer(self, exchange: Exchange) -> bool:
        answer: Any = b""
        if exchange.path.endswith("/token"):
            self.given += 1
            self.scopes |= set(exchange.query.get("scopes", "").split(","))
            answer = {"access_token": f"ya29.{self.given}", "expires_in": 3600, "token_type": "Bearer"}
        elif exchange.path.endswith("/project-id"):
            answer = b"demo"
        elif "service-accounts" in exchange.path:
            answer = {"email": OWN, "scopes": [], "aliases": []}
        kind = "application/json" if isinstance(answer, dict) else "text/plain"
        exchange.send(200, answer, Content_Type=kind, Metadata_Flavor="Google")
        return True


class IamCredentials:
    """generateAccessToken; every token it gives is another, and ``fault`` stands in front."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.asked: list[dict[str, Any]] = []
        self.fault: Behaviour = lambda exchange: None
        self.lifetime = timedelta(minutes=15)
        server.behaviour = self._answer

    def _answer(self, exchange: Exchange) -> bool:
        assert exchange.path == f"/v1/projects/-/serviceAccounts/{COLLECTOR}:generateAccessToken"
        assert exchange.handler.command == "POST" and exchange.token.startswith("ya29.")
        self.asked.append(json.loads(exchange.body))
        if not self.fault(exchange):
            expires = (datetime.now(UTC) + self.lifetime).isoformat(timespec="seconds").replace("+00:00", "Z")
            exchange.send(200, {"accessToken": f"ya29.c.collector-{len(self.asked)}", "expireTime": expires})
        return True


def refusal(code: int, status: str, message: str, reason: str = "", **metadata: str) -> Behaviour:
    """Refuse as Google's APIs do."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "metadata": metadata}
    details = [{"@type": "type.googleapis.com/google.rpc.Help", "links": []}, info] if reason else []
    body = {"error": {"code": code, "message": message, "status": status, "details": details}}
    return lambda exchange: exchange.send(code, body) or True
