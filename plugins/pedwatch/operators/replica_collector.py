"""The pod that lists clusters: KubernetesPodOperator with this project's defaults, each with its reason."""

import datetime as dt
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk.exceptions import AirflowFailException
from kubernetes.client import models as k8s

from pedwatch import settings
from pedwatch.config import Collector, Config
from pedwatch.observations.batches import CLOSES_AT
from pedwatch.operators.pod_creation import DiscreetPodManager
from pedwatch.task_names import named_by

_KUBECONFIG_DIR = "/etc/pedwatch/kubeconfig"
KUBECONFIG_PATH = f"{_KUBECONFIG_DIR}/config"
_SCRATCH = "/scratch"
BATCH_NAME = named_by(
    "task.env_vars | selectattr('name', 'equalto', 'PEDWATCH_BATCH') | map(attribute='value') | first"
)
"""What the grid shows for a mapped task: the cluster, or the first of a batch and how many more."""


def _volumes(collector: Collector) -> tuple[list[k8s.V1Volume], list[k8s.V1VolumeMount]]:
    volumes = [k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit="512Mi"))]
    mounts = [k8s.V1VolumeMount(name="scratch", mount_path=_SCRATCH)]
    if collector.kubeconfig_secret:
        secret = k8s.V1SecretVolumeSource(secret_name=collector.kubeconfig_secret, default_mode=0o440)
        volumes.append(k8s.V1Volume(name="kubeconfig", secret=secret))
        mounts.append(k8s.V1VolumeMount(name="kubeconfig", mount_path=_KUBECONFIG_DIR, read_only=True))
    return volumes, mounts


def scheduling(collector: Collector) -> dict[str, Any]:
    """Return what the scheduler has to know of the mapped task.

    It reads these from ``partial`` alone: as defaults of the operator they would be in force nowhere.
    """
    return {
        # Pods of all runs together stay within what the environment's cluster holds.
        "pool": collector.pool,
        # One run never takes more of the pool than this, whatever the number of batches.
        "max_active_tis_per_dagrun": collector.max_pods,
        # A dark cluster is data and exits 0; a retry covers infrastructure only, and soon: the collection closes.
        "retries": 1,
        "retry_delay": dt.timedelta(seconds=5),
        # The pod's own deadline comes first (see execute); this one is for a pod whose end is never reported.
        "execution_timeout": dt.timedelta(seconds=160),
    }


LEAST_SECONDS = 10
"""With less time than this left, no pod can start and list a cluster."""


def seconds_left(env_vars: Iterable[k8s.V1EnvVar], now: dt.datetime) -> float:
    """Return how many seconds a pod has until its collection closes."""
    (closes_at,) = (variable.value for variable in env_vars if variable.name == CLOSES_AT)
    return (dt.datetime.fromisoformat(closes_at) - now).total_seconds()


class ReplicaCollectorOperator(KubernetesPodOperator):
    """Runs the replica collector for a batch of clusters.

    Args:
        config: image, namespace, resources, label keys, bucket.
        env_vars: per batch, see ``pedwatch.tasks.plan.collector_environment``.
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
            # One line per cluster is all a pod says; without it a dark cluster's reason is only in the manifest.
            "get_logs": True,
            # Twelve batches of pods an hour: what is left lying would fill the namespace. The manifest stays.
            "on_finish_action": "delete_pod",
            # A node may have to be added first; what does not start by then cannot collect before the closing anyway.
            "startup_timeout_seconds": 120,
            # Pods live for seconds: the default of five would be the longest part of them.
            "startup_check_interval_seconds": 1,
            # A worker that died leaves its pod running: the retry joins that one instead of starting a second, and
            # should it start one after all, the first complete manifest owns the cycle.
            "reattach_on_restart": True,
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

    def execute(self, context: Any) -> Any:
        """Run the pod, for no longer than until the collection closes (docs/design.md#cycles).

        Raises:
            AirflowFailException: it has closed; another try could only hold up the cycle. Or the API server refuses
                the pod: the message says what mends it.
        """
        left = seconds_left(self.env_vars, settings.now())
        if left < LEAST_SECONDS:
            raise AirflowFailException("the collection of this cycle has closed: its clusters count as not seen")
        self.active_deadline_seconds = int(left)
        return super().execute(context)
