"""Fills the templates of ``include/page``; whatever comes from labels, documents or Slack is escaped."""

import datetime as dt
import functools
from pathlib import Path
from typing import Any

import jinja2

from pedwatch.alerts.wording import duration
from pedwatch.audit.report import moment, number
from pedwatch.page.addresses import api_address_of
from pedwatch.page.questions import Api
from pedwatch.page_urls import api_address

FOLDER = "page"
CHARTS = "report"
"""Where the drawing of charts is, which audits and pages share."""


def _api_address(whose: Any, **more: Any) -> str:
    return api_address(*whose, **more) if isinstance(whose, Api) else api_address_of(whose, **more)


def _span(value: dt.timedelta) -> str:
    return duration(value)


@functools.lru_cache(maxsize=2)
def _environment(include: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([include / FOLDER, include / CHARTS]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters = {"number": number, "moment": moment, "span": _span, "api_address": _api_address}
    environment.filters |= filters
    return environment


def render(include: Path, name: str, shown: dict[str, Any]) -> str:
    """Return a page.

    Args:
        include: the include folder.
        name: of the template.
        shown: what it shows.
    """
    return _environment(include).get_template(name).render(shown)
