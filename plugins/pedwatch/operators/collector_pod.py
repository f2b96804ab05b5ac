"""The pod that lists clusters: KubernetesPodOperator with this project's defaults, each with its reason.

Imported when a pod is started (`pedwatch.operators.replica_collector`), never when a DAG file is parsed.
"""

from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk.exceptions import AirflowException
from kubernetes.client import models as k8s

from pedwatch.config import Collector, Config
from pedwatch.observations.batches import KUBECONFIG_PATH
from pedwatch.operators.pod_creation import DiscreetPodManager

_KUBECONFIG_DIR = str(PurePosixPath(KUBECONFIG_PATH).parent)
_SCRATCH = "/scratch"


def _volumes(collector: Collector) -> tuple[list[k8s.V1Volume], list[k8s.V1VolumeMount]]:
    volumes = [k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit="512Mi"))]
    mounts = [k8s.V1VolumeMount(name="scratch", mount_path=_SCRATCH)]
    if collector.kubeconfig_secret:
        secret = k8s.V1SecretVolumeSource(secret_name=collector.kubeconfig_secret, default_mode=0o440)
        volumes.append(k8s.V1Volume(name="kubeconfig", secret=secret))
        mounts.append(k8s.V1VolumeMount(name="kubeconfig", mount_path=_KUBECONFIG_DIR, read_only=True))
    return volumes, mounts


class CollectorPod(KubernetesPodOperator):
    """One pod of the replica collector, for a batch of clusters.

    Args:
        config: image, namespace, resources, connection.
        kwargs: of ``KubernetesPodOperator``; ``env_vars`` per batch, see ``pedwatch.tasks.plan.collector_environment``.
    """

    def __init__(self, *, config: Config, **kwargs: Any) -> None:
        collector = config.collector
        volumes, mounts = _volumes(collector)
        defaults: dict[str, Any] = {
            "name": "replica-collector",
            "kubernetes_conn_id": config.connections.kubernetes,
            "namespace": collector.namespace,
            "image": collector.image,
            "service_account_name": collector.service_account_name,
            # The manifest in the bucket is the result; the XCom sidecar would be a second container to fail.
            "do_xcom_push": False,
            # Deferrable pods are failed when resumed (apache/airflow #72716); these live for seconds.
            "deferrable": False,
            # The pod spec names secrets and addresses: it stays out of exceptions and logs.
            "log_pod_spec_on_failure": False,
            # Following a pod's log holds a worker beyond the pod's end, and a log endpoint that answers 500 for a while
            # fails and deletes a pod that has done its work. What it has to say is in its manifest; the load logs it.
            "get_logs": False,
            # The last words of a pod that failed come with its status instead.
            "termination_message_policy": "FallbackToLogsOnError",
            # Twelve batches of pods an hour: what is left lying would fill the namespace. The manifest stays.
            "on_finish_action": "delete_pod",
            # Pods live for seconds: the default of five would be the longest part of them.
            "startup_check_interval_seconds": 1,
            # A worker that died leaves its pod running: the retry joins that one instead of starting a second, and
            # should it start one after all, the first complete manifest owns the cycle. So every provider does by
            # default; the argument's name differs (reattach_on_restart, in later ones durable), so it is not given.
            # It calls clusters with Google's token, never the API of the cluster it runs in.
            "automount_service_account_token": False,
            "volumes": volumes,
            "volume_mounts": mounts,
            # Memory is that of a few pages however large the clusters are: a limit catches a bug, never a big cluster.
            # No CPU limit: throttled in mid-page, a cluster would miss its budget.
            "container_resources": k8s.V1ResourceRequirements(
                requests={"cpu": collector.cpu, "memory": collector.memory}, limits={"memory": collector.memory}
            ),
            # What the image is built for (its USER, and TMPDIR on an emptyDir): nothing to write to, nothing to become.
            # A namespace that is held to Pod Security `restricted` takes no pod that says less than this.
            "security_context": k8s.V1PodSecurityContext(
                run_as_non_root=True,
                run_as_user=65532,
                fs_group=65532,
                seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
            ),
            "container_security_context": k8s.V1SecurityContext(
                allow_privilege_escalation=False,
                read_only_root_filesystem=True,
                capabilities=k8s.V1Capabilities(drop=["ALL"]),
            ),
        }
        super().__init__(**(defaults | kwargs))

    @cached_property
    def pod_manager(self) -> DiscreetPodManager:
        """Return what makes and follows the pod."""
        return DiscreetPodManager(kube_client=self.client, callbacks=self.callbacks)

    def run(self, context: Any) -> None:
        """Run the pod until it has ended; what its execute does where nothing is deferred.

        Raises:
            AirflowFailException: the API server refuses the pod; the message says what mends it.
            AirflowException: the pod failed, or this task was told to end: that would else pass for success.
        """
        try:
            self.execute_sync(context)
        finally:
            if self._killed:
                raise AirflowException("the task was told to end before its pod was done; the pod is deleted")
