"""Draws a sample of subject-cycles and reads what stands behind each: tables, recomputations, objects in the bucket."""

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from pedwatch.audit.judged import Row
from pedwatch.audit.sample import Evidence, Sampled, held_against, read_object
from pedwatch.cycles import SHORTEST
from pedwatch.errors import AuditError
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.manifests import UnreadableManifestError, parse_manifest

if TYPE_CHECKING:
    from google.cloud import storage

AT_ONCE = 8
"""Statements at once: each cycle is judged anew twice, and BigQuery takes its time for a script."""
_DRAWN = {"cycle": "TIMESTAMP", "fingerprint": "STRING"}
_OF_SUBJECT = "scope environment cluster namespace workload_kind workload_name api_id team_id limit_id".split()


def draw(
    warehouse: Warehouse,
    client: "storage.Client",
    start: dt.datetime,
    end: dt.datetime,
    size: int,
    seed: str,
    now: dt.datetime,
) -> list[Sampled]:
    """Draw subject-cycles of a period, and read every row behind them.

    Args:
        warehouse: BigQuery.
        client: of the bucket that collectors write to.
        start: first cycle, UTC.
        end: the first moment that no longer counts.
        size: how many; fewer where the ledger has fewer.
        seed: the same seed draws the same.
        now: as known now is as known then, UTC.

    Raises:
        AuditError: the ledger has no verdict of the period.
        LedgerError: BigQuery refused, or did not answer.
    """
    wanted = {"period_start": start, "period_end": end, "seed": seed, "size": size}
    drawn = warehouse.run("audit/sample.sql", wanted)
    if not drawn:
        raise AuditError(
            f"the ledger has no verdict from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC: choose a period in "
            f"which ped_replica_watch ran"
        )
    reader = _Reader(warehouse, client, drawn, now)
    with ThreadPoolExecutor(AT_ONCE) as readers:
        recomputed = dict(zip(reader.cycles, readers.map(reader.recompute, reader.cycles), strict=True))
        return list(readers.map(lambda row: reader.sampled(row, recomputed[row["cycle"]]), drawn))


class _Reader:
    """Reads what stands behind the subject-cycles that were drawn; what belongs to all of them once."""

    def __init__(self, warehouse: Warehouse, client: "storage.Client", drawn: Sequence[Row], now: dt.datetime) -> None:
        self._warehouse, self._client, self._now = warehouse, client, now
        self.cycles = sorted({row["cycle"] for row in drawn})
        period = {"period_start": self.cycles[0], "period_end": self.cycles[-1] + SHORTEST}
        self._limits = warehouse.run("audit/period_limits.sql", period)
        self._policies = warehouse.run("audit/period_policies.sql", period)
        asked = [{name: row[name] for name in _DRAWN} for row in drawn]
        self._messages = warehouse.run("audit/sampled_messages.sql", {"drawn": Typed(_DRAWN, asked)})

    def recompute(self, cycle: dt.datetime) -> dict[str, list[dict[str, Any]]]:
        """Judge a cycle anew, as known then and as known now, and say how clusters were seen in it."""
        period = {"period_start": cycle, "period_end": cycle + SHORTEST}
        everybody = {name: Typed("ARRAY<STRING>", []) for name in ("teams", "apis")}
        known = {"then": Typed("TIMESTAMP", None), "now": self._now}
        judged = {
            name: self._warehouse.run("audit/period_verdicts.sql", {**period, **everybody, "known_at": moment})
            for name, moment in known.items()
        }
        return judged | {"coverage": self._warehouse.run("audit/period_coverage.sql", period)}

    def sampled(self, drawn: Row, recomputed: Mapping[str, Sequence[Row]]) -> Sampled:
        """Read what stands behind one subject-cycle."""
        cycle, fingerprint = drawn["cycle"], drawn["fingerprint"]
        key = (cycle, fingerprint)
        revisions = self._warehouse.run("audit/sampled_ledger.sql", dict(zip(_DRAWN, key, strict=True)))
        then, now = (_of(fingerprint, recomputed[name]) for name in ("then", "now"))
        verdicts = [row for row in (*revisions, then, now) if row is not None]
        subject = verdicts[0]
        observations = self._observations(subject)
        coverage = [row for row in recomputed["coverage"] if _concerns(row, subject)]
        versions = {(row["limit_id"], row["limit_version"]) for row in verdicts}
        policies = {row["policy_version"] for row in verdicts}
        return Sampled(
            cycle=cycle,
            fingerprint=fingerprint,
            revisions=revisions,
            then=then,
            now=now,
            coverage=coverage,
            observations=observations,
            evidence=[self._evidence(run, observations) for run in coverage],
            limits=[row for row in self._limits if (row["limit_id"], row["version"]) in versions],
            policies=[row for row in self._policies if row["policy_version"] in policies],
            messages=[
                row for row in self._messages if (row["drawn_cycle"], row["fingerprint"]) == (cycle, fingerprint)
            ],
        )

    def _observations(self, subject: Row) -> list[dict[str, Any]]:
        named = {name: Typed("STRING", subject[name]) for name in _OF_SUBJECT}
        version = Typed("INT64", subject["limit_version"])
        asked = {"cycle": subject["cycle"], **named, "limit_version": version}
        return self._warehouse.run("audit/sampled_observations.sql", asked)

    def _evidence(self, run: Row, observations: Sequence[Row]) -> Evidence:
        address = run["evidence_object"]
        if address is None:
            return held_against(run, None, None, None, ())
        loaded = [row for row in observations if row["cluster"] == run["cluster"]]
        content, beside = self._stored(address), address.replace("/obs/", "/manifests/", 1).removesuffix(".gz")
        written = None if content is None else read_object(content)
        return held_against(run, written, beside, self._manifest(beside), loaded)

    def _manifest(self, address: str) -> Mapping[str, Any] | None:
        content = self._stored(address)
        try:
            return None if content is None else parse_manifest(content, address)
        except UnreadableManifestError:
            return {}

    def _stored(self, address: str) -> bytes | None:
        """Return an object's bytes as they are stored; None when it is gone."""
        from google.api_core.exceptions import NotFound

        bucket, _, name = address.removeprefix("gs://").partition("/")
        try:
            content: bytes = self._client.bucket(bucket).blob(name).download_as_bytes(raw_download=True)
        except NotFound:
            return None
        return content


def _of(fingerprint: str, rows: Sequence[Row]) -> Row | None:
    return next((row for row in rows if row["fingerprint"] == fingerprint), None)


def _concerns(run: Row, subject: Row) -> bool:
    is_there = subject["cluster"] in (None, run["cluster"])
    return is_there and run["environment"] == subject["environment"] and run["status"] != "retired"
