"""The operator of the mapped collectors: starts a pod for a batch of clusters, for no longer than the collection lasts.

It holds names and nothing else, and imports Kubernetes when it runs one: every task of a DAG parses the DAG's file, and
that import is as long as what most of them do.
"""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from pedwatch import deadlines, settings
from pedwatch.config.wiring import Wiring
from pedwatch.observations.batches import BATCH, CLOSES_AT
from pedwatch.task_names import named_by

if TYPE_CHECKING:
    from pedwatch.operators.collector_pod import CollectorPod

BATCH_NAME = named_by(f"task.env_vars['{BATCH}']")
"""What the grid shows for a mapped task: the cluster, or the first of a batch and how many more."""


def scheduling(wiring: Wiring) -> dict[str, Any]:
    """Return what the scheduler has to know of the mapped task.

    It reads these from ``partial`` alone: as defaults of the operator they would be in force nowhere.
    """
    return {
        # Pods of all runs together stay within what the environment's cluster holds.
        "pool": wiring.pool,
        # One run never takes more of the pool than this, whatever the number of batches.
        "max_active_tis_per_dagrun": wiring.max_pods,
        # A dark cluster is data and exits 0; a retry covers infrastructure only, and soon: the collection closes.
        "retries": 1,
        "retry_delay": dt.timedelta(seconds=5),
        # The pod's own deadline comes first (see execute); this one is for a pod whose end is never reported.
        "execution_timeout": deadlines.collection(wiring.period),
    }


LEAST_SECONDS = 10
"""With less time than this left, no pod can start and list a cluster."""


def seconds_left(env_vars: Mapping[str, str], now: dt.datetime) -> float:
    """Return how many seconds a pod has until its collection closes."""
    return (dt.datetime.fromisoformat(env_vars[CLOSES_AT]) - now).total_seconds()


class ReplicaCollectorOperator(BaseOperator):
    """Runs the replica collector for a batch of clusters, in a pod of `pedwatch.operators.collector_pod`.

    Args:
        env_vars: of the pod, see ``pedwatch.tasks.plan.collector_environment``.
        kwargs: of ``BaseOperator``.
    """

    template_fields = ("env_vars",)

    def __init__(self, *, env_vars: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.env_vars = env_vars
        self._pod: CollectorPod | None = None

    def execute(self, context: Any) -> None:
        """Run the pod, for no longer than until the collection closes (docs/design.md#cycles).

        Raises:
            AirflowFailException: it has closed; another try could only hold up the cycle. Or the API server refuses
                the pod: the message says what mends it.
            AirflowException: the pod failed, or this task was told to end.
        """
        from pedwatch.operators.collector_pod import CollectorPod

        left = seconds_left(self.env_vars, settings.now())
        if left < LEAST_SECONDS:
            raise AirflowFailException("the collection of this cycle has closed: its clusters count as not seen")
        self._pod = CollectorPod(
            config=settings.load_config(),
            task_id=self.task_id,
            env_vars=self.env_vars,
            active_deadline_seconds=int(left),
            # A node may have to be added first; what does not start by then cannot collect any more.
            startup_timeout_seconds=int(left),
        )
        self._pod.run(context)

    def on_kill(self) -> None:
        """Delete the pod: Airflow has ended this task."""
        if self._pod:
            self._pod.on_kill()
