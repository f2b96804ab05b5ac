"""Google's accounts over the wire: unmodified google-auth gets a pod's token, and becomes somebody else with it."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from google.auth import compute_engine, impersonated_credentials
from google.auth.compute_engine import _metadata
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request

from sandbox.kubernetes.google_accounts import CLOUD_PLATFORM, EMAIL
from sandbox.kubernetes.tests.servers import Cluster, Server

COLLECTOR = "collector@acme.iam.gserviceaccount.com"
DEPLOYMENTS = "/apis/apps/v1/deployments"


@pytest.fixture
def pod(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The credentials of a pod."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.folder / "ca.pem"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # google-auth reads the addresses when it is imported, which another test may have caused.
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", server.control.metadata)
    monkeypatch.setenv("GCE_METADATA_HOST", server.control.metadata)
    yield compute_engine.Credentials(scopes=[CLOUD_PLATFORM])  # type: ignore[no-untyped-call]
    server.control.set_iam()


def become(server: Server, pod: Any, *scopes: str, account: str = COLLECTOR) -> Any:
    """Return the credentials of an account, as google-auth gets them."""
    url = f"{server.url}/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
    credentials = impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]
        pod, account, list(scopes), lifetime=600, iam_endpoint_override=url
    )
    credentials.refresh(Request())  # type: ignore[no-untyped-call]
    return credentials


def ask(cluster: Cluster, token: str, path: str = DEPLOYMENTS) -> tuple[int, str]:
    """Return status and message of a GET."""
    request = urllib.request.Request(cluster.server + path, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10, context=cluster.tls) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["message"]


def test_who_a_token_is_decides_what_it_opens(server: Server, cluster: Cluster, pod: Any) -> None:
    known = become(server, pod, CLOUD_PLATFORM, EMAIL).token
    assert ask(cluster, known) == (200, "")
    assert ask(cluster, known, "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers")[0] == 200
    assert ask(cluster, known, "/api/v1/namespaces/default/pods")[0] == 403, "RBAC binds two kinds and no more"
    nameless = become(server, pod, CLOUD_PLATFORM).token
    status, message = ask(cluster, nameless)
    assert status == 403 and 'cannot list resource "deployments" in API group "apps" at the cluster scope' in message
    assert COLLECTOR not in message, "without the second scope GKE knows the number only"
    pod.refresh(Request())  # type: ignore[no-untyped-call]
    assert ask(cluster, pod.token)[0] == 403, "the pod itself is bound to nothing"
    assert ask(cluster, "ya29.unknown")[0] == 401


@pytest.mark.parametrize(
    ("iam", "account", "told"),
    [
        ({"may_impersonate": False}, COLLECTOR, "iam.serviceAccounts.getAccessToken"),
        ({"is_enabled": False}, COLLECTOR, "SERVICE_DISABLED"),
        ({}, "nobody@acme.iam.gserviceaccount.com", "Gaia id not found"),
    ],
)
def test_a_refusal_is_googles(server: Server, pod: Any, iam: dict[str, bool], account: str, told: str) -> None:
    server.control.set_iam(**iam)
    with pytest.raises(RefreshError, match="Unable to acquire impersonated credentials") as refused:
        become(server, pod, CLOUD_PLATFORM, account=account)
    assert told in str(refused.value)
