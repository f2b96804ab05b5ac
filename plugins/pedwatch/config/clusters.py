"""Clusters: those that are named, those that GKE lists, and the pod that lists what runs in them."""

import re
from typing import Literal, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from pedwatch.cluster_names import qualifier
from pedwatch.config.kinds_of_text import HTTPS_ADDRESS, NAME, SERVICE_ACCOUNT, ClusterName, Image, Name, Strict, Text
from pedwatch.written.problems import Objections, refuse
from pedwatch.written.yaml_text import Location

COMPOSER_NAMESPACE = "composer-user-workloads"
WorkloadKind = Literal["deployment", "statefulset", "rollout"]
SECRET_ENDINGS = ("PASSWORD", "SECRET", "TOKEN", "API_KEY", "PRIVATE_KEY")
DEFAULT_POOL = "default_pool"
"""Airflow's own, which cannot be deleted."""
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class Cluster(Strict):
    """A cluster to watch and how the collector reaches it."""

    name: ClusterName
    environment: Name
    endpoint: str | None = Field(
        default=None,
        description="https:// address, or host or IP alone, as GKE lists it; the kubeconfig's when omitted",
    )
    ca_data: str | None = Field(default=None, description="Base64 PEM of the cluster's certificate authority")
    auth: Literal["google", "kubeconfig", "token_file", "none"] = "google"
    context: str | None = Field(default=None, description="kubeconfig context; the cluster's name when omitted")
    token_file: str | None = None
    project: str | None = Field(
        default=None, description="Google Cloud project it is in, for links to its workloads; `project` when omitted"
    )
    location: str | None = Field(
        default=None, pattern=NAME, description="Region or zone it is in, for links to its workloads"
    )

    @field_validator("endpoint")
    @classmethod
    def _is_reached_over_tls(cls, endpoint: str | None) -> str | None:
        """Write the scheme out: most clients take an address without one for http, and would send their token so."""
        if not endpoint:
            return None
        scheme, separator, rest = endpoint.rpartition("://")
        if separator and scheme.lower() != "https":
            raise ValueError(
                f"{endpoint!r}: a cluster is reached over https alone: write https://host[:port], or the host alone"
            )
        if not rest or re.search(r"[\s@]", rest):
            raise ValueError(f"{endpoint!r} is no address: write https://host[:port], without user and password")
        return f"https://{rest}"

    @model_validator(mode="after")
    def _token_file_is_read(self) -> "Cluster":
        if self.auth == "token_file" and not self.token_file:
            raise Objections([(("auth",), "is token_file, and none is named: add token_file, the path in the pod")])
        if self.token_file and self.auth != "token_file":
            message = f"is read only with auth: token_file, and auth is {self.auth}: take it out, or change auth"
            raise Objections([(("token_file",), message)])
        return self


class AcceptedCluster(Strict):
    """Where a discovered cluster is, and in which environment: goes before its first sighting and its labels."""

    name: ClusterName = Field(description="What to watch it by: its own name, or project_location_name")
    environment: Name = Field(description="Goes before what its label says")
    project: Text = Field(description="Google Cloud project it is in, one of `projects`")
    location: str = Field(pattern=NAME, description="Region or zone it is in")

    @property
    def own_name(self) -> str:
        """The cluster's name in GKE."""
        return self.name.removeprefix(qualifier(self.project, self.location))

    @model_validator(mode="after")
    def _name_is_of_this_place(self) -> "AcceptedCluster":
        if not re.fullmatch(NAME, self.own_name):
            raise ValueError(
                f"name: {self.name} cannot be in {self.project}/{self.location}; write the cluster's own name, or "
                f"{qualifier(self.project, self.location)} and its own name"
            )
        return self


class Discovery(Strict):
    """Clusters that GKE itself lists are watched too; without projects there is no discovery."""

    projects: list[Text] = Field(default_factory=list, description="Google Cloud projects whose clusters are listed")
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="Resource labels a cluster must carry, every one of them; all clusters when there are none",
    )
    environment_label: str = Field(
        default="environment", description="Resource label of the cluster that holds its environment"
    )
    environment: Name = Field(default="unknown", description="Environment of clusters without that label")
    endpoint: Literal["dns", "private"] = Field(
        default="dns", description="Which address is taken when a cluster has both: its DNS endpoint or its private one"
    )
    names: Literal["name", "qualified"] = Field(
        default="name",
        description="`qualified` is project_location_name, for fleets in which a name occurs twice, now or later. "
        "Clusters keep the name they were first seen by, whatever stands here afterwards",
    )
    accept: list[AcceptedCluster] = Field(
        default_factory=list,
        description="Clusters whose name, environment or place is not what it was at first sight, or whose name is "
        "another's too; the message about it says what to write",
    )
    auth: Literal["google", "kubeconfig"] = Field(
        default="google", description="As with `clusters`; the kubeconfig's context is the cluster's own name"
    )
    api_endpoint: str = Field(
        default="https://container.googleapis.com",
        pattern=HTTPS_ADDRESS,
        description="Address of the GKE API, for Private Service Connect",
    )
    timeout_seconds: int = Field(default=15, ge=1, le=60, description="For one project; the cycle waits for it")

    @field_validator("accept")
    @classmethod
    def _accepted_clusters_are_clear(cls, accept: list[AcceptedCluster], info: ValidationInfo) -> list[AcceptedCluster]:
        names = [entry.name for entry in accept]
        places = [(entry.project, entry.location, entry.own_name) for entry in accept]
        projects = info.data.get("projects")
        found: list[tuple[Location, str]] = []
        for index, (entry, place) in enumerate(zip(accept, places, strict=True)):
            if projects is not None and entry.project not in projects:
                found.append(((index, "project"), f"{entry.project!r} is not named in projects; add it there"))
            if names.index(entry.name) != index or places.index(place) != index:
                message = f"{entry.name!r} stands there twice; one line for a name, one for a cluster"
                found.append(((index, "name"), message))
        refuse(found)
        return accept


class Collector(Strict):
    """The pod that lists a cluster."""

    image: Image
    namespace: Name = COMPOSER_NAMESPACE
    service_account_name: str | None = Field(
        default=None,
        description="Kubernetes service account of the pods, only where they run in a cluster of your own "
        "(`connections.kubernetes`): in Composer's namespace nobody can make one",
    )
    impersonate: str | None = Field(
        default=None,
        pattern=SERVICE_ACCOUNT,
        description="Google service account that the pods become, for clusters and bucket alike; without one they are "
        "whoever they run as, on Composer the environment's account",
    )
    iam_endpoint: str = Field(
        default="https://iamcredentials.googleapis.com",
        pattern=HTTPS_ADDRESS,
        description="Address of the IAM Credentials API, for Private Service Connect",
    )
    kinds: list[WorkloadKind] = Field(
        default_factory=lambda: list(get_args(WorkloadKind)),
        min_length=1,
        description="Workloads that are counted (rollout: of Argo); what is left out is judged by its HPA alone. A "
        "kind that a cluster does not serve is not missed there",
    )
    page_size: int = Field(default=500, ge=1, le=10_000)
    budget_seconds: int = Field(default=60, ge=5, le=85)
    max_pods: int = Field(default=10, ge=1, le=100, description="Above this many clusters, a pod takes several")
    pool: str = Field(
        default=DEFAULT_POOL,
        min_length=1,
        description="Airflow pool of the pods' tasks. It must exist: a task of a pool that does not is never started",
    )
    kubeconfig_secret: str | None = Field(default=None, description="Secret with a key `config`, mounted read-only")
    environment: dict[str, str] = Field(default_factory=dict, description="Extra environment; no secrets, and no proxy")
    cpu: str = "500m"
    memory: str = "256Mi"

    @field_validator("environment")
    @classmethod
    def _no_proxy_and_no_secret(cls, environment: dict[str, str]) -> dict[str, str]:
        if proxies := [name for name in environment if name.upper() in PROXY_VARIABLES]:
            raise ValueError(
                f"{', '.join(proxies)}: the collector uses no proxy, it reaches clusters and bucket directly; take it "
                f"out, and use the clusters' DNS endpoints or Private Service Connect"
            )
        refuse(
            ((name,), "looks like a secret, and whoever may see the pod reads its environment: take it out")
            for name in environment
            if name.upper().endswith(SECRET_ENDINGS)
        )
        return environment

    @model_validator(mode="after")
    def _service_account_can_exist(self) -> "Collector":
        if self.service_account_name and self.namespace == COMPOSER_NAMESPACE:
            raise ValueError(
                f"service_account_name: nobody can make the service account {self.service_account_name} in Composer's "
                f"namespace {COMPOSER_NAMESPACE}; leave it out and name the Google service account in impersonate"
            )
        return self
