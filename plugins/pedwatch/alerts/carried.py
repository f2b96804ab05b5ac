"""What of an open episode follows from its row and the fold's cursor, and so is not written every cycle. Pure.

A row stands as of its ``last_cycle``. Until the cursor, each cycle repeated what it last saw: counts grew by one, and
what lies behind the flap window was forgotten. Whatever else a fold changes is written, so nothing here asks the
policy: a policy that changes later does not change what was.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.flapping import within_window


def carried(episode: Episode, cycle: dt.datetime, period: dt.timedelta) -> Episode:
    """Return an episode as it is in a cycle when each cycle since its last one repeated what that one saw.

    ``period`` is the length of these cycles: a fold by another length than the one before it writes what it carries.
    """
    cycles = (cycle - episode.last_cycle) // period
    if not episode.is_open or cycles <= 0:
        return episode
    if episode.is_blind:
        return replace(episode, last_cycle=cycle, unknown_cycles=episode.unknown_cycles + cycles)
    if episode.is_exempted:
        return replace(episode, last_cycle=cycle)
    memory = replace(episode.memory, changes=within_window(episode.memory.changes, cycle))
    if memory.window[-1:] == (True,):
        memory = replace(memory, over_run=memory.over_run + cycles)
        return replace(episode, last_cycle=cycle, over_cycles=episode.over_cycles + cycles, memory=memory)
    return replace(episode, last_cycle=cycle, memory=replace(memory, clean_run=memory.clean_run + cycles))


def to_write(
    stored: Iterable[Episode], folded: Iterable[Episode], cycle: dt.datetime, period: dt.timedelta
) -> list[Episode]:
    """Return those of the folded episodes that their rows do not tell, once the cursor stands at ``cycle``.

    Args:
        stored: as their rows have them.
        folded: as of ``cycle``.
        cycle: up to where was folded.
        period: the length of its cycle, by which the next fold carries on.
    """
    told = {episode.episode_id: carried(episode, cycle, period) for episode in stored}
    return [episode for episode in folded if told.get(episode.episode_id) != episode]
