"""What the pages ask of BigQuery: constant texts, bounded by cycles, in ten seconds, one answer for all of a minute."""

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pedwatch import settings
from pedwatch.audit.subject_days import api_bucket
from pedwatch.config import Config
from pedwatch.cycles import period_of
from pedwatch.hooks import clients
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.page.answers import SharedAnswers
from pedwatch.page.now_view import Fleet, fleet_of

Row = Mapping[str, Any]

SECONDS = 10.0
"""In which BigQuery answers, or the page says that it did not."""
UNAUDITED = dt.timedelta(days=2)
"""So far back at most the ledger is read for a chart: days are audited the night after."""
AT_ONCE = 8
"""Questions that are asked side by side, of all pages: each is a second of waiting, hardly any work."""
_CURSOR = {"name": "STRING", "cycle": "TIMESTAMP", "cycle_minutes": "INTEGER"}


class Api(NamedTuple):
    """Which API is asked about; where environment or team is None, all of them."""

    api_id: str
    environment: str | None = None
    team_id: str | None = None


class Newest(NamedTuple):
    """The newest cycle that was judged and folded, and how long cycles are; no cycle where there never was one."""

    cycle: dt.datetime | None
    period: dt.timedelta


@dataclass(frozen=True)
class History:
    """An API over a period.

    Attributes:
        start: first moment of the period, UTC.
        end: its end, excluded.
        days: rows of ``page/stretches.sql``.
        ledger: rows of ``page/ledger.sql``, from ``ledger_start``.
        audited_until: end of the last audited day; None without one lately.
        ledger_start: from there on the ledger was read.
    """

    start: dt.datetime
    end: dt.datetime
    days: list[Row]
    ledger: list[Row]
    audited_until: dt.datetime | None
    ledger_start: dt.datetime


@dataclass(frozen=True)
class Explained:
    """A cycle of an API: rows of ``verdicts/explain.sql`` and ``verdicts/explain_observations.sql``.

    ``is_recorded``: whether a cycle ended in the hour before the moment asked for; else ``cycle`` is that moment.
    """

    cycle: dt.datetime
    verdicts: list[Row]
    observations: list[Row]
    is_recorded: bool = True


def warehouse_beside_others(config: Config) -> Warehouse:
    """Return BigQuery, with the library as it is installed: the web server's process is that of other plugins too.

    A task's process does without data frames (``hooks/bigquery_library.py``); a plugin beside us may want them.
    """
    import google.cloud.bigquery  # noqa: F401  # before our clients are made, which would import it in their way

    return clients.warehouse(config)


@dataclass
class Questions:
    """The questions, answered for everybody who asks them within a minute.

    Args:
        open_warehouse: makes BigQuery of a configuration; injected in tests.
        answers: what is shared.
        seconds: in which BigQuery answers a question.
    """

    open_warehouse: Callable[[Config], Warehouse] = warehouse_beside_others
    answers: SharedAnswers = field(default_factory=SharedAnswers)
    seconds: float = SECONDS
    _opened: tuple[Config, Warehouse] | None = None
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "pedwatch-page"))

    def together(self, asks: Iterable[Callable[[], Any]]) -> list[Any]:
        """Ask side by side, and return the answers in order; raises what the first of them raised that failed."""
        return [future.result() for future in [self._threads.submit(ask) for ask in asks]]

    def _warehouse(self) -> Warehouse:
        """Return BigQuery by the configuration as it is now, for one question."""
        config = settings.load_config()
        with self._opening:
            if self._opened is None or self._opened[0] is not config:
                self._opened = (config, self.open_warehouse(config))
            return self._opened[1].within(self.seconds)

    def _run(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        question = (name, *sorted((key, _hashable(value)) for key, value in parameters.items()))
        return self.answers.get(question, lambda: list[Row](self._warehouse().run(name, parameters)))

    def newest(self) -> Newest:
        """Return the newest cycle; it is listed, which bills nothing.

        Raises:
            ConfigurationError: the configuration is missing or wrong.
            LedgerError: BigQuery refused, or did not answer in time.
        """

        def ask() -> Newest:
            warehouse = self._warehouse()
            for row in warehouse.listed("fold_cursor", _CURSOR):
                if row["name"] == "live":
                    return Newest(row["cycle"], period_of(row["cycle_minutes"]))
            return Newest(None, warehouse.config.period)

        return self.answers.get("newest", ask)

    def fleet(self, cycle: dt.datetime) -> Fleet:
        """Return every subject of a cycle; errors as those of `newest`."""
        return self.answers.get(
            ("fleet", cycle), lambda: fleet_of(self._warehouse().run("page/now.sql", {"cycle": cycle}))
        )

    def episodes(self, since: dt.datetime, api: Api | None = None) -> list[Row]:
        """Return what goes on or ended since; errors as those of `newest`."""
        return self._run("page/episodes.sql", {"since": since, **_narrowed(api)})

    def told(self, episode_ids: list[str]) -> list[Row]:
        """Return what was told of episodes; errors as those of `newest`."""
        if not episode_ids:
            return []
        return self._run("page/told.sql", {"episode_ids": Typed("ARRAY<STRING>", sorted(episode_ids))})

    def limit_versions(self, api: Api) -> list[Row]:
        """Return the versions of an API's limits; errors as those of `newest`."""
        return self._run("page/limit_versions.sql", _narrowed(api))

    def known_names(self, start: dt.datetime, end: dt.datetime) -> list[tuple[str | None, str | None]]:
        """Return team and API of every limit, and of every verdict of a period; errors as those of `newest`."""
        rows = self._run("audit/known_names.sql", {"period_start": start, "period_end": end})
        return [(row["team_id"], row["api_id"]) for row in rows]

    def coverage(self, start: dt.datetime, end: dt.datetime) -> list[Row]:
        """Return how clusters were seen; errors as those of `newest`."""
        return self._run("page/coverage.sql", {"period_start": start, "period_end": end})

    def history(self, api: Api, newest: Newest, span: dt.timedelta) -> History:
        """Return an API over so long a time, until the end of the newest cycle; errors as those of `newest`."""
        assert newest.cycle is not None
        end = newest.cycle + newest.period
        start = end - span
        zone = ZoneInfo(settings.load_config().report_timezone)
        [audited] = self._run("page/audited_until.sql", {"newest_from": (end - UNAUDITED).astimezone(zone).date()})
        until = audited["cycle"]
        ledger_start = max(start, end - UNAUDITED, until or start)
        days: list[Row] = []
        if start < (until or end):
            first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
            narrowed = {**_narrowed(api), "team_id": Typed("STRING", api.team_id)}
            days = self._run(
                "page/stretches.sql",
                {**narrowed, "api_bucket": api_bucket(api.api_id), "first_day": first, "last_day": last},
            )
        ledger = self._run("page/ledger.sql", {**_narrowed(api), "period_start": ledger_start, "period_end": end})
        return History(start, end, days, ledger, until, ledger_start)

    def explained(self, api: Api, at: dt.datetime) -> Explained:
        """Return what was judged in the cycle that a moment belongs to; errors as those of `newest`."""
        [found] = self._run("verdicts/cycle_at.sql", {"moment": at})
        cycle = found["cycle"] or at
        asked = {**_narrowed(api), "cycle": cycle}
        verdicts = self._run("verdicts/explain.sql", asked)
        observations = self._run("verdicts/explain_observations.sql", asked)
        return Explained(cycle, verdicts, observations, found["cycle"] is not None)


def _narrowed(api: Api | None) -> dict[str, Any]:
    return {
        "api_id": Typed("STRING", api and api.api_id),
        "environment": Typed("STRING", api and api.environment),
    }


def _hashable(value: Any) -> Any:
    value = value.value if isinstance(value, Typed) else value
    return tuple(value) if isinstance(value, list) else value
