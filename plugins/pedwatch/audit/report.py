"""The report of an audit as one HTML page that asks for nothing else: include/report/report.html, filled in. Pure."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from pedwatch.alerts.episodes import Episode
from pedwatch.audit import charts
from pedwatch.audit.assembly import Findings
from pedwatch.audit.differences import CAUSES
from pedwatch.audit.figures import Api, Resolution, Tally, resolution
from pedwatch.audit.judged import KNOWN_AS
from pedwatch.audit.lines import Line
from pedwatch.page_urls import api_address, now_url

MOST_ROWS = 200
"""Longer tables say how many rows more there are, and in which file."""
BURN_DOWN_WEEKS = 3
"""From so many calendar weeks on, violation-hours are drawn by week."""


def number(value: float | None, digits: int = 1) -> str:
    """Write a number the same way everywhere; a dash for what there is not."""
    if value is None:
        return "–"
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment(value: dt.datetime | None) -> str:
    """Write a time in UTC."""
    return "–" if value is None else f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def minutes(value: float | None) -> str:
    """Write a duration."""
    if value is None:
        return "–"
    hours, rest = divmod(round(value), 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (rest, "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"


def _duration(episode: Episode) -> str:
    if episode.resolved_cycle is None:
        return "goes on" if episode.is_open else "never fired"
    return minutes((episode.resolved_cycle - episode.over_since) / dt.timedelta(minutes=1))


@dataclass(frozen=True)
class DrawnLine:
    """A subject with its chart."""

    line: Line
    chart: charts.Chart


@dataclass(frozen=True)
class ApiSection:
    """One API of a team."""

    api: Api
    tally: Tally
    drawn: tuple[DrawnLine, ...]


@dataclass(frozen=True)
class TeamSection:
    """One team: its APIs, and the problems they had."""

    team: str
    tally: Tally
    apis: tuple[ApiSection, ...]
    episodes: tuple[Episode, ...]


def _teams(findings: Findings) -> tuple[TeamSection, ...]:
    request, counted = findings.request, findings.request.counted
    apis: dict[str, list[ApiSection]] = {}
    for api in findings.figures.known_apis:
        drawn = tuple(
            DrawnLine(line, charts.line_chart(line, request.start, request.end)) for line in findings.lines.get(api, [])
        )
        apis.setdefault(api[1], []).append(ApiSection(api, findings.figures.tally(counted, api), drawn))
    episodes = [episode for episode in findings.episodes[counted] if episode.subject.kind == "over_limit"]
    sections = []
    for team, found in sorted(apis.items()):
        own = tuple(episode for episode in episodes if (episode.subject.team_id or "") == team)
        total = sum((section.tally for section in found), Tally())
        sections.append(TeamSection(team, total, tuple(found), own))
    return tuple(sorted(sections, key=lambda section: (-section.tally.over, section.team)))


def view(findings: Findings, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything the template shows."""
    figures, counted = findings.figures, findings.request.counted
    weeks = figures.weeks[counted]
    resolutions: dict[str, Resolution] = {name: resolution(found) for name, found in findings.episodes.items()}
    return {
        "request": findings.request,
        "facts": facts,
        "counted": counted,
        "totals": {name: figures.total(name) for name in KNOWN_AS},
        "violating": {name: figures.violating(name) for name in KNOWN_AS},
        "resolutions": resolutions,
        "coverage": findings.coverage,
        "teams": _teams(findings),
        "exemptions": sorted(
            ((used, count) for used, count in figures.exemptions[counted].items()),
            key=lambda item: (item[0].limit_id, item[0].exemption_id),
        ),
        "blind_episodes": [e for e in findings.episodes[counted] if e.subject.kind != "over_limit"],
        "differences": sorted(findings.differences, key=lambda one: not one.changes_verdict),
        "burn_down": charts.burn_down(weeks) if len(weeks) >= BURN_DOWN_WEEKS else None,
        "limits": findings.limits,
        "policy_changes": findings.policy_changes,
        "pages": facts.get("pages"),
        "now_url": now_url(facts["pages"]) if facts.get("pages") else None,
        "causes": CAUSES,
        "most_rows": MOST_ROWS,
        "geometry": charts,
    }


def render(folder: Path, findings: Findings, facts: Mapping[str, Any]) -> bytes:
    """Return the page.

    Args:
        folder: with ``report.html`` and ``report.css``.
        findings: what the audit found.
        facts: what the manifest says of the pack; no wall clock among it.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["api_address"] = api_address
    environment.filters |= {"number": number, "moment": moment, "minutes": minutes, "duration": _duration}
    return environment.get_template("report.html").render(view(findings, facts)).encode()
