"""The shape of ``include/config/pedwatch.yaml``: clusters, policy, routing. Pure; `pedwatch.settings` loads it.

Everything that weakens detection lives here, with the platform team, never in a PED file (DESIGN D10).
"""

import hashlib
import json
import re
import string
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pedwatch.discovered import qualifier
from pedwatch.spelling import unknown_key

NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
CLUSTER_NAME = r"^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
LABEL_VALUE = r"^[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?$"
SERVICE_ACCOUNT = r"^[a-z0-9][-.a-z0-9]*@[a-z0-9][-.a-z0-9]*\.gserviceaccount\.com$"
COMPOSER_NAMESPACE = "composer-user-workloads"
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
CHANNEL_ID = r"^[CGD][A-Z0-9]{2,}$"

Name = Annotated[str, Field(pattern=NAME, max_length=63)]
ClusterName = Annotated[str, Field(pattern=CLUSTER_NAME, max_length=100)]
LabelKey = Annotated[
    str, Field(pattern=LABEL_KEY, max_length=317, description="A Kubernetes label key such as app or acme.io/tier")
]
LabelValue = Annotated[str, Field(pattern=LABEL_VALUE, max_length=63)]
ChannelId = Annotated[str, Field(pattern=CHANNEL_ID, description="A Slack channel id such as C0PLATFORM, not a name")]
HttpAddress = Annotated[str, Field(pattern=r"^https?://[^\s<>|]+$", max_length=500)]
Destination = Literal["team", "canary", "suppressed"]
Advisory = Literal["hpa_max_over_limit", "hpa_max_differs", "sudden_change", "near_limit", "orphan_limit", "contested"]
"""Rules that advise and never page; all are off until they are listed (DESIGN D1)."""


class Strict(BaseModel):
    """Unknown keys are errors: a typo must not silently weaken detection."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
            raise ValueError("a cluster is reached over https alone: write https://host[:port], or the host alone")
        return f"https://{rest}"


class AcceptedCluster(Strict):
    """Where a discovered cluster is, and in which environment: goes before its first sighting and its labels."""

    name: ClusterName = Field(description="What to watch it by: its own name, or project_location_name")
    environment: Name = Field(description="Goes before what its label says")
    project: str = Field(description="Google Cloud project it is in, one of `projects`")
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

    projects: list[str] = Field(default_factory=list, description="Google Cloud projects whose clusters are listed")
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
        pattern=r"^https://\S+$",
        description="Address of the GKE API, for Private Service Connect",
    )
    timeout_seconds: int = Field(default=15, ge=1, le=60, description="For one project; the cycle waits for it")

    @model_validator(mode="after")
    def _accepted_clusters_are_clear(self) -> "Discovery":
        names = [entry.name for entry in self.accept]
        places = [(entry.project, entry.location, entry.own_name) for entry in self.accept]
        for entry, place in zip(self.accept, places, strict=True):
            if entry.project not in self.projects:
                raise ValueError(f"accept: {entry.name} is in {entry.project}, which projects does not name; add it")
            if names.count(entry.name) > 1 or places.count(place) > 1:
                raise ValueError(f"accept: {entry.name} stands there twice; one line for a name, one for a cluster")
        return self


class Collector(Strict):
    """The pod that lists a cluster."""

    image: str
    namespace: str = COMPOSER_NAMESPACE
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
        pattern=r"^https://\S+$",
        description="Address of the IAM Credentials API, for Private Service Connect",
    )
    page_size: int = Field(default=500, ge=1, le=10_000)
    budget_seconds: int = Field(default=90, ge=5, le=150)
    max_pods: int = Field(default=10, ge=1, le=100, description="Above this many clusters, a pod takes several")
    pool: str = Field(
        default="default_pool",
        min_length=1,
        description="Airflow pool of the pods' tasks. It must exist: a task of a pool that does not is never started",
    )
    kubeconfig_secret: str | None = Field(default=None, description="Secret with a key `config`, mounted read-only")
    environment: dict[str, str] = Field(default_factory=dict, description="Extra environment; no secrets, and no proxy")
    cpu: str = "500m"
    memory: str = "256Mi"

    @field_validator("environment")
    @classmethod
    def _no_proxy(cls, environment: dict[str, str]) -> dict[str, str]:
        if proxies := [name for name in environment if name.upper() in PROXY_VARIABLES]:
            raise ValueError(
                f"{', '.join(proxies)}: the collector uses no proxy, it reaches clusters and bucket directly; take it "
                f"out, and use the clusters' DNS endpoints or Private Service Connect"
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


class PolicyOverride(Strict):
    """Detection settings; what is omitted comes from the next wider level (API, team, defaults)."""

    tolerance_count: int | None = Field(default=None, ge=0)
    tolerance_ratio: float | None = Field(default=None, ge=0, le=1)
    grace_minutes: int | None = Field(default=None, ge=0, le=360)
    surge_budget_minutes: int | None = Field(default=None, ge=0, le=360)
    for_observations: int | None = Field(default=None, ge=1, le=12)
    window_observations: int | None = Field(default=None, ge=1, le=12)
    clear_observations: int | None = Field(default=None, ge=1, le=12)
    gross_ratio: float | None = Field(default=None, gt=1)
    gross_count: int | None = Field(default=None, ge=1)
    critical_ratio: float | None = Field(default=None, ge=1)

    @field_validator("tolerance_ratio")
    @classmethod
    def _is_a_decimal(cls, ratio: float | None) -> float | None:
        """BigQuery's decimals have nine places; a share that needs more would be rounded, perhaps up."""
        if ratio is not None and ratio != round(ratio, 9):
            raise ValueError(f"tolerance_ratio {ratio}: write at most nine decimal places, such as {round(ratio, 4)}")
        return ratio


class Policy(Strict):
    """The detection settings in force for one API (DESIGN section 6 gives the defaults)."""

    tolerance_count: int = 0
    tolerance_ratio: float = 0.0
    grace_minutes: int = 10
    surge_budget_minutes: int = 30
    for_observations: int = 2
    window_observations: int = 3
    clear_observations: int = 2
    gross_ratio: float = 1.5
    gross_count: int = 2
    critical_ratio: float = 1.5

    @model_validator(mode="after")
    def _window_holds_the_count(self) -> "Policy":
        if self.for_observations > self.window_observations:
            raise ValueError(
                f"for_observations ({self.for_observations}) can never be reached within "
                f"window_observations ({self.window_observations}): raise the window or lower the count"
            )
        return self


class TeamPolicy(PolicyOverride):
    """Overrides for one team, and for single APIs of it."""

    apis: dict[str, PolicyOverride] = Field(default_factory=dict)


class Approver(Strict):
    """Somebody whose approval makes an exemption count."""

    id: str = Field(min_length=1)
    team_id: LabelValue


class PolicyConfig(Strict):
    """The policy: defaults, per team, per API, and who may approve exemptions."""

    defaults: PolicyOverride = Field(default_factory=PolicyOverride)
    teams: dict[str, TeamPolicy] = Field(default_factory=dict)
    approvers: list[Approver] = Field(default_factory=list)
    advisories: list[Advisory] = Field(default_factory=list, description="Advisory rules that the digest reports")

    @model_validator(mode="after")
    def _every_level_is_valid(self) -> "PolicyConfig":
        for team_id, team in self.teams.items():
            for api_id in [None, *team.apis]:
                self.for_api(team_id, api_id)
        self.for_api(None, None)
        return self

    def for_api(self, team_id: str | None, api_id: str | None) -> Policy:
        """Return the merged policy of an API: its own settings, else its team's, else the defaults."""
        merged = self.defaults.model_dump(exclude_none=True)
        team = self.teams.get(team_id) if team_id else None
        if team is not None:
            merged |= team.model_dump(exclude_none=True, exclude={"apis"})
            if api_id in team.apis:
                merged |= team.apis[api_id].model_dump(exclude_none=True)
        return Policy.model_validate(merged)

    @property
    def version(self) -> str:
        """First 12 hex digits of the hash of the policy: what each verdict names."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


CopyTarget = Annotated[
    str,
    Field(
        pattern=r"^(mailto:[^@\s,]+@[^@\s,]+|webhook:[A-Za-z0-9_.-]+)$",
        description="`mailto:<address>`, or `webhook:<Airflow connection>` for Alertmanager's JSON",
    ),
]


class TeamRoute(Strict):
    """Where a team's alerts go."""

    channel: ChannelId
    mention: str | None = Field(default=None, pattern=r"^<[!@].+>$", description="e.g. <!subteam^S0ORDERS>")
    mode: Destination = "team"
    also: list[CopyTarget] = Field(
        default_factory=list,
        description="Copies while `mode` is team: `mailto:<address>`, or `webhook:<Airflow connection>` for "
        "Alertmanager's JSON",
    )


class Slack(Strict):
    """Routing of alerts; new teams are live in the platform's channel and shadow in their own (DESIGN D12)."""

    platform_channel: ChannelId
    platform_also: list[CopyTarget] = Field(
        default_factory=list, description="Copies of what the platform's channel is told, as in `also` of a team"
    )
    canary_channel: ChannelId | None = None
    on_ambiguous: Literal["resend", "hold"] = Field(
        default="hold",
        description="Where a channel cannot be read back and a message may have been posted: post it again, or let the "
        "platform's channel know",
    )
    storm_above: int = Field(
        default=10, ge=1, description="More new episodes of one team in one cycle than this are told in one message"
    )
    clusters_above: int = Field(
        default=3,
        ge=1,
        description="More clusters than this that go dark in one cycle for one cause are told in one message",
    )
    contact: str = Field(
        default="the platform team",
        min_length=1,
        max_length=100,
        description='Whom messages tell teams to ask: "ask the platform team for more"',
    )
    help_url: HttpAddress | None = Field(
        default=None, description="Page that tells teams what a PED limit is; linked from what they are told"
    )
    request_url: HttpAddress | None = Field(
        default=None, description='Where a team asks for a higher limit or an exemption; linked as "Ask for more"'
    )
    reminder_hours: list[Annotated[float, Field(gt=0)]] = Field(
        default_factory=lambda: [4.0, 24.0, 168.0],
        description="Hours after it fired at which an episode is told again in its thread; then as often as the last "
        "one is long. Empty: never",
    )
    digest_hour: int = Field(default=8, ge=0, le=23, description="Hour of the digest on weekdays, in report_timezone")
    workload_link: str | None = Field(
        default="https://console.cloud.google.com/kubernetes/{kind}/{location}/{cluster}/{namespace}/{name}/overview"
        "?project={project}",
        description="Address of a workload's page; may name {project}, {location}, {environment}, {cluster}, "
        "{namespace}, {kind}, {name}. With {location} only workloads get a link whose cluster was discovered, or has a "
        "location in `clusters`",
    )
    teams: dict[str, TeamRoute] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _reminders_back_off(self) -> "Slack":
        if self.reminder_hours != sorted(set(self.reminder_hours)):
            raise ValueError(f"reminder_hours: {self.reminder_hours} must rise, each later than the one before")
        return self

    @model_validator(mode="after")
    def _workload_link_can_be_filled(self) -> "Slack":
        names = {name for _, name, _, _ in string.Formatter().parse(self.workload_link or "") if name is not None}
        unknown = names - {"project", "location", "environment", "cluster", "namespace", "kind", "name"}
        if unknown:
            raise ValueError(f"workload_link: {{{sorted(unknown)[0]}}} is not known")
        return self

    @model_validator(mode="after")
    def _canary_has_a_channel(self) -> "Slack":
        for team_id, route in self.teams.items():
            if route.mode == "canary" and self.canary_channel is None:
                raise ValueError(f"teams.{team_id}.mode is canary but canary_channel is not set")
        return self


class Firestore(Strict):
    """Where the limits are kept."""

    project: str
    database: str = "ped"
    collection: str = "ped_limits"

    def __str__(self) -> str:
        return f"collection {self.collection} of database {self.database} in project {self.project}"


class LimitsSync(Strict):
    """When a sync of limits takes what Firestore lists for a mistake. Both must be exceeded."""

    max_ended_ratio: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="A full sync that would end more than this share of the limits in force, because their documents "
        "are gone, is refused …",
    )
    max_ended_count: int = Field(
        default=10,
        ge=0,
        description="… if that is also more than so many limits. A fleet with no more limits than this is not guarded: "
        "set 0 there",
    )

    def refuses(self, ended: int, standing: int) -> bool:
        """Tell whether that many of the limits that stand are too many to end at once."""
        return ended > self.max_ended_count and ended > self.max_ended_ratio * standing


class CostGuard(Strict):
    """What a query may bill at most; BigQuery refuses the one that would bill more before it reads anything."""

    subjects: int | None = Field(
        default=100_000,
        ge=100,
        description="How many subjects a cycle judges at most, with room to grow. Each job may bill four times what it "
        "reads in a fleet of that size, and four GiB besides; null: no limit",
    )


class Connections(Strict):
    """Names of the Airflow connections used; secrets live only there."""

    google: str = "google_cloud_default"
    kubernetes: str = "kubernetes_default"
    slack: str = "slack_ped"
    smtp: str = Field(default="smtp_default", description="Mail server, where a team's alerts are copied by mail")


class LabelKeys(Strict):
    """Which labels of a workload are stored: those of its identity, and those named here; no other (DESIGN D14)."""

    api_id: LabelKey = "api_id"
    team_id: LabelKey = "team_id"
    also: list[LabelKey] = Field(
        default_factory=list,
        description="Further label keys that are stored, for the label selectors of limits",
    )

    @model_validator(mode="after")
    def _also_names_others(self) -> "LabelKeys":
        keys = [self.api_id, self.team_id, *self.also]
        twice = sorted({key for key in self.also if keys.count(key) > 1})
        if twice:
            raise ValueError(f"also: {', '.join(twice)} is stored already; name each label key once")
        return self


class Config(Strict):
    """The whole of ``include/config/pedwatch.yaml``."""

    project: str
    dataset: str = Field(default="ped_watch", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    location: str = "EU"
    bucket: str = Field(min_length=3, description="Bucket of observations and audits, without gs://")
    report_timezone: str = "UTC"
    label_keys: LabelKeys = Field(default_factory=LabelKeys)
    connections: Connections = Field(default_factory=Connections)
    firestore: Firestore
    limits_sync: LimitsSync = Field(
        default_factory=LimitsSync, description="When a sync of limits refuses what Firestore lists"
    )
    cost_guard: CostGuard = Field(default_factory=CostGuard, description="What a query may bill at most")
    collector: Collector
    clusters: list[Cluster] = Field(default_factory=list)
    discovery: Discovery = Field(default_factory=Discovery, description="Clusters that GKE lists are watched too")
    retired_clusters: list[str] = Field(default_factory=list)
    policy: PolicyConfig = Field(default_factory=PolicyConfig)
    slack: Slack

    @field_validator("report_timezone")
    @classmethod
    def _timezone_is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{name!r} is no IANA time zone such as UTC or Europe/Berlin") from None
        return name

    @model_validator(mode="after")
    def _cluster_names_are_unique(self) -> "Config":
        names = [cluster.name for cluster in self.clusters]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"clusters: {', '.join(twice)} listed twice; identity includes the cluster name")
        if not names and not self.discovery.projects:
            raise ValueError("nothing would be watched: name clusters, or projects in discovery")
        return self

    @model_validator(mode="after")
    def _accepted_clusters_are_discovered(self) -> "Config":
        names = {entry.name for entry in self.discovery.accept}
        for where, others in (
            ("clusters", [cluster.name for cluster in self.clusters]),
            ("retired_clusters", self.retired_clusters),
        ):
            if both := sorted(names & set(others)):
                raise ValueError(f"discovery.accept: {', '.join(both)} is in {where} too; it can be in one of them")
        return self

    def cluster(self, name: str) -> Cluster:
        """Return a configured cluster by name; KeyError when there is none."""
        return {cluster.name: cluster for cluster in self.clusters}[name]


def describe_errors(errors: list[Any]) -> str:
    """Put pydantic's errors into lines of ``field: what is wrong``."""
    lines = []
    for error in errors:
        path = ".".join(str(part) for part in error["loc"]) or "(document)"
        is_unknown = error["type"] == "extra_forbidden"
        message = unknown_key(Config, error["loc"]) if is_unknown else error["msg"].removeprefix("Value error, ")
        lines.append(f"  {path}: {message}")
    return "\n".join(lines)
