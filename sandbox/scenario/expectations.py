"""What a scenario expects: each entry holds or does not, and says what was seen instead."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from sandbox.scenario.fields import Count, Cycles, Model, Name, Reference, Texts, describe_cycles

Verdict = Literal[
    "within_limit", "over_limit", "exempt", "in_grace", "no_limit", "invalid_limit", "unlabelled", "unknown"
]
AUDIT_FILES = ("verdicts.csv", "limits.csv", "coverage.csv", "manifest.json")


def _described(words: list[Any]) -> str:
    return " ".join(str(word) for word in words if word not in (None, "", ()))


class Expectation(Model):
    """What every expectation has."""

    name: str | None = Field(default=None, description="What it is called in the report; made up when omitted")

    @property
    def title(self) -> str:
        """What the report calls it."""
        return self.name or self._made_up()

    def _made_up(self) -> str:
        raise NotImplementedError


class Subject(Expectation):
    """Which subjects of the ledger are meant; everything given must match."""

    api: str | None = None
    team: str | None = None
    cluster: str | None = None
    workload: Reference | None = None
    scope: Literal["cluster", "workload", "total"] | None = None

    @property
    def selection(self) -> dict[str, str]:
        """Columns of the ledger and the values they must have."""
        columns = {"api_id": self.api, "team_id": self.team, "cluster": self.cluster, "scope": self.scope}
        if self.workload:
            columns |= {
                "cluster": self.workload.cluster,
                "namespace": self.workload.namespace,
                "workload_name": self.workload.name,
            }
        return {column: value for column, value in columns.items() if value is not None}

    def subject_in_words(self) -> str:
        """Name the subject for the report."""
        place = None if self.workload or not self.cluster else f"in {self.cluster}"
        return _described([self.workload or self.api or self.team or "every subject", self.scope, place])


class VerdictExpectation(Subject):
    """Every matching subject has this verdict in each of the cycles, and there is at least one."""

    cycles: Cycles
    verdict: Verdict
    measured: Count | None = None
    max_replicas: Count | None = None
    reason: str | None = None
    is_over_strict: bool | None = None
    subjects: int | None = Field(
        default=None, ge=1, description="How many subjects match in each cycle; any when omitted"
    )

    @model_validator(mode="after")
    def _names_a_subject(self) -> "VerdictExpectation":
        if not self.selection:
            raise ValueError("names no subject: give api, team, cluster or workload")
        return self

    @property
    def columns(self) -> dict[str, Any]:
        """Columns of the ledger and what they have to be."""
        names = ("verdict", "measured", "max_replicas", "reason", "is_over_strict")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def _made_up(self) -> str:
        return f"{describe_cycles(self.cycles)}: {self.subject_in_words()} is {self.verdict}"


class ClusterExpectation(Expectation):
    """Whether a cluster was seen in each of the cycles."""

    cycles: Cycles
    cluster: str
    status: Literal["complete", "partial", "failed"]
    error_class: str | None = None

    def _made_up(self) -> str:
        return f"{describe_cycles(self.cycles)}: collection of {self.cluster} is {self.status}"


class MessageExpectation(Expectation):
    """How many Slack messages of a kind there are over the run; everything given must match."""

    channel: str | None = Field(default=None, description="Channel id or name")
    api: str | None = None
    cluster: str | None = None
    kind: str | None = Field(default=None, description="Reason told by the outbox: first, resolved, blind, worse, …")
    cycles: Cycles | None = Field(
        default=None, description="Posted while one of these cycles was run; any when omitted"
    )
    text: Texts = Field(default=(), description="Words the message holds when posted, case ignored")
    in_thread: bool | None = None
    count: Count = Field(default=1, description="How many messages match; 0 expects silence")

    def _made_up(self) -> str:
        times = "no message" if self.count == 0 else f"{self.count} message{'s' if self.count > 1 else ''}"
        when = describe_cycles(self.cycles) if self.cycles else ""
        about = f"about {self.api or self.cluster}" if self.api or self.cluster else ""
        kind = f"({self.kind})" if self.kind else ""
        place = f"in {self.channel}" if self.channel else ""
        return _described(
            [f"{when}:" if when else "", times, kind, about, place, f"saying {self.text}" if self.text else ""]
        )


class SilenceExpectation(Expectation):
    """No Slack message names the API, at any time; the API's name alone says the same."""

    api: str
    cycles: Cycles | None = None

    def _made_up(self) -> str:
        return _described([f"{describe_cycles(self.cycles)}:" if self.cycles else "", f"nothing said about {self.api}"])


def _api_alone(value: Any) -> Any:
    return {"api": value} if isinstance(value, str) else value


Silence = Annotated[
    SilenceExpectation,
    BeforeValidator(_api_alone, json_schema_input_type=str | SilenceExpectation),
]


class EpisodeExpectation(Subject):
    """How many episodes look like this at the end of the run."""

    kind: Literal["over_limit", "blind_cluster", "limits_blind"] | None = None
    state: Literal["pending", "firing", "recovering", "resolved", "inactive"] | None = None
    end_reason: str | None = None
    severity: Literal["warning", "critical"] | None = None
    fired: int | None = Field(default=None, ge=1, description="Cycle it fired in")
    resolved: int | None = Field(default=None, ge=1, description="Cycle it was resolved in")
    peak: Count | None = Field(default=None, description="Most pods seen")
    count: Count = 1

    def _made_up(self) -> str:
        cycles = [
            f"fired in cycle {self.fired}" if self.fired else "",
            f"resolved in cycle {self.resolved}" if self.resolved else "",
        ]
        end = f"({self.end_reason})" if self.end_reason else ""
        number = "no" if self.count == 0 else str(self.count)
        return _described([number, self.state, self.kind, f"episode of {self.subject_in_words()}", *cycles, end])


class RejectionExpectation(Expectation):
    """A Firestore document was refused and the reason recorded."""

    document: str
    text: Texts = Field(default=(), description="Words the reason holds, case ignored")

    def _made_up(self) -> str:
        return f"document {self.document} is rejected with its reason"


class Expectations(Model):
    """Everything expected of a run."""

    verdicts: list[VerdictExpectation] = Field(default_factory=list)
    clusters: list[ClusterExpectation] = Field(default_factory=list)
    messages: list[MessageExpectation] = Field(default_factory=list)
    silence: list[Silence] = Field(default_factory=list)
    episodes: list[EpisodeExpectation] = Field(default_factory=list)
    rejections: list[RejectionExpectation] = Field(default_factory=list)

    @property
    def all(self) -> list[Expectation]:
        """Every expectation, in the order of the file."""
        return [item for field in type(self).model_fields for item in getattr(self, field)]


class BackfillExpectation(Model):
    """What the backfill of the last act leaves behind."""

    runs: Count | None = Field(default=None, description="DAG runs executed; the number of cycles when omitted")
    new_messages: Count = 0
    new_notifications: Count = 0
    new_evidence_objects: Count = Field(default=0, description="Objects written below obs/: a backfill never collects")
    files: list[str] = Field(default_factory=lambda: list(AUDIT_FILES), description="Files below audits/")
    verdicts: list[VerdictExpectation] = Field(
        default_factory=list, description="Verdicts as known now: the newest revision, where live ones are the first"
    )


class Backfill(Model):
    """The last act: Airflow's own backfill over some of the run's cycles."""

    cycles: Cycles
    dag_id: Name | Literal["ped_replica_watch"] = "ped_replica_watch"
    expect: BackfillExpectation = Field(default_factory=BackfillExpectation)

    @model_validator(mode="after")
    def _is_one_range(self) -> "Backfill":
        if self.cycles != tuple(range(self.cycles[0], self.cycles[-1] + 1)):
            raise ValueError("cycles has gaps: a backfill covers one range, e.g. 1-3")
        return self
