"""The pages' own addresses: relative, so that they hold wherever Airflow is mounted. Pure."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import Field, fields, replace
from typing import Any, ClassVar, Protocol
from urllib.parse import quote, urlencode

ROOT = "ped-replicas"
"""Below Airflow's own address."""


class Wish(Protocol):
    """A frozen dataclass of the parameters of an address; what is as by default narrows nothing."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def address(path: str, wish: Wish, **changed: Any) -> str:
    """Return the relative address of a wish with some of it changed; it begins at the first page of a table again."""
    wished = replace(wish, **{"page": 1, **changed})
    given = {
        each.name: "1" if getattr(wished, each.name) is True else getattr(wished, each.name)
        for each in fields(wish)
        if getattr(wished, each.name) != each.default
    }
    return f"{path}?{urlencode(given)}" if given else path


def api_address(
    api_id: str,
    environment: str | None = None,
    team_id: str | None = None,
    *,
    span: str | None = None,
    at: dt.datetime | None = None,
) -> str:
    """Return the relative address of an API's page; ``at`` explains the cycle of that moment."""
    when = f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}" if at else None
    named = {"api": api_id, "environment": environment, "team": team_id, "span": span, "at": when}
    return f"api?{urlencode({name: value for name, value in named.items() if value}, quote_via=quote)}"


def api_address_of(row: Mapping[str, Any], **more: Any) -> str:
    """Return the address of the API that a row is of."""
    return api_address(row["api_id"], row["environment"], row["team_id"], **more)
