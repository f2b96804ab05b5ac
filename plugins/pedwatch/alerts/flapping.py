"""What a complete observation adds to a memory: how often it was over lately, and whether it goes on and off. Pure."""

import datetime as dt
from dataclasses import replace

from pedwatch.alerts.episodes import Memory
from pedwatch.config import Policy

WINDOW = dt.timedelta(hours=2)
"""So far back a change counts."""

_CHANGES = 4
_CALM_OBSERVATIONS = 6


def within_window(changes: tuple[dt.datetime, ...], cycle: dt.datetime) -> tuple[dt.datetime, ...]:
    """Return the changes that still count in a cycle."""
    return tuple(change for change in changes if change > cycle - WINDOW)


def recalled(memory: Memory, is_over: bool, cycle: dt.datetime, policy: Policy) -> Memory:
    """Take one complete observation into the memory."""
    is_change = (bool(memory.window) and memory.window[-1] != is_over) or (not memory.window and is_over)
    changes = within_window(memory.changes, cycle) + ((cycle,) if is_change else ())
    over_run = memory.over_run + 1 if is_over else 0
    clean_run = 0 if is_over else memory.clean_run + 1
    # Over and under again more than four times: two changes each.
    is_flapping = memory.is_flapping or len(changes) > 2 * _CHANGES
    if over_run >= _CALM_OBSERVATIONS or clean_run >= _CALM_OBSERVATIONS:
        is_flapping = False
    return replace(
        memory,
        window=(*memory.window, is_over)[-policy.window_observations :],
        over_run=over_run,
        clean_run=clean_run,
        changes=changes,
        is_flapping=is_flapping,
    )
