"""A cluster asked for a list of one Deployment: name, address, certificate, login and RBAC at once, for no work."""

import base64
import contextlib
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from pedwatch.config import Cluster

_DEPLOYMENTS = "/apis/apps/v1/deployments"
_SECONDS = 15


def list_one(cluster: Cluster, token: Callable[[], str]) -> None:
    """List one Deployment of a cluster.

    Raises:
        OSError, urllib3.exceptions.HTTPError, kubernetes.client.ApiException, kubernetes.config.ConfigException:
            the API server cannot be reached, or refuses.
    """
    with _api_client(cluster, token) as client:
        client.call_api(
            _DEPLOYMENTS,
            "GET",
            query_params=[("limit", 1)],
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
            _preload_content=False,
            _request_timeout=_SECONDS,
        )


@contextlib.contextmanager
def _api_client(cluster: Cluster, token: Callable[[], str]) -> Iterator[Any]:
    from kubernetes import client, config

    if cluster.auth == "kubeconfig":
        with config.new_client_from_config(context=cluster.context or cluster.name) as found:
            yield found
        return
    if cluster.endpoint is None:
        raise OSError("it has no endpoint: name one in pedwatch.yaml")
    with tempfile.NamedTemporaryFile("wb") as authority:
        configuration = client.Configuration(host=cluster.endpoint.rstrip("/"))
        configuration.retries = False
        if cluster.ca_data:
            authority.write(base64.b64decode(cluster.ca_data))
            authority.flush()
            configuration.ssl_ca_cert = authority.name
        bearer = _bearer(cluster, token)
        if bearer:
            configuration.api_key = {"authorization": f"Bearer {bearer}"}
        with client.ApiClient(configuration) as found:
            yield found


def _bearer(cluster: Cluster, token: Callable[[], str]) -> str:
    if cluster.auth == "token_file" and cluster.token_file:
        with open(cluster.token_file, encoding="utf-8") as file:
            return file.read().strip()
    return token() if cluster.auth == "google" else ""
