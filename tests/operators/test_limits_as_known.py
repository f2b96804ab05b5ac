"""Stories of a limit, told to the real statements: as of any moment and as known at any sync, what was true and known.

The same property as in tests/unit/limits/test_sync.py, with Firestore and BigQuery as processes, and with runs that die
where only a database can tell: after the load into the staging table, and after the commit but before its answer.
"""

import datetime as dt
import random
from collections.abc import Mapping
from typing import Any

import pytest

from pedwatch.errors import LedgerError
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.limits.history import Statement
from pedwatch.limits.store.bigquery import BigQueryLimits
from tests.operators.limit_slice import Slice, slice_
from tests.unit.limits.models import naive_limit
from tests.unit.limits.samples import limit

__all__ = ["slice_"]

STEP = dt.timedelta(microseconds=1)


class Dying(Warehouse):
    """BigQuery that loses the process before the commit reaches it, or the commit's answer."""

    def __init__(self, whole: Warehouse, is_answer_lost: bool) -> None:
        self._whole, self._is_answer_lost = whole, is_answer_lost
        self.client, self.config = whole.client, whole.config

    def run(self, name: str, parameters: Mapping[str, Any] | None = None, **variables: object) -> list[dict[str, Any]]:
        """Run a statement, as long as we live."""
        if name != "limits/commit_sync.sql":
            return self._whole.run(name, parameters, **variables)
        if self._is_answer_lost:
            self._whole.run(name, parameters, **variables)
        raise LedgerError("died here")

    def write(self, name: str, parameters: Mapping[str, Any] | None = None, **variables: object) -> int:
        """Record a sync that found nothing, as long as we live."""
        if self._is_answer_lost:
            self._whole.write(name, parameters, **variables)
        raise LedgerError("died here")


class Story:
    """Does things at random, and notes them down as a plain person would."""

    def __init__(self, path: Slice, seed: int) -> None:
        self.path, self.dice = path, random.Random(seed)
        self.said: dict[str, list[Statement]] = {}
        self.gone: set[str] = set()
        self.known: list[tuple[dt.datetime, dict[str, list[Statement]]]] = []
        self.runs = 0

    def write(self) -> None:
        """Create or edit a limit, dated back, ahead, or not at all."""
        start = self.path.store.server_time()
        dated = self.dice.choice([None, None, start - dt.timedelta(days=2), start + dt.timedelta(days=1)])
        content = limit(self.dice.randint(0, 9), name=self.dice.choice(["a", "b"]), effective_from=dated)
        self.path.publish(content)
        [document] = self.path.store.fetch([content.limit_id])
        said = self.said.setdefault(content.limit_id, [])
        if not said or said[-1].update_time != document.update_time:
            said.append(Statement(document.update_time, content))
        self.gone.discard(content.limit_id)

    def withdraw(self) -> None:
        """Withdraw one of the limits that stand."""
        standing = [one for one in self.path.store.matching() if not one.is_withdrawn]
        if standing:
            going = self.dice.choice(standing)
            self.path.publish(*(one.limit() for one in standing if one is not going), withdraw_missing=True)
            [document] = self.path.store.fetch([going.document_id])
            self.said[going.document_id].append(Statement(document.update_time, None))

    def delete(self) -> None:
        """Delete a document for good, past the publisher."""
        if documents := list(self.path.store.matching()):
            name = self.dice.choice(documents).document_id
            self.path.documents.document(name).delete()
            self.gone.add(name)

    def sync(self, death: str | None = None) -> None:
        """Sync; a run that dies is run again, as Airflow does."""
        self.runs += 1
        name = f"scheduled__{self.runs}"
        last, _ = self.path.ledger.last_sync("")
        # Deletions for good have no date but that of the full sync that finds them.
        is_full = bool(self.gone) or self.dice.random() < 0.3
        if death:
            whole = self.path.ledger
            self.path.ledger = BigQueryLimits(Dying(self.path.warehouse, is_answer_lost=death == "answer"))
            with pytest.raises(LedgerError, match="died here"):
                self.path.sync(name, is_full)
            self.path.ledger = whole
        assert (self.path.sync(name, is_full) is None) == (death == "answer")
        now, _ = self.path.ledger.last_sync("")
        assert now is not None and (last is None or now.read_time > last.read_time)
        for gone in self.gone:
            if self.known:
                self.said[gone].append(Statement(now.read_time, None))
            else:
                del self.said[gone]
        self.gone = set()
        self.known.append((now.read_time, {one: list(said) for one, said in self.said.items()}))

    def moments(self) -> list[dt.datetime]:
        """Return the moments at which something begins, and those just before."""
        begin = {statement.update_time for said in self.said.values() for statement in said}
        begin |= {
            statement.limit.effective_from
            for said in self.said.values()
            for statement in said
            if statement.limit and statement.limit.effective_from
        }
        return sorted(begin | {moment - STEP for moment in begin})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_limits_as_of_is_what_was_true_and_known(slice_: Slice, seed: int) -> None:
    story = Story(slice_, seed)
    story.write()
    for _ in range(4):
        for _ in range(story.dice.randint(1, 4)):
            story.dice.choice([story.write, story.write, story.write, story.withdraw, story.delete])()
        story.sync(story.dice.choice([None, None, "staged", "answer"]))
    moments = story.moments()
    for known_at, said in story.known:
        for cycle in story.dice.sample(moments, min(10, len(moments))):
            expected = {name: naive_limit(statements, cycle) for name, statements in said.items()}
            assert slice_.as_of(cycle, known_at) == {
                name: ceiling for name, ceiling in expected.items() if ceiling is not None
            }
