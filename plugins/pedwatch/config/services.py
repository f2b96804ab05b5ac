"""The services around: Firestore and how it is synced, BigQuery's costs, connections, labels."""

from pydantic import Field, field_validator, model_validator

from pedwatch.config.kinds_of_text import SERVICE_ACCOUNT, BucketName, LabelKey, Strict, Text


class Firestore(Strict):
    """Where the limits are kept."""

    project: Text
    database: Text = "ped"
    collection: Text = "ped_limits"

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


class EvidenceHeads(Strict):
    """Where the heads of evidence are kept besides Slack, out of reach of who writes the evidence."""

    bucket: BucketName | None = Field(
        default=None,
        description="Bucket with a retention policy, in which nobody can replace or delete: deploy/terraform makes it. "
        "Empty: heads are kept in Slack alone, which the doctor and the digest say",
    )
    writer: str | None = Field(
        default=None,
        pattern=SERVICE_ACCOUNT,
        description="Google service account that may only create there, which link_pack becomes. Empty: it writes as "
        "the environment's own",
    )

    @field_validator("bucket", "writer", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        """A variable that is not set leaves the empty text."""
        return value or None

    @model_validator(mode="after")
    def _a_writer_has_a_bucket(self) -> "EvidenceHeads":
        if self.writer and not self.bucket:
            raise ValueError("writer is set and bucket is not: name the bucket of heads, or no writer")
        return self


class Connections(Strict):
    """Names of the Airflow connections used; secrets live only there."""

    google: Text = "google_cloud_default"
    kubernetes: Text = "kubernetes_default"
    slack: Text = "slack_ped"
    smtp: Text = Field(default="smtp_default", description="Mail server, where a team's alerts are copied by mail")


class LabelKeys(Strict):
    """Which labels of a workload are stored: those of its identity, those named here, no other (docs/design.md#d14)."""

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
