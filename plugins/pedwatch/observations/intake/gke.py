"""Lists the clusters of a project through the GKE API, over REST: gRPC would be a second stack for one call a cycle."""

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pedwatch.config import Config
from pedwatch.observations.discovery import ProjectListing, Undescribed

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.cloud.container_v1 import ClusterManagerClient
    from google.cloud.container_v1.types import Cluster

log = logging.getLogger(__name__)

_MESSAGE = 300


class GkeClusters:
    """GKE's own list of clusters.

    Args:
        config: names the Airflow connection and the address of the API.
        credentials: a person's; those of the Airflow connection when omitted.
    """

    def __init__(self, config: Config, credentials: "Credentials | None" = None) -> None:
        self._discovery = config.discovery
        if credentials is None:
            from airflow.providers.google.common.hooks.base_google import GoogleBaseHook

            credentials = GoogleBaseHook(gcp_conn_id=config.connections.google).get_credentials()
        self._client = _client(config.discovery.api_endpoint, credentials)

    def list_project(self, project: str) -> ProjectListing:
        """List the clusters of a project in all locations; a failure is an answer too, never raised."""
        try:
            answer = self._client.list_clusters(
                parent=f"projects/{project}/locations/-", timeout=self._discovery.timeout_seconds, retry=None
            )
        except Exception as error:  # noqa: BLE001 (whatever it is, the clusters known before are still to be collected)
            log.warning("clusters of %s could not be listed: %s", project, error)
            name = error_class(error)
            return ProjectListing(project, error_class=name, error_message=_refusal(project, name, error))
        clusters, undescribed = [], []
        for cluster in answer.clusters:
            try:
                clusters.append(describe(cluster))
            except Exception as error:  # one odd cluster costs no other its cycle
                log.exception("%s/%s/%s could not be described", project, cluster.location, cluster.name)
                undescribed.append(Undescribed(project, cluster.location, cluster.name, _reason(error)))
        return ProjectListing(project, clusters, list(answer.missing_zones), undescribed)


def describe(cluster: "Cluster") -> dict[str, Any]:
    """Return what is used of GKE's description of a cluster.

    ``status`` is the name of it, or the number alone where GKE sends one that this client is too old to know.
    """
    endpoints = cluster.control_plane_endpoints_config
    dns = endpoints.dns_endpoint_config
    private = endpoints.ip_endpoints_config.private_endpoint or cluster.private_cluster_config.private_endpoint
    return {
        "name": cluster.name,
        "location": cluster.location,
        # The client asks for enums as numbers; one that it does not know stays a plain int.
        "status": getattr(cluster.status, "name", str(cluster.status)),
        "labels": dict(cluster.resource_labels),
        # Without external traffic only Google's own services may come in by it.
        "dns_endpoint": dns.endpoint if dns.allow_external_traffic else "",
        "private_endpoint": private or cluster.endpoint,
        "ca_data": cluster.master_auth.cluster_ca_certificate,
    }


_MENDS = {
    "unauthenticated": "renew the credentials of the connection that connections.google names",
    "forbidden": "grant Airflow's account the custom role pedClusterLister (container.clusters.list) in {project}, and "
    "enable container.googleapis.com there; or take the project off discovery.projects",
    "api_missing": "there is no project {project}: correct discovery.projects",
    "throttled": "the quota of container.googleapis.com in {project} is used up; the next cycle asks again",
}


def _refusal(project: str, name: str, error: Exception) -> str:
    """Say what a person can do about it, then what GKE said."""
    mend = _MENDS.get(name, "the clusters known before are asked all the same, and the next cycle asks again")
    return f"the clusters of {project} were not listed: {mend.format(project=project)} ({str(error)[:_MESSAGE]})"


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_MESSAGE]


def error_class(error: Exception) -> str:
    """Name a failure with the words of the collector's manifests."""
    from google.api_core import exceptions as api
    from google.auth.exceptions import GoogleAuthError
    from google.protobuf.json_format import Error as NotTheMessage
    from requests.exceptions import ConnectionError as NoConnection
    from requests.exceptions import Timeout

    named: list[tuple[tuple[type[Exception], ...], str]] = [
        ((api.Unauthorized, GoogleAuthError), "unauthenticated"),
        ((api.Forbidden,), "forbidden"),
        ((api.NotFound,), "api_missing"),
        ((api.TooManyRequests,), "throttled"),
        ((api.GatewayTimeout, api.RetryError, Timeout), "timeout"),
        ((api.ServerError,), "server_error"),
        ((NoConnection,), "unreachable"),
        ((api.GoogleAPICallError, NotTheMessage, ValueError), "bad_payload"),
    ]
    return next((name for kinds, name in named if isinstance(error, kinds)), "internal")


def _client(address: str, credentials: "Credentials") -> "ClusterManagerClient":
    from google.cloud.container_v1 import ClusterManagerClient
    from google.cloud.container_v1.services.cluster_manager.transports.rest import ClusterManagerRestTransport

    transport = ClusterManagerRestTransport(host=urlsplit(address).netloc, credentials=credentials)
    return ClusterManagerClient(transport=transport)
