"""The unmodified KubernetesPodOperator, executed as a worker would, without a database."""

import datetime as dt
from typing import Any
from unittest import mock

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

from sandbox.kubernetes.tests.conftest import IMAGE
from sandbox.kubernetes.tests.servers import Cluster

NAMESPACE = "default"


def operator(cluster: Cluster, task_id: str, **arguments: Any) -> KubernetesPodOperator:
    """Return an operator that runs pods in a cluster."""
    settings: dict[str, Any] = {
        "task_id": task_id,
        "name": task_id.replace("_", "-"),
        "namespace": NAMESPACE,
        "image": IMAGE,
        "config_file": str(cluster.kubeconfig),
        "in_cluster": False,
        "kubernetes_conn_id": None,
        "startup_check_interval_seconds": 0.1,
        "do_xcom_push": False,
        "get_logs": False,
        **arguments,
    }
    return KubernetesPodOperator(**settings)


def context(task: KubernetesPodOperator, map_index: int = -1, try_number: int = 1) -> Any:
    """Return as much of a task's context as the operator reads."""
    instance, run, dag = mock.MagicMock(), mock.MagicMock(), mock.MagicMock()
    instance.task_id, instance.dag_id, instance.run_id = task.task_id, "watch", "manual__1"
    instance.try_number, instance.map_index, instance.get_template_context = try_number, map_index, None
    run.run_id, run.dag_id, dag.dag_id = "manual__1", "watch", "watch"
    dag.parent_dag = None
    return {
        "ti": instance,
        "task_instance": instance,
        "run_id": "manual__1",
        "dag": dag,
        "dag_run": run,
        "ts": "2026-01-01T00:00:00+00:00",
        "logical_date": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "task": task,
        "task_state_store": None,
    }
