"""What was told, beside what was to be told: each breach once, its end once, in its channel, and no untrue word."""

import collections
import datetime as dt
import html
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from pedwatch.alerts.episodes import NAMESPACE
from soak.inhabitants import PLATFORM_CHANNEL
from soak.judge.breaches import Breach
from soak.judge.evidence import Evidence, Finding, Row
from soak.judge.ledger import Ledger

ID = "notification_id"
BEGINS, ENDS = ("first",), ("resolved",)
WAITING = ("unsent", "sending", "ambiguous")
FACT = re.compile(
    r"(?P<api>\S+) (?P<does>runs|asks for) (?P<least>at least )?(?P<pods>\d+) pods?(?: and runs \d+ pods?)? in "
    r"(?P<place>.+?), its limit is (?P<limit>\d+)"
)
ENDED = re.compile(r"Resolved: (?P<api>\S+) in (?P<place>.+?) is within its limit again after")


def payload_of(message: Row) -> Mapping[str, Any]:
    """Return what a message carries to be found again by; nothing for what people wrote."""
    return (message.get("metadata") or {}).get("event_payload") or {}


class Told:
    """Reads Slack.

    Args:
        evidence: what is judged.
        ledger: read already: it knows what was so in every cycle.
    """

    def __init__(self, evidence: Evidence, ledger: Ledger) -> None:
        self._evidence, self._ledger = evidence, ledger
        self._standing = [m for m in evidence.messages if not m.get("deleted") and ID in payload_of(m)]
        self._outbox = {row[ID]: row for row in evidence.tables["notifications"]}
        self.breaches = ledger.breaches.all()

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong."""
        yield from self._doubled_and_lost()
        yield from self._waiting()
        yield from self._breaches()
        yield from self._untrue()

    def _doubled_and_lost(self) -> Iterator[Finding]:
        shown = collections.Counter(payload_of(message)[ID] for message in self._standing)
        for name, count in shown.items():
            row = self._outbox.get(name)
            if row is None:
                yield Finding("doubled", name, "shown in Slack, and in no outbox")
            elif count > 1:
                yield Finding("doubled", row["reason"], f"shown {count} times", *self._of(row))
        for name, row in self._outbox.items():
            if row["status"] == "sent" and row["message_ts"] and name not in shown and not _is_edit(row):
                yield Finding("lost", row["reason"], "sent by the outbox, and not in Slack", *self._of(row))

    def _of(self, row: Row) -> tuple[int | None, str | None]:
        episode = next((e for e in self._evidence.tables["episodes"] if e["episode_id"] == row["episode_id"]), {})
        return self._evidence.number_at(row["cycle"]), episode.get("api_id")

    def _waiting(self) -> Iterator[Finding]:
        for row in self._outbox.values():
            if row["status"] in WAITING and not row["error"]:
                yield Finding("waiting", row["reason"], f"{row['status']}, and nothing says why", *self._of(row))
            if row["status"] == "dead" and not row["alert_id"]:
                yield Finding("waiting", row["reason"], "given up, and nobody was told", *self._of(row))

    def _breaches(self) -> Iterator[Finding]:
        """Hold every breach against the words that carry its id."""
        by_episode: dict[str, list[Row]] = collections.defaultdict(list)
        for row in self._outbox.values():
            by_episode[row["episode_id"]].append(row)
        visible = {payload_of(message)[ID]: message for message in self._standing}
        expected = set()
        for breach in self.breaches:
            name = episode_of(self._ledger.fingerprints[breach.subject], breach.started)
            expected.add(name)
            yield from self._breach(breach, by_episode.get(name, []), visible)
        for episode in self._evidence.tables["episodes"]:
            if episode["kind"] == "over_limit" and episode["episode_id"] not in expected:
                rows = by_episode.get(episode["episode_id"], [])
                if any(row[ID] in visible for row in rows):
                    yield Finding("untrue", episode["subject"], "told, and never over", *self._of(rows[0]))

    def _breach(self, breach: Breach, rows: list[Row], visible: Mapping[str, Row]) -> Iterator[Finding]:
        number = self._evidence.number_at(breach.fired or breach.started)
        about: tuple[int | None, str | None] = (number, breach.api_id)
        told = [row for row in rows if self._is_told(row, visible)]
        begun = [row for row in told if row["reason"] in BEGINS]
        ended = [row for row in told if row["reason"] in ENDS]
        if breach.fired is None:
            if told:
                yield Finding("untrue", breach.subject, f"told as {told[0]['reason']}, and never over for long", *about)
            return
        if not begun:
            if not self._was_hidden(breach):
                yield Finding("lost", breach.subject, f"over since {breach.started:%a %H:%M}, and never told", *about)
            return
        if len(begun) > 1:
            yield Finding("doubled", breach.subject, f"its beginning is told {len(begun)} times", *about)
        if breach.ended is not None and not ended:
            yield Finding("lost", breach.subject, f"ended {breach.ended:%a %H:%M}, and its end is not told", *about)
        if len(ended) > 1 or (ended and breach.ended is None):
            yield Finding("doubled", breach.subject, f"its end is told {len(ended)} times too often", *about)
        channel = self._channel(begun[0]["team_id"])
        for row in told:
            shown = visible.get(row["told_by"] or row[ID], {}).get("channel", row["channel"])
            if shown != channel:
                yield Finding("channel", breach.subject, f"told in {shown}, belongs in {channel}", *about)

    def _is_told(self, row: Row, visible: Mapping[str, Row]) -> bool:
        if row["status"] == "grouped":
            storm = self._outbox.get(row["told_by"] or "")
            return storm is not None and (storm[ID] in visible or _is_edit(storm))
        return row[ID] in visible

    def _was_hidden(self, breach: Breach) -> bool:
        """Tell whether it could not be seen from when it had lasted until its end: then its cluster is told."""
        after = [cycle for cycle in self._ledger.judged if cycle >= (breach.fired or breach.started)]
        after = [cycle for cycle in after if breach.ended is None or cycle < breach.ended]
        return all(cycle in breach.dark for cycle in after[1:]) and breach.ended is not None and len(after) > 1

    def _channel(self, team_id: str | None) -> str:
        team = next((team for team in self._evidence.world.teams if team.team_id == team_id), None)
        return team.channel if team is not None and team.is_live else PLATFORM_CHANNEL

    def _untrue(self) -> Iterator[Finding]:
        """Hold the numbers of every word against what was so in its cycle, or when it was seen last before."""
        judged = set(self._ledger.judged)
        for message in self._standing:
            payload = payload_of(message)
            cycle = dt.datetime.fromisoformat(payload["cycle"])
            if cycle not in judged or payload["reason"] == "welcome":  # which shows an example
                continue
            number = self._evidence.number_at(cycle)
            first = html.unescape((message["revisions"] or [message])[0]["text"])
            for found in FACT.finditer(first):
                rows = [row for row in self._last_seen(found["api"], cycle) if row["verdict"] == "over_limit"]
                if not any(_is_true(found, row) for row in rows):
                    yield Finding("untrue", payload["reason"], f"says: {found.group(0)}", number, found["api"])
            if (ended := ENDED.search(first)) is not None:
                here = [b.seen.get(cycle) for b in self.breaches if b.api_id == ended["api"]]
                over = [row for row in here if row is not None and row["verdict"] == "over_limit"]
                if any(_is_there(ended["place"], row) for row in over):
                    yield Finding("untrue", payload["reason"], f"says: {ended.group(0)}", number, ended["api"])

    def _last_seen(self, api_id: str, cycle: dt.datetime) -> Iterator[Row]:
        for breach in self.breaches:
            if breach.api_id == api_id and (seen := [at for at in breach.seen if at <= cycle]):
                yield breach.seen[max(seen)]


def episode_of(fingerprint: str, started: dt.datetime) -> str:
    """Return the id of a breach's episode: what docs/tables.md says of ``episode_id``."""
    return str(uuid.uuid5(NAMESPACE, f"{fingerprint}|{started.astimezone(dt.UTC).isoformat()}"))


def _is_edit(row: Row) -> bool:
    """Tell whether a word is one that the parent alone shows."""
    return bool(row["message_ts"] == row["parent_ts"] and row["sequence"] > 1)


def _is_there(place: str, row: Row) -> bool:
    where = f"all {row['environment']} clusters" if row["cluster"] is None else row["cluster"]
    return place.split(" / ")[0] == where


def _is_true(found: re.Match[str], row: Row) -> bool:
    """Tell whether a sentence is true of a subject in its cycle."""
    runs = row["measured"] if row["running"] is None or found["does"] == "asks for" else row["running"]
    counts = (row["measured"], runs)
    is_same = row["api_id"] == found["api"] and row["max_replicas"] == int(found["limit"])
    is_part = bool(found["least"]) == (row["reason"] == "lower_bound_over_ceiling")
    return is_same and is_part and int(found["pods"]) in counts and _is_there(found["place"], row)
