"""The kinds of object a sandbox cluster knows: one row per kind, read by routing, discovery and rendering."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One resource type of the Kubernetes API."""

    kind: str
    plural: str
    group: str
    version: str
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    in_all: bool = False

    @property
    def api_version(self) -> str:
        """Return ``apps/v1``, or plain ``v1`` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        """Return the path all requests for this kind begin with, below the cluster's own."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"


READ = ("get", "list")

DEPLOYMENT = Kind("Deployment", "deployments", "apps", "v1", READ, ("deploy",), in_all=True)
STATEFUL_SET = Kind("StatefulSet", "statefulsets", "apps", "v1", READ, ("sts",), in_all=True)
ROLLOUT = Kind("Rollout", "rollouts", "argoproj.io", "v1alpha1", READ, ("ro",))
"""Of Argo Rollouts: an API server has it only where that is installed."""
AUTOSCALER = Kind(
    "HorizontalPodAutoscaler", "horizontalpodautoscalers", "autoscaling", "v2", READ, ("hpa",), in_all=True
)
POD = Kind("Pod", "pods", "", "v1", ("create", "delete", "get", "list", "patch"), ("po",), in_all=True)
SECRET = Kind("Secret", "secrets", "", "v1", ("create",))
NAMESPACE = Kind("Namespace", "namespaces", "", "v1", (), ("ns",), namespaced=False)
EVENT = Kind("Event", "events", "", "v1", ("list",), ("ev",))

WORKLOADS = (DEPLOYMENT, STATEFUL_SET, ROLLOUT)
KINDS = (DEPLOYMENT, STATEFUL_SET, ROLLOUT, AUTOSCALER, POD, SECRET, EVENT)
