"""The store by itself: queries read no more than they need, and old versions go."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.firestore_v1._helpers import encode_value

from sandbox.firestore.protos import Document, StructuredQuery, Value, Write
from sandbox.firestore.queries import compile_query
from sandbox.firestore.running import run
from sandbox.firestore.store import FOREVER, Bounds, Store
from sandbox.firestore.writes import apply_writes

ROOT = "projects/p/databases/(default)/documents"


class CountingStore(Store):
    """A store that counts the documents it decodes."""

    decoded = 0

    def scan(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Count what a scan by id yields."""
        for document in super().scan(*args, **kwargs):
            self.decoded += 1
            yield document

    def scan_field(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Count what a scan by a field yields."""
        for document in super().scan_field(*args, **kwargs):
            self.decoded += 1
            yield document


def _set(name: str, **fields: Any) -> Any:
    encoded = {field: encode_value(value)._pb for field, value in fields.items()}
    return Write(update=Document(name=f"{ROOT}/{name}", fields=encoded))


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    """Return a store of five hundred limits in five teams, written in pairs of equal ``at``."""
    store = CountingStore(tmp_path)
    writes = [_set(f"limits/{at:03}", at=at // 2, team=at % 5, nested={"at": at}) for at in range(500)]
    with store.commit() as moment:
        apply_writes(store, writes, moment)
    return store


def _filter(field: str, operator: str, value: int) -> dict[str, Any]:
    return {"field_filter": {"field": {"field_path": field}, "op": operator, "value": Value(integer_value=value)}}


def _order(*fields: str, direction: str = "ASCENDING") -> list[dict[str, Any]]:
    return [{"field": {"field_path": field}, "direction": direction} for field in fields]


def _cursor(*values: int | str) -> dict[str, Any]:
    return {
        "values": [
            Value(integer_value=value) if isinstance(value, int) else Value(reference_value=f"{ROOT}/limits/{value}")
            for value in values
        ]
    }


@pytest.mark.parametrize(
    ("query", "found", "decoded"),
    [
        pytest.param({"limit": {"value": 10}, "order_by": _order("__name__")}, 10, 10, id="a page by name"),
        pytest.param(
            {"limit": {"value": 10}, "order_by": _order("__name__"), "start_at": _cursor("250")},
            10,
            11,
            id="later page",
        ),
        pytest.param({"where": _filter("at", "GREATER_THAN_OR_EQUAL", 240)}, 20, 20, id="what changed since"),
        pytest.param(
            {
                "where": _filter("at", "GREATER_THAN_OR_EQUAL", 10),
                "order_by": _order("at", "__name__"),
                "start_at": _cursor(100, "200"),
                "limit": {"value": 10},
            },
            10,
            11,
            id="a page of what changed since, from the middle of equal ones",
        ),
        pytest.param(
            {"order_by": _order("at", "__name__", direction="DESCENDING"), "limit": {"value": 3}}, 3, 3, id="the newest"
        ),
        pytest.param({"where": _filter("team", "EQUAL", 3)}, 100, 100, id="one team"),
        pytest.param(
            {"where": _filter("team", "EQUAL", 3), "order_by": _order("__name__"), "start_at": _cursor("398")},
            20,
            21,
            id="one team's last page",
        ),
        pytest.param({"where": _filter("nested.at", "LESS_THAN", 3)}, 3, 500, id="nested fields have no index"),
    ],
)
def test_a_query_decodes_what_it_needs(store: CountingStore, query: dict[str, Any], found: int, decoded: int) -> None:
    compiled = compile_query(ROOT, StructuredQuery(from_=[{"collection_id": "limits"}], **query))
    assert len(list(run(store, compiled, store.clock.read()))) == found
    assert store.decoded == decoded


def _rows(store: Store, table: str) -> int:
    count: int = store._rows(f"SELECT count(*) FROM {table}").fetchone()[0]
    return count


def test_pruning_removes_ended_versions_and_their_index(store: CountingStore) -> None:
    at_first = store.clock.read()
    with store.commit() as moment:
        apply_writes(store, [_set(f"limits/{at:03}", at=-1) for at in range(10)], moment)
        apply_writes(store, [Write(delete=f"{ROOT}/limits/499")], moment)
    assert (_rows(store, "version"), _rows(store, "field")) == (510, 1510)
    assert store.prune(moment) == 0
    assert store.prune(moment + 1) == 11
    assert (_rows(store, "version"), _rows(store, "field")) == (499, 1477)
    assert store.get(f"{ROOT}/limits/000", at_first) is None
    assert store.get(f"{ROOT}/limits/010", at_first) is not None
    now = store.clock.read()
    by_field = store.scan_field(f"{ROOT}/limits", "at", Bounds(), now)
    assert len(list(by_field)) == 499 == store.count(f"{ROOT}/limits", now)
    assert now < FOREVER


def test_a_failed_commit_leaves_nothing(store: CountingStore) -> None:
    latest = store.latest
    with pytest.raises(RuntimeError), store.commit() as moment:
        apply_writes(store, [_set("fresh/a", n=1)], moment)
        raise RuntimeError("stop")
    now = store.clock.read()
    assert store.get(f"{ROOT}/fresh/a", now) is None and store.latest == latest
    with store.commit() as moment:
        apply_writes(store, [_set("fresh/a", n=1)], moment)
    assert store.count(f"{ROOT}/fresh", store.clock.read()) == 1
