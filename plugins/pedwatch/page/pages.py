"""The pages: what is asked of BigQuery for each, made into what its template shows."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from pedwatch import settings
from pedwatch.alerts.verdict_story import seen, story
from pedwatch.audit import charts
from pedwatch.page import api_view, coverage_view, episodes_view, now_view
from pedwatch.page.freshness import Freshness, freshness
from pedwatch.page.questions import Api, Explained, Newest, Questions
from pedwatch.page.rendering import render

Row = Mapping[str, Any]

MOST_STRETCHES = 100
"""Of a chart's values, in its table."""
MOST_HOLES = 8
"""Of a cluster, in the table of coverage; its strip shows all."""
COVERAGE = {"24h": dt.timedelta(days=1), "7d": dt.timedelta(days=7)}


class Pages:
    """Makes pages.

    Args:
        questions: to BigQuery.
        clock: tells the time, aware.
    """

    def __init__(self, questions: Questions, clock: Callable[[], dt.datetime]) -> None:
        self._questions, self._clock = questions, clock

    def now(self, wish: now_view.Wish) -> str:
        """Return the page Now; errors as those of `Questions.newest`."""
        newest, fleet = self._fleet()
        wish = wish if wish.sort in now_view.SORTS else now_view.Wish(**{**vars(wish), "sort": "over"})
        return self._page(
            "now",
            newest,
            wish=wish,
            fleet=fleet,
            slice=now_view.page_of(now_view.chosen(fleet, wish), wish.page),
            verdicts=now_view.VERDICTS,
            words=now_view.WORDS,
            sorts={name: text for name, (text, _) in now_view.SORTS.items()},
        )

    def now_json(self, wish: now_view.Wish) -> dict[str, Any]:
        """Return all that Now would show on its pages, for scripts; errors as those of `Questions.newest`."""
        newest, fleet = self._fleet()
        fresh = self._fresh(newest)
        return {
            "cycle": _json(newest.cycle),
            "state": fresh.state,
            "age_seconds": int(fresh.age.total_seconds()) if newest.cycle else None,
            "missing_cycles": fresh.missing,
            "counts": fleet.counts,
            "subjects": [
                {**{name: _json(value) for name, value in one.row.items()}, "over": one.over, "use": one.use}
                for one in now_view.chosen(fleet, wish)
            ],
        }

    def api(self, api: Api, span: str, at: dt.datetime | None) -> str:
        """Return the page of an API; errors as those of `Questions.newest`."""
        newest = self._questions.newest()
        span = span if span in api_view.SPANS else "24h"
        asked, end = self._questions, (newest.cycle or self._clock()) + newest.period
        start = end - api_view.SPANS[span]

        def episodes_and_notes() -> tuple[list[Row], dict[str, list[Row]]]:
            episodes = asked.episodes(start, api)
            return episodes, _by_episode(asked.told([row["episode_id"] for row in episodes]))

        (_, fleet), history, (episodes, notes), versions, explained = asked.together(
            (
                self._fleet,
                lambda: asked.history(api, newest, api_view.SPANS[span]) if newest.cycle else None,
                episodes_and_notes,
                lambda: asked.limit_versions(api),
                lambda: asked.explained(api, at) if at else None,
            )
        )
        lines, gap = [], None
        if history is not None:
            lines = api_view.lines_of(history.days, history.ledger, start, end)
            gap = api_view.gap_of(start, history.audited_until, history.ledger_start)
        return self._page(
            "api",
            newest,
            api=api,
            span=span,
            at=f"{at:%Y-%m-%dT%H:%M}" if at else "",
            subjects=[one for one in fleet.subjects if _is_of(api, one.row)],
            explained=explained,
            **_stories(explained),
            start=start,
            end=end,
            gap=gap,
            charts=api_view.draw(lines[: api_view.MOST_CHARTS], start, end),
            more_charts=max(0, len(lines) - api_view.MOST_CHARTS),
            most_stretches=MOST_STRETCHES,
            geometry=charts,
            episodes=episodes,
            notes=notes,
            versions=versions,
        )

    def episodes(self, wish: episodes_view.EpisodeWish) -> str:
        """Return the page Episodes; errors as those of `Questions.newest`."""
        newest = self._questions.newest()
        if wish.days not in episodes_view.SPANS:
            wish = episodes_view.EpisodeWish(**{**vars(wish), "days": 30})
        since = (newest.cycle or self._clock()) - dt.timedelta(days=wish.days)
        rows = self._questions.episodes(since)
        return self._page(
            "episodes",
            newest,
            wish=wish,
            slice=now_view.page_of(episodes_view.chosen(rows, wish), wish.page),
            states=episodes_view.STATES,
            spans=episodes_view.SPANS,
            kinds=episodes_view.values_of(rows, "kind"),
            teams=episodes_view.values_of(rows, "team_id"),
        )

    def coverage(self, span: str) -> str:
        """Return the page Coverage; errors as those of `Questions.newest`."""
        newest = self._questions.newest()
        span = span if span in COVERAGE else "24h"
        end = (newest.cycle or self._clock()) + newest.period
        start = end - COVERAGE[span]
        strips = coverage_view.strips_of(self._questions.coverage(start, end), start, end)
        shown = {"span": span, "strips": strips, "start": start, "end": end}
        return self._page("coverage", newest, **shown, width=coverage_view.WIDTH, most_holes=MOST_HOLES)

    def refused(self, heading: str, reason: str, advice: str) -> str:
        """Return a page that says why there is none.

        Raises:
            ConfigurationError: the templates are not there.
        """
        shown = {"fresh": None, "here": None, "heading": heading, "reason": reason, "advice": advice}
        return render(settings.include_dir(), "refused.html", shown)

    def _fleet(self) -> tuple[Newest, now_view.Fleet]:
        newest = self._questions.newest()
        if newest.cycle is None:
            return newest, now_view.fleet_of([])
        return newest, self._questions.fleet(newest.cycle)

    def _fresh(self, newest: Newest) -> Freshness:
        return freshness(newest.cycle, newest.period, self._clock())

    def _page(self, name: str, newest: Newest, **shown: Any) -> str:
        about = {"fresh": self._fresh(newest), "here": name, "cycle": newest.cycle}
        return render(settings.include_dir(), f"{name}.html", about | shown)


def _is_of(api: Api, row: Mapping[str, Any]) -> bool:
    return row["api_id"] == api.api_id and api.environment in (None, row["environment"])


def _stories(explained: Explained | None) -> dict[str, Any]:
    if explained is None:
        return {"stories": [], "seen": []}
    return {
        "stories": [list(story(row)) for row in explained.verdicts],
        "seen": [seen(row) for row in explained.observations],
    }


def _by_episode(notes: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for note in notes:
        found.setdefault(note["episode_id"], []).append(note)
    return found


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value
