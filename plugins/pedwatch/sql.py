"""Renders the statements of ``include/sql``: a file's path under it is the statement's name."""

import functools
from pathlib import Path

import jinja2

from pedwatch.cycles import PERIOD, minutes_of
from pedwatch.errors import ConfigurationError


@functools.lru_cache(maxsize=8)
def _environment(root: Path) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(root),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
    )


def render(root: Path, name: str, *, dataset: str, cycle_minutes: int = minutes_of(PERIOD), **variables: object) -> str:
    """Render one statement; only identifiers are templated, values travel as query parameters.

    Args:
        root: the ``sql`` folder.
        name: path under it, e.g. ``verdicts/compare.sql``.
        dataset: BigQuery dataset all tables are in.
        cycle_minutes: how long cycles are now; what they were is in the tables.
        variables: further template variables.

    Raises:
        ConfigurationError: the file or a template variable is missing.
    """
    try:
        return _environment(root).get_template(name).render(dataset=dataset, cycle_minutes=cycle_minutes, **variables)
    except jinja2.TemplateNotFound as error:
        raise ConfigurationError(f"SQL file {error.name} is missing under {root}: deploy include/sql") from None
    except jinja2.UndefinedError as error:
        raise ConfigurationError(f"{root / name}: {error.message}") from None


def statement_names(root: Path) -> list[str]:
    """Return the names of all statements under ``root``, sorted, so that tables come before views.

    Files that begin with an underscore are parts, included by others.
    """
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.sql") if not path.name.startswith("_"))
