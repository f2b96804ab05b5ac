"""The pages' own addresses: relative, so that they hold wherever Airflow is mounted. Pure."""

from collections.abc import Mapping
from dataclasses import Field, fields, replace
from typing import Any, ClassVar, Protocol
from urllib.parse import urlencode

from pedwatch.page_urls import api_address


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


def api_address_of(row: Mapping[str, Any], **more: Any) -> str:
    """Return the address of the API that a row is of."""
    return api_address(row["api_id"], row["environment"], row["team_id"], **more)
