"""The PED document: what a team may say about one limit, in its YAML form and its Firestore form.

Nothing here weakens detection except the ceiling itself and dated exemption requests (docs/design.md#d10). Unknown keys
are errors, because a misspelt one would silently not count.
"""

import datetime as dt
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    field_validator,
    model_validator,
)

from pedwatch.config import PATTERNS, LabelKey, LabelValue, Name
from pedwatch.limits import ids
from pedwatch.written.plain_values import plain, shown
from pedwatch.written.problems import Shape

MAX_EXEMPTION = dt.timedelta(days=90)
BOOKKEEPING = ("updated_at", "content_sha256", "deleted", "version", "previous_update_time")
"""Fields of a stored document that publishing fills in; they are no content."""

GLOB = r"^[-A-Za-z0-9._*?]+$"
_TIME = re.compile(r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:?\d{2})?$")
_FIRST_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_END_OF_TIMES = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
"""What lies outside is how other languages write "no date". Our own open end lies there, and the edges of BigQuery's
calendar, near which a sum of times is an error."""
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, line separators and halves of characters."""


def _read_time(value: Any) -> dt.datetime:
    """Take an RFC 3339 text or an aware datetime; never a number, which would be read as seconds since 1970."""
    if isinstance(value, str) and _TIME.match(value.strip()):
        try:
            value = dt.datetime.fromisoformat(value.strip().upper())
        except ValueError as error:
            raise ValueError(f"{value!r} is no real time ({error}): write it like 2026-03-01T09:00:00Z") from None
    if not isinstance(value, dt.datetime):
        raise ValueError(f"{shown(value)} is no time: write it like 2026-03-01T09:00:00Z")
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no offset, so it could be any hour: append Z for UTC, or +01:00")
    if not _FIRST_TIME <= value < _END_OF_TIMES:
        raise ValueError(
            f"{value.isoformat()} is outside of the years 1970 to 9998: write the time that is meant, or leave it out "
            f"where there is none"
        )
    return value


def _in_utc(value: dt.datetime) -> dt.datetime:
    # A plain datetime: Firestore hands out a subclass that carries nanoseconds.
    value = value.astimezone(dt.UTC)
    return dt.datetime(*value.timetuple()[:6], value.microsecond, tzinfo=dt.UTC)


def _written_out(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty: write it out")
    if unseen := _UNSEEN.search(value):
        raise ValueError(f"holds the character U+{ord(unseen[0]):04X}, which nobody sees: write it on one line without")
    return value


Time = Annotated[dt.datetime, BeforeValidator(_read_time), AfterValidator(_in_utc)]
Glob = Annotated[str, Field(pattern=GLOB, max_length=253)]
Text = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_written_out)]
Replicas = Annotated[StrictInt, Field(ge=0, le=1_000_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Selectors(_Strict):
    """Narrows which workloads count; ``*`` and ``?`` are wildcards. With none, every workload with the labels."""

    cluster: Glob | None = Field(default=None, description="Clusters, e.g. eu-*")
    namespace: Glob | None = Field(default=None, description="Namespaces; also takes workloads without labels")
    kind: Glob | None = Field(default=None, description="Workload kind, e.g. Deployment")
    name: Glob | None = Field(default=None, description="Workload names; also takes workloads without labels")
    labels: dict[LabelKey, Glob] = Field(
        default_factory=dict,
        max_length=8,
        description="Values of further workload labels, by key; only keys of label_keys.also are ever collected",
    )

    @property
    def count(self) -> int:
        """How many selectors are set, each label counting as one: more of them are more specific."""
        return sum(glob is not None for glob in (self.cluster, self.namespace, self.kind, self.name)) + len(self.labels)


NO_SELECTORS = Selectors()


def _shared(selectors: Selectors) -> Selectors:
    """Most limits set none: of fifty thousand in memory, those share one object."""
    return NO_SELECTORS if selectors == NO_SELECTORS else selectors


class Grant(_Strict):
    """Who granted the ceiling, and where it was asked for."""

    approver: Text
    ticket: Text


class Exemption(_Strict):
    """A dated request to exceed the limit; counts only when its approver is on the platform's allow-list."""

    id: Name = Field(description="Unique within the limit")
    reason: Text
    ticket: Text
    approver: Text
    starts_at: Time = Field(description="First moment it counts, with an offset")
    ends_at: Time = Field(description="First moment it no longer counts; at most 90 days after starts_at")
    max_replicas: Replicas | None = Field(description="The temporary ceiling; null ignores the limit altogether")

    @model_validator(mode="after")
    def _has_an_end_in_sight(self) -> "Exemption":
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must be later than starts_at: swap them, or mend the date")
        if self.ends_at - self.starts_at > MAX_EXEMPTION:
            days = (self.ends_at - self.starts_at) / dt.timedelta(days=1)
            raise ValueError(f"ends_at is {days:.0f} days after starts_at, 90 are allowed: end it earlier, renew later")
        return self


class Source(_Strict):
    """Where the document came from; filled in by publishing."""

    repo: str | None = None
    path: str | None = None
    commit: str | None = None


class PedLimit(_Strict):
    """The ceiling on replicas granted to one API in one environment."""

    environment: Name = Field(description="Environment the limit holds in, as in pedwatch.yaml")
    team_id: LabelValue = Field(description="The team that owns the API: the value of its workloads' team label")
    api_id: LabelValue = Field(description="The API: the value of its workloads' API label")
    name: Name | None = Field(default=None, description="Tells several limits of one API apart")
    scope: Literal["cluster", "workload", "total"] = Field(
        default="cluster",
        description="cluster: the sum within each cluster; workload: each one by itself; total: the sum over clusters",
    )
    selectors: Annotated[Selectors, AfterValidator(_shared)] = Field(default_factory=lambda: NO_SELECTORS)
    max_replicas: Replicas = Field(description="The ceiling, in pods")
    grant: Grant
    effective_from: Time | None = Field(default=None, description="When the ceiling begins; by default when published")
    exemptions: tuple[Exemption, ...] = ()
    source: Source | None = None

    @field_validator("exemptions")
    @classmethod
    def _exemption_ids_are_unique(cls, exemptions: tuple[Exemption, ...]) -> tuple[Exemption, ...]:
        uses = Counter(exemption.id for exemption in exemptions)
        if twice := [exemption_id for exemption_id, count in uses.items() if count > 1]:
            raise ValueError(f"id {', '.join(sorted(twice))} is used twice: rename one")
        return exemptions

    @property
    def limit_id(self) -> str:
        """``<environment>.<team_id>.<api_id>[.<name>]``, dots within a part doubled: the Firestore document id."""
        parts = [self.environment, self.team_id, self.api_id, self.name]
        return ids.joined(part for part in parts if part)

    def content(self) -> dict[str, Any]:
        """Return what the team said, with times as text: without source and bookkeeping."""
        return self.model_dump(mode="json", exclude={"source"})

    @property
    def content_sha256(self) -> str:
        """Hash of the content: equal hashes mean nothing was changed, wherever it was written."""
        text = json.dumps(self.content(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_firestore(self) -> dict[str, Any]:
        """Return the stored form without bookkeeping: every field is present, so that an update leaves nothing old."""
        stored = self.model_dump(mode="python")
        stored["exemptions"] = list(stored["exemptions"])
        return stored

    @classmethod
    def from_firestore(cls, document_id: str, data: Mapping[str, Any]) -> "PedLimit":
        """Read the stored form.

        Raises:
            pydantic.ValidationError: a field is wrong.
            ValueError: the document is stored under an id that is not its own.
        """
        limit = cls.model_validate({key: value for key, value in data.items() if key not in BOOKKEEPING})
        if limit.limit_id != document_id:
            raise ValueError(
                f"the document says it is {limit.limit_id} but is stored as {document_id}: "
                f"publish it anew and delete this one"
            )
        return limit


SHAPE = Shape(PedLimit, PATTERNS | {GLOB: "letters, digits, . _ - and the wildcards * and ?"}, hidden=("source",))


def raw_sha256(data: Mapping[str, Any]) -> str:
    """Hash a stored document that cannot be read as a limit, without its bookkeeping."""
    content = {key: value for key, value in data.items() if key not in BOOKKEEPING}
    return hashlib.sha256(json.dumps(plain(content), sort_keys=True).encode()).hexdigest()


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the YAML form, for editors and CI: ``source`` is not for teams to write."""
    schema = PedLimit.model_json_schema()
    del schema["properties"]["source"], schema["$defs"]["Source"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "PED limit",
        **{key: value for key, value in schema.items() if key != "title"},
    }
