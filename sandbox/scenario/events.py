"""What can happen in a cycle; what an event sets holds until another changes it."""

from typing import Any

from pydantic import Field, model_validator

from sandbox.scenario.faults import cluster_fault, slack_fault
from sandbox.scenario.fields import Count, Model, Reference, Surge
from sandbox.scenario.workloads import Workload


class Scale(Model):
    """Change replica counts. ``replicas`` sets spec, status and HPA alike; the other fields what the HPA reports."""

    workload: Reference
    replicas: Count | None = Field(default=None, description="Asked for, running, ready, and what the HPA reports")
    hpa_current: Count | None = None
    hpa_desired: Count | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "Scale":
        if not self.model_dump(exclude={"workload"}, exclude_none=True):
            raise ValueError("changes nothing: give replicas, hpa_current or hpa_desired")
        return self


class Rollout(Model):
    """Roll a new version out: for some cycles old and new pods stand together, above what was asked for."""

    workload: Reference
    cycles: int = Field(default=1, ge=1, description="For how many cycles it is seen in progress")
    max_surge: Surge | None = Field(default=None, description="Overrides the workload's own for this rollout")


class Deletion(Model):
    """Delete a workload with its HPA."""

    workload: Reference


class Outage(Model):
    """From now on a cluster answers wrongly, or not at all."""

    cluster: str
    kind: str = Field(default="unreachable", description="A fault of sandbox.kubernetes")
    options: dict[str, Any] = Field(default_factory=dict, description="Further settings of the fault")

    @model_validator(mode="after")
    def _the_stand_in_knows_it(self) -> "Outage":
        cluster_fault(self.kind, self.options)
        return self


class Recovery(Model):
    """The cluster answers again."""

    cluster: str


class LimitChange(Model):
    """Publish a limit again with some fields changed, as a team would."""

    limit_id: str = Field(description="<environment>.<team_id>.<api_id>[.<name>]")
    set: dict[str, Any] = Field(min_length=1, description="Fields of the PED document to replace")


class RawDocument(Model):
    """Write into Firestore past the publisher, as somebody in the console might."""

    id: str = Field(description="Document id in the collection of limits")
    fields: dict[str, Any]


class SlackFault(Model):
    """Let Slack's next calls fail."""

    kind: str = Field(description="A fault of sandbox.slack")
    method: str = "chat.postMessage"
    channel: str | None = None
    times: int = Field(default=1, ge=1)
    options: dict[str, Any] = Field(default_factory=dict, description="Further settings of the fault")

    @model_validator(mode="after")
    def _the_stand_in_knows_it(self) -> "SlackFault":
        slack_fault(**self.model_dump())
        return self


class Step(Model):
    """One entry of the timeline: a cycle and exactly one event."""

    cycle: int = Field(ge=1, description="Cycle before which it happens, from 1")
    say: str | None = Field(
        default=None, description="What to tell whoever watches; made up from the event when omitted"
    )
    scale: Scale | None = None
    rollout: Rollout | None = None
    create: Workload | None = Field(default=None, description="A new workload; created_at is then the cycle's time")
    delete: Deletion | None = None
    outage: Outage | None = None
    recover: Recovery | None = None
    change_limit: LimitChange | None = None
    put_document: RawDocument | None = None
    slack_fault: SlackFault | None = None
    repeat_cycle: int | None = Field(default=None, ge=1, description="Run the watch DAG so many more times")

    @model_validator(mode="after")
    def _names_one_event(self) -> "Step":
        given = self.kinds
        if len(given) != 1:
            found = f"{len(given)} events ({', '.join(given)})" if given else "no event"
            raise ValueError(f"{found}: an entry of the timeline has exactly one of {', '.join(EVENTS)}")
        return self

    @property
    def kinds(self) -> list[str]:
        """Names of the events given."""
        return [kind for kind in EVENTS if kind in self.model_fields_set and getattr(self, kind) is not None]

    @property
    def kind(self) -> str:
        """Name of the event."""
        return self.kinds[0]

    @property
    def event(self) -> Any:
        """The event itself."""
        return getattr(self, self.kind)


EVENTS = tuple(name for name in Step.model_fields if name not in ("cycle", "say"))
