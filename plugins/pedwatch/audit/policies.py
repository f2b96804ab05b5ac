"""The platform's policy as it was: from ``policy_history`` to what episodes are folded by. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pedwatch.config import PolicyConfig, PolicyOverride, TeamPolicy

_SETTINGS = tuple(PolicyOverride.model_fields)


def _settings(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _SETTINGS if name in row}


def policy_of_rows(rows: Iterable[Mapping[str, Any]]) -> PolicyConfig:
    """Build the policy of one version from its rows; each row is complete, so nothing is inherited."""
    defaults: dict[str, Any] = {}
    teams: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["team_id"] is None:
            defaults = _settings(row)
        elif row["api_id"] is None:
            teams.setdefault(row["team_id"], {}).update(_settings(row))
        else:
            apis = teams.setdefault(row["team_id"], {}).setdefault("apis", {})
            apis[row["api_id"]] = PolicyOverride(**_settings(row))
    return PolicyConfig(
        defaults=PolicyOverride(**defaults), teams={team: TeamPolicy(**fields) for team, fields in teams.items()}
    )


class PolicyLine:
    """Which policy held when.

    Args:
        rows: rows of ``policy_history``, with ``valid_from`` and ``valid_to``.
        otherwise: the policy where none is recorded.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]], otherwise: PolicyConfig) -> None:
        spans = sorted({(row["valid_from"], row["valid_to"]) for row in rows})
        self._otherwise = otherwise
        self._line = [
            (start, end, policy_of_rows([row for row in rows if (row["valid_from"], row["valid_to"]) == (start, end)]))
            for start, end in spans
        ]

    def at(self, moment: dt.datetime) -> PolicyConfig:
        """Return the policy that held at a moment."""
        return next((policy for start, end, policy in self._line if start <= moment < end), self._otherwise)
