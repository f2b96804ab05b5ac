"""What of the policy was changed in a period, and by whom: from the versions of ``policy_history``. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pedwatch.config import PolicyOverride

Row = Mapping[str, Any]
Level = tuple[str | None, str | None]
"""Whose settings: team and API; None for all."""
Effect = Literal["weaker", "stricter", "other"]

COLUMNS = "changed_at setting team_id api_id before after effect commits authors tickets policy_version".split()
_SETTINGS = tuple(PolicyOverride.model_fields)
_STRICTER_WHEN_MORE = {"clear_observations", "window_observations"}
"""More of any other setting lets more pass, or lets it pass for longer."""
_NOT_LISTED = {
    "approvers": "approves nothing",
    "retired_clusters": "not retired",
    "suppressed_teams": "not suppressed",
    "advisories": "not reported",
}
"""Settings that are lists, and what is said of what is not in them."""
_WHOLE: Level = (None, None)


@dataclass(frozen=True)
class PolicyChange:
    """One setting that was changed."""

    changed_at: dt.datetime
    """When a sync recorded it, and from when it counts; UTC."""
    setting: str
    team_id: str | None
    api_id: str | None
    before: str
    after: str
    effect: Effect
    commits: tuple[Row, ...]
    """What made the version, newest first; none where nobody knows."""
    policy_version: str

    @property
    def whose(self) -> str:
        """Say for whom it was changed."""
        if self.api_id is not None:
            return f"API {self.api_id} of team {self.team_id}"
        return "all" if self.team_id is None else f"team {self.team_id}"

    @property
    def row(self) -> dict[str, Any]:
        """The row of policy_changes.csv; of several commits, all are named."""
        tickets = dict.fromkeys(each["ticket"] for each in self.commits if each["ticket"])
        return {name: getattr(self, name, None) for name in COLUMNS} | {
            "commits": " ".join(each["commit"] for each in self.commits),
            "authors": ", ".join(dict.fromkeys(each["author"] for each in self.commits)),
            "tickets": " ".join(tickets),
        }


def policy_changes(rows: Sequence[Row], start: dt.datetime, end: dt.datetime) -> list[PolicyChange]:
    """Return what was changed in a period, oldest first.

    Args:
        rows: of ``policy_history``: the versions that held in it, and the one before its first change.
        start: inclusive, UTC.
        end: exclusive.
    """
    versions: dict[tuple[dt.datetime, dt.datetime], list[Row]] = {}
    for row in rows:
        versions.setdefault((row["valid_from"], row["valid_to"]), []).append(row)
    ended = {valid_to: found for (_, valid_to), found in versions.items()}
    changes: list[PolicyChange] = []
    for (valid_from, _), found in sorted(versions.items()):
        if start <= valid_from < end and valid_from in ended:
            changes += _between(ended[valid_from], found, valid_from)
    return changes


def _between(old: Sequence[Row], new: Sequence[Row], at: dt.datetime) -> Iterator[PolicyChange]:
    made = tuple(new[0]["commits"] or ())
    version = new[0]["policy_version"]
    for (team_id, api_id), setting, before, after in _settings_changed(_levels(old), _levels(new)):
        weaker = (after > before) != (setting in _STRICTER_WHEN_MORE)
        texts = f"{before:g}", f"{after:g}"
        yield PolicyChange(at, setting, team_id, api_id, *texts, "weaker" if weaker else "stricter", made, version)
    for setting in _NOT_LISTED:
        yield from _entries_changed(setting, old[0], new[0], at, made)


def _settings_changed(old: Mapping[Level, Row], new: Mapping[Level, Row]) -> Iterator[tuple[Level, str, float, float]]:
    """Yield what differs, at the widest level where it does: who inherits a change is not named again."""
    levels = sorted(old.keys() | new.keys(), key=lambda level: (level[0] or "", level[1] or ""))
    for level in levels:
        for setting in _SETTINGS:
            was, became = (_at(versions, level)[setting] for versions in (old, new))
            wider = _WHOLE if level[1] is None else (level[0], None)
            inherited = tuple(_at(versions, wider)[setting] for versions in (old, new))
            if was != became and (level == _WHOLE or (was, became) != inherited):
                yield level, setting, was, became


def _entries_changed(
    setting: str, old: Row, new: Row, at: dt.datetime, made: tuple[Row, ...]
) -> Iterator[PolicyChange]:
    was, became = (_entries(setting, row[setting] or ()) for row in (old, new))
    for name in sorted(was.keys() | became.keys()):
        before, after = (f"{name}: {entries.get(name, _NOT_LISTED[setting])}" for entries in (was, became))
        if before != after:
            effect: Effect = "weaker" if name in became else "stricter"
            if setting == "advisories":
                effect = "other"  # they page nobody
            yield PolicyChange(at, setting, None, None, before, after, effect, made, new["policy_version"])


def _entries(setting: str, listed: Iterable[Any]) -> dict[str, str]:
    """Return what is listed, and as what: an approver's team decides whose exemptions they may approve."""
    if setting == "approvers":
        return {one["approver"]: f"approves, of team {one['team_id']}" for one in listed}
    return {name: _NOT_LISTED[setting].removeprefix("not ") for name in listed}


def _levels(rows: Sequence[Row]) -> dict[Level, Row]:
    return {(row["team_id"], row["api_id"]): row for row in rows}


def _at(levels: Mapping[Level, Row], level: Level) -> Row:
    """Return the settings of a level: its own, else of the next wider one."""
    return levels.get(level) or levels.get((level[0], None)) or levels[_WHOLE]
