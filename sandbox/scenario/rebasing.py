"""Moves a scenario in time, so that it can be played now: every time in it is shifted by the same span."""

import datetime as dt
from typing import Any

from sandbox.scenario.model import Scenario


def rebased(scenario: Scenario, start: dt.datetime) -> Scenario:
    """Return the scenario with its first cycle at ``start``."""
    return Scenario.model_validate(_shifted(scenario.model_dump(exclude_unset=True), start - scenario.start))


def _shifted(value: Any, span: dt.timedelta) -> Any:
    if isinstance(value, dict):
        return {key: _shifted(item, span) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shifted(item, span) for item in value]
    return value + span if isinstance(value, dt.datetime) else value
