"""The schema of the tables is a number: 1 is the DDL that was installed first, every migration leads to the next.

A migration is a script ``ddl/migrations/NNNN_words.sql`` of ``include/sql``. It only adds, and every statement of it
may run again: one that was stopped anywhere is run again from its beginning. Which are applied, the table
``schema_version`` says; the newest that this build knows is the last file.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pedwatch import ddl, sql
from pedwatch.errors import ConfigurationError

FIRST = 1
"""Number of the tables before any migration."""
TABLE = "schema_version"
_NAME = re.compile(rf"{ddl.MIGRATIONS}(?P<number>\d{{4}})_[a-z0-9_]+\.sql")
_FIRST_NAME = "ddl/tables"


@dataclass(frozen=True)
class Step:
    """What leads to a number: the first installation, or a migration."""

    number: int
    name: str
    """Of the statement; of the first ``ddl/tables``, which are many."""

    @property
    def is_migration(self) -> bool:
        """Whether there is a script to run."""
        return self.number > FIRST


@dataclass(frozen=True)
class Applied:
    """A row of ``schema_version``."""

    number: int
    migration: str
    applied_at: dt.datetime
    environment: str | None = None
    """Whose the dataset was then."""


def steps(root: Path) -> list[Step]:
    """Return what this build knows, from 1, in order.

    Args:
        root: the ``sql`` folder.

    Raises:
        ConfigurationError: a migration is misnamed, or a number is missing or there twice.
    """
    found = [Step(FIRST, _FIRST_NAME)]
    for name in sql.statement_names(root):
        if name.startswith(ddl.MIGRATIONS):
            match = _NAME.fullmatch(name)
            number = int(match["number"]) if match else None
            if number != found[-1].number + 1:
                expected = f"{found[-1].number + 1:04}"
                raise ConfigurationError(
                    f"{root / name}: the migration after {found[-1].number:04} is named {expected}_words.sql; deploy "
                    "all of include/sql of one build"
                )
            found.append(Step(number, name))
    return found


def pending(known: Iterable[Step], applied: Iterable[Applied]) -> list[Step]:
    """Return the steps that are not recorded as applied, in order."""
    numbers = {each.number for each in applied}
    return [step for step in known if step.number not in numbers]


def newer(dataset: str, applied: Sequence[Applied], known: Sequence[Step]) -> str | None:
    """Return why a build must leave tables alone whose schema is newer than it knows, and what to do; else None."""
    last = max(applied, key=lambda each: each.number, default=None)
    newest = known[-1].number
    if last is None or last.number <= newest:
        return None
    return (
        f"dataset {dataset} has schema {last.number} ({last.migration}, applied {last.applied_at:%Y-%m-%d %H:%M} UTC), "
        f"but this build knows {newest}: deploy a build that knows {last.number}; or, to stay with this one, delete "
        f"the rows above {newest} from {dataset}.{TABLE}, since migrations only add and the newer build applies them "
        "again."
    )


def owner(applied: Iterable[Applied]) -> str | None:
    """Return the environment that owns the dataset; None where nobody has said."""
    named = [each for each in applied if each.environment]
    return max(named, key=lambda each: each.number).environment if named else None


def foreign(dataset: str, applied: Iterable[Applied], environment: str | None) -> str | None:
    """Return why an environment must leave a dataset alone that is another one's, and what to do; else None.

    Args:
        dataset: its name.
        applied: what is recorded of it.
        environment: which one this is; None at a desk, which is no environment.
    """
    theirs = owner(applied)
    if environment is None or theirs in (None, environment):
        return None
    return (
        f"dataset {dataset} is that of {theirs}, and this is {environment}: name another in dataset: of pedwatch.yaml; "
        "or, when the other one is gone for good, trigger ped_housekeeping with Take over"
    )
