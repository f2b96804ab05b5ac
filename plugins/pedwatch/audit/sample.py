"""A sample of subject-cycles with every source row behind each: what an auditor follows by hand. Pure.

What is drawn depends on the seed and on each subject-cycle alone (`audit/sample.sql`), so that who draws again, on
another day or another machine, draws the same.
"""

import datetime as dt
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pedwatch.audit.judged import Row

SIZE = 25
"""So many are drawn where nobody says otherwise."""

EvidenceState = Literal["unchanged", "changed", "gone", "none"]
"""Of what a collector wrote: ``none`` where the cluster was not seen, so that it wrote no object."""

COMPARED = ("verdict", "measured", "ceiling", "limit_id", "limit_version", "max_replicas", "exemption_id", "reason")
"""What a recomputation has to say again."""


@dataclass(frozen=True)
class Evidence:
    """What one cluster's collector wrote of the cycle, held against what was recorded and loaded of it."""

    cluster: str
    state: EvidenceState
    manifest_state: EvidenceState
    evidence_object: str | None = None
    manifest_object: str | None = None
    recorded_sha256: str | None = None
    found_sha256: str | None = None
    rows_differ: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sampled:
    """One subject-cycle that was drawn, and what stands behind it; rows are as their tables have them."""

    cycle: dt.datetime
    fingerprint: str
    revisions: Sequence[Row]
    then: Row | None
    now: Row | None
    coverage: Sequence[Row]
    observations: Sequence[Row]
    evidence: Sequence[Evidence]
    limits: Sequence[Row]
    policies: Sequence[Row]
    messages: Sequence[Row]

    @property
    def live(self) -> Row | None:
        """The first live verdict: what alerts were made of."""
        return next((row for row in self.revisions if row["origin"] == "live"), None)

    @property
    def subject(self) -> str:
        """The subject in words."""
        found = self.live or self.then or self.now or self.revisions[0]
        return str(found["subject"])

    @property
    def findings(self) -> list[str]:
        """Say what does not agree, one sentence each; none where all of it does."""
        return [*self._of_verdicts(), *self._of_evidence()]

    def _of_verdicts(self) -> Iterator[str]:
        if self.live is None:
            yield "no live run judged it"
        if self.then is None:
            yield "recomputed as known then, there is no such verdict"
            return
        for name in COMPARED if self.live is not None else ():
            assert self.live is not None
            if self.live[name] != self.then[name]:
                yield f"{name} was {_shown(self.live[name])} live, and is {_shown(self.then[name])} as known then"
        if self.now is None or self.now["verdict"] != self.then["verdict"]:
            said = "not there" if self.now is None else self.now["verdict"]
            yield f"as known now it is {said}: limits or data were learnt later"

    def _of_evidence(self) -> Iterator[str]:
        for one in self.evidence:
            if one.state == "gone":
                yield f"{one.cluster}: {one.evidence_object} is gone"
            elif one.state == "changed":
                found, recorded = (one.found_sha256 or "")[:12], (one.recorded_sha256 or "")[:12]
                yield f"{one.cluster}: {one.evidence_object} has SHA-256 {found}…, and {recorded}… was recorded"
            if one.manifest_state in ("gone", "changed"):
                said = "is gone" if one.manifest_state == "gone" else "does not say what was recorded"
                yield f"{one.cluster}: {one.manifest_object} {said}"
            for name in one.rows_differ:
                yield f"{one.cluster}: {name} is not loaded as the collector wrote it"

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON values but times, which stay datetimes."""
        return {
            "cycle": self.cycle,
            "subject": self.subject,
            "fingerprint": self.fingerprint,
            "findings": self.findings,
            "verdicts": {"live": self.live, "then": self.then, "now": self.now, "revisions": [*self.revisions]},
            "coverage": [*self.coverage],
            "observations": [*self.observations],
            "evidence": [vars(one) | {"rows_differ": [*one.rows_differ]} for one in self.evidence],
            "limits": [*self.limits],
            "policies": [*self.policies],
            "messages": [*self.messages],
        }


@dataclass(frozen=True)
class WrittenObject:
    """What a collector wrote: the hash of its uncompressed content, and its rows by who they are of."""

    sha256: str
    rows: Mapping[tuple[str, str, str], Mapping[str, Any]] = field(repr=False)


def read_object(content: bytes) -> WrittenObject:
    """Read a data object as it is stored, gzipped or not; of what is no row nothing is kept but the hash."""
    try:
        text = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error):
        text = content
    return WrittenObject(hashlib.sha256(text).hexdigest(), dict(_rows_of(text)))


def _rows_of(text: bytes) -> Iterator[tuple[tuple[str, str, str], Mapping[str, Any]]]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and {"namespace", "resource_type", "name"} <= row.keys():
            yield identity(row), row


def identity(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return who an observation of a cluster is of."""
    return row["namespace"], row["resource_type"], row["name"]


def held_against(
    run: Mapping[str, Any],
    written: WrittenObject | None,
    manifest_object: str | None,
    manifest: Mapping[str, Any] | None,
    loaded: Iterable[Row],
) -> Evidence:
    """Hold what a collector wrote against what was recorded of it and loaded from it.

    Args:
        run: row of ``collection_runs``.
        written: the object as it is now; None when it is gone.
        manifest_object: address of the manifest beside the object.
        manifest: what it says now, in the words of ``collection_runs``; None when it is gone, empty for nonsense.
        loaded: observations of this cluster, as the table has them.
    """
    address, recorded = run["evidence_object"], run["content_sha256"]
    if address is None:
        return Evidence(run["cluster"], "none", "none")
    told: EvidenceState = "gone" if manifest is None else "unchanged" if _says(manifest, run) else "changed"
    if written is None:
        return Evidence(run["cluster"], "gone", told, address, manifest_object, recorded)
    state: EvidenceState = "unchanged" if written.sha256 == recorded else "changed"
    differing = tuple("/".join(identity(row)) for row in loaded if not _is_as_written(row, written))
    return Evidence(run["cluster"], state, told, address, manifest_object, recorded, written.sha256, differing)


def _says(manifest: Mapping[str, Any], run: Mapping[str, Any]) -> bool:
    """Tell whether a manifest says what was recorded; how long a cycle is, it does not know."""
    return bool(manifest) and all(manifest[name] == value for name, value in run.items() if name in manifest)


def _is_as_written(row: Row, written: WrittenObject) -> bool:
    """Tell whether a loaded row says what the object's does; what the object does not name is NULL."""
    source = written.rows.get(identity(row))
    return source is not None and all(_plain(value) == _plain(source.get(name)) for name, value in row.items())


def _plain(value: Any) -> Any:
    """Return a value as both sides write it: a time as such, no labels as none."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC)
    if isinstance(value, str) and value[:1].isdigit() and "T" in value:
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment.astimezone(dt.UTC) if moment.tzinfo else value
    return None if value in ([], "") else value


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)


def in_words(sampled: Sequence[Sampled]) -> Iterator[str]:
    """Yield the lines that a person reads: of each what was said of it, and what stands behind it."""
    for number, one in enumerate(sampled, 1):
        yield f"{number}. {one.cycle:%Y-%m-%d %H:%M} UTC  {one.subject}"
        for name, row in (("judged live", one.live), ("as known then", one.then), ("as known now", one.now)):
            yield f"   {name:<14} {_verdict_in_words(row)}"
        yield from _limits_in_words(one)
        for row in one.observations:
            yield f"   {'observed':<14} {_observation_in_words(row)}"
        for evidence in one.evidence:
            where = evidence.evidence_object or "the cluster was not seen, so there is none"
            yield f"   {'evidence':<14} {evidence.cluster}: {evidence.state}, {where}"
        told = [row for row in one.messages if row["notification_id"] is not None]
        for row in told:
            yield f"   {'told':<14} {row['reason']} in {row['channel']}, {row['status']}, {_moment(row['sent_at'])}"
        if not told:
            yield f"   {'told':<14} nothing"
        for finding in one.findings:
            yield f"   {'DIFFERS':<14} {finding}"


def _verdict_in_words(row: Row | None) -> str:
    if row is None:
        return "not judged"
    limit = f", limit {row['limit_id']} v{row['limit_version']}" if row["limit_id"] else ""
    return f"{row['verdict']} ({row['reason']}): {_shown(row['measured'])} of {_shown(row['ceiling'])}{limit}"


def _limits_in_words(one: Sampled) -> Iterator[str]:
    for row in one.limits:
        granted = f"{row['approver']}, {row['ticket']}, commit {_shown(row['source_commit'])[:12]}"
        yield f"   {'limit':<14} {row['limit_id']} v{row['version']}: {row['max_replicas']}, granted by {granted}"
    for version in sorted({row["policy_version"] for row in one.policies}):
        yield f"   {'policy':<14} {version}"


def _observation_in_words(row: Row) -> str:
    who = f"{row['cluster']}/{row['namespace']}/{row['resource_type']}/{row['name']}"
    if row["resource_type"] == "hpa":
        return f"{who}: current {_shown(row['hpa_current_replicas'])}, at most {_shown(row['hpa_max_replicas'])}"
    return f"{who}: {_shown(row['status_replicas'])} running, {_shown(row['spec_replicas'])} asked for"


def _moment(value: dt.datetime | None) -> str:
    return "not sent" if value is None else f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
