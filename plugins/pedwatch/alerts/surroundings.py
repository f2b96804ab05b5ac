"""What messages are composed with, beside the episodes. Pure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pedwatch.alerts.acknowledgements import Acknowledgement, in_force
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.message_lookup import Known, Links
from pedwatch.alerts.notifications import Told
from pedwatch.config import PolicyConfig
from pedwatch.cycles import PERIOD


@dataclass(frozen=True)
class Surroundings:
    """What is known beside the episodes; see ``episode_facts.Context``.

    ``acknowledged``: by episode, or by storm, who takes care of it. ``period``: the length of cycles.
    """

    known: Mapping[str, Known] = field(default_factory=dict)
    links: Links = field(default_factory=Links)
    limits_as_of: dt.datetime | None = None
    policies: PolicyConfig = field(default_factory=PolicyConfig)
    acknowledged: Mapping[str, Sequence[Acknowledgement]] = field(default_factory=dict)
    period: dt.timedelta = PERIOD

    def acknowledgement_of(self, episode: Episode, told: Told | None) -> Acknowledgement | None:
        """Return who takes care of an episode, as bad as it is; what is said of a storm is said of all in it."""
        names = [episode.episode_id, *filter(None, [told.state.get("storm") if told else None])]
        return in_force([each for name in names for each in self.acknowledged.get(name, ())], episode.severity)
