"""Making the collector's pod: a refusal is one sentence with its mend, and the pod's spec stays out of the log."""

import json
from typing import Any

from airflow.providers.cncf.kubernetes.utils.pod_manager import PodManager
from airflow.sdk.exceptions import AirflowFailException
from kubernetes.client import V1Pod
from kubernetes.client.exceptions import ApiException

#: What the same pod would be told again.
FINAL = (400, 403, 404, 422)
_MOST = 600


def refusal(status: int, body: str | None, namespace: str) -> str:
    """Return what an API server said in refusing the pod, and what mends it."""
    try:
        said = str(json.loads(body or "")["message"])
    except (ValueError, LookupError, TypeError):
        said = "it did not say why"
    if status == 404:
        mend = f"collector.namespace is {namespace}: correct it in pedwatch.yaml"
    elif "error looking up service account" in said:
        mend = "make it there, or take collector.service_account_name out of pedwatch.yaml"
    elif "cannot create resource" in said:
        mend = f"grant the account of connections.kubernetes the right to create pods in {namespace}"
    elif status == 403:
        mend = f"a policy of the namespace {namespace} refuses it; collector.namespace in pedwatch.yaml names another"
    else:
        mend = "look at collector in pedwatch.yaml; if nothing there explains it, report it"
    return f"the API server refused the collector's pod, HTTP {status}: {said[:_MOST]}. What to do: {mend}."


class DiscreetPodManager(PodManager):
    """The provider's own, but for pods that are refused: of those it logs everything, addresses and variables too."""

    def run_pod_async(self, pod: V1Pod, **kwargs: Any) -> V1Pod:
        """Create a pod.

        Raises:
            AirflowFailException: the API server refuses it, and would again.
            ApiException: any other answer; the provider tries again where that helps.
        """
        namespace, body = pod.metadata.namespace, self._client.api_client.sanitize_for_serialization(pod)
        try:
            return self._client.create_namespaced_pod(body=body, namespace=namespace, **kwargs)
        except ApiException as error:
            if error.status in FINAL:
                raise AirflowFailException(refusal(error.status, error.body, namespace)) from None
            raise
