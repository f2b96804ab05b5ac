"""How long what is kept is kept: each table whose rows age, each folder of the bucket, and what an audit needs of them.

The one place where it is written. ``ped_housekeeping`` gives the tables these days; ``deploy/terraform`` reads the same
file for the buckets. What has no field here is kept for good: limits and policies are what audits are made of, and
episodes, reports and refusals are few. Pure.
"""

from collections.abc import Iterator

from pydantic import Field, model_validator

from pedwatch.config.kinds_of_text import Strict
from pedwatch.written.problems import refuse
from pedwatch.written.yaml_text import Location

HOURS_IN_DAYS = 410
"""BigQuery keeps 10,000 partitions of a table, which are 416 days of hours, and removes one late at times."""
LOOKS_BACK_DAYS = 2
"""What an audit reads from before its first day, less than one (docs/decisions/0026); and a partition of a day ends as
many days after its first moment, not its last."""
MONTH_DAYS = 31
"""The same of a partition of a month."""


class TableRetention(Strict):
    """Days that the rows of tables are kept, by table; the others are kept for good."""

    replica_observations: int = Field(default=400, ge=1, le=HOURS_IN_DAYS, description="What collectors counted")
    verdicts: int = Field(default=400, ge=1, le=HOURS_IN_DAYS, description="The ledger")
    collection_runs: int = Field(default=400, ge=1, description="Which cluster was seen in which cycle")
    limit_sync_runs: int = Field(default=400, ge=1, description="When limits were read, by which a cycle is judged")
    heartbeats: int = Field(default=400, ge=35, description="Which runs came to their end; the digest looks back 35")
    subject_days: int = Field(
        default=2557, ge=31, description="Counts by day, which the views look back at: seven years"
    )
    notifications: int = Field(default=460, ge=1, description="What was told to whom, in partitions of months")
    acknowledgements: int = Field(default=460, ge=1, description="Who takes care of what, in partitions of months")


class PrefixRetention(Strict):
    """Days that objects of the bucket stay, by folder; those of ``audits/`` as long as ``pack_years`` says."""

    obs: int = Field(default=400, ge=1, description="Observations as the collectors wrote them")
    manifests: int = Field(default=400, ge=1, description="What each collector says that it wrote, or why it could not")


class Retention(Strict):
    """How long what is kept is kept. Shorter is for good: BigQuery and Cloud Storage delete at once what is older."""

    auditable_days: int = Field(
        default=397,
        ge=31,
        description="Any of so many past days can be audited anew: a year, and the month that its audit takes. What an "
        "audit reads may not be kept for less",
    )
    pack_years: int = Field(
        default=7, ge=1, le=99, description="How long evidence packs stay, and no head of them can be deleted"
    )
    tables: TableRetention = Field(default_factory=TableRetention, description="Days of rows, by table of BigQuery")
    prefixes: PrefixRetention = Field(default_factory=PrefixRetention, description="Days of objects, by folder")

    @property
    def needed(self) -> dict[Location, int]:
        """What audits that are promised need: place → days."""
        days = self.auditable_days + LOOKS_BACK_DAYS
        by_month = days + MONTH_DAYS
        judged = ("replica_observations", "verdicts", "collection_runs", "limit_sync_runs", "heartbeats")
        said = ("notifications", "acknowledgements")
        found: dict[Location, int] = {("tables", name): days for name in judged}
        found |= {("tables", name): by_month for name in said}
        return found | {("prefixes", name): days for name in PrefixRetention.model_fields}

    @model_validator(mode="after")
    def _nothing_that_an_audit_needs_goes_earlier(self) -> "Retention":
        refuse(self._too_short())
        return self

    def _too_short(self) -> Iterator[tuple[Location, str]]:
        kept = {"tables": self.tables, "prefixes": self.prefixes}
        for at, needed in self.needed.items():
            days = getattr(kept[str(at[0])], str(at[1]))
            if days < needed:
                yield (
                    at,
                    f"{days} days are less than an audit needs of any of the last {self.auditable_days} days: write "
                    f"{needed} or more, or a smaller retention.auditable_days",
                )
        if self.pack_years * 365 < self.auditable_days:
            yield (
                ("pack_years",),
                f"{self.pack_years} years are less than the {self.auditable_days} days that can be audited anew: "
                "evidence may not go before what it was made of",
            )
