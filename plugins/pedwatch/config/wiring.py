"""What DAG files take from the configuration: schedules, the pool. They have it also where the configuration is wrong.

A DAG that cannot be parsed can say nothing; one that is there runs, and its first task says all that is wrong
(``pedwatch/tasks/run_start.py``). So each of these values is taken where nothing is wrong with it, and is else what it
is by default: a run that does nothing but say what is missing may come at any time. Pure.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pedwatch.config.clusters import Collector
from pedwatch.config.document import Config
from pedwatch.config.reading import Reading
from pedwatch.config.routing import Slack
from pedwatch.cycles import period_of
from pedwatch.written.yaml_text import Location

WRONG = "configuration wrong"
"""Tag of every DAG while something is missing in the configuration, or wrong: the list of DAGs shows it."""


@dataclass(frozen=True)
class Wiring:
    """The values, and whether they are the configuration's."""

    period: dt.timedelta
    """The length of a cycle."""
    report_timezone: str
    digest_hour: int
    pool: str
    max_pods: int
    is_whole: bool
    """Whether the configuration can be worked with."""

    @property
    def tags(self) -> list[str]:
        """What a DAG's tags say of it: nothing where nothing is wrong."""
        return [] if self.is_whole else [WRONG]


def wiring_of(config: Config) -> Wiring:
    """Take the values from a configuration that is whole."""
    collector, slack = config.collector, config.slack
    return Wiring(config.period, config.report_timezone, slack.digest_hour, collector.pool, collector.max_pods, True)


def wiring_where_wrong(reading: Reading | None) -> Wiring:
    """Take what can be taken from one that is not; None: there is no file."""
    value, wrong = (reading.value, reading.wrong) if reading else (None, ())

    def taken(model: Any, *at: str) -> Any:
        return _found(value, at, wrong, model.model_fields[at[-1]].default)

    return Wiring(
        period=period_of(taken(Config, "cycle_minutes")),
        report_timezone=taken(Config, "report_timezone"),
        digest_hour=taken(Slack, "slack", "digest_hour"),
        pool=taken(Collector, "collector", "pool"),
        max_pods=taken(Collector, "collector", "max_pods"),
        is_whole=False,
    )


def _found(value: Any, at: Location, wrong: Iterable[Location], default: Any) -> Any:
    """Return what stands at a place, unless something is wrong there or with a block around it."""
    if any(place and at[: len(place)] == place for place in wrong):
        return default
    for key in at:
        if not isinstance(value, dict) or key not in value:
            return default
        value = value[key]
    return value
