"""Addresses of the pages in Airflow's UI, below wherever Airflow is (docs/page.md). Pure."""

import datetime as dt
from urllib.parse import quote, urlencode

ROOT = "ped-replicas"
"""Where the pages are, below Airflow's own address."""


def now_url(pages: str, team_id: str | None = None) -> str:
    """Return the address of all subjects, or of a team's.

    Args:
        pages: address of the pages, as ``hooks/run_urls.py`` has it.
        team_id: whose; None for all.
    """
    return f"{pages}/now?{urlencode({'team': team_id}, quote_via=quote)}" if team_id else f"{pages}/now"


def api_address(
    api_id: str,
    environment: str | None = None,
    team_id: str | None = None,
    *,
    span: str | None = None,
    at: dt.datetime | None = None,
) -> str:
    """Return the address of an API's page, relative to that of the pages; ``at`` explains the cycle of that moment."""
    when = f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}" if at else None
    named = {"api": api_id, "environment": environment, "team": team_id, "span": span, "at": when}
    return f"api?{urlencode({name: value for name, value in named.items() if value}, quote_via=quote)}"
