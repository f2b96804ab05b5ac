"""Queries: the order over all types, filters, cursors, projections, groups, aggregations, listings."""

import asyncio
import datetime as dt
import math
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_aggregation import AggregationResult
from google.cloud.firestore_v1.base_query import And, BaseCompositeFilter, FieldFilter, Or

DAY = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
# Every type, in Firestore's order; equal neighbours are ordered by id.
IN_ORDER: dict[str, Any] = {
    "null": None,
    "false": False,
    "true": True,
    "nan": math.nan,
    "low": -math.inf,
    "minus": -1.5,
    "zero_d": -0.0,
    "zero_i": 0,
    "one_d": 1.0,
    "one_i": 1,
    "past_d": float(2**53),
    "past_i": 2**53 + 1,
    "most_i": 2**63 - 1,
    "most_j": float(2**63),
    "time_a": DAY,
    "time_b": DAY + dt.timedelta(microseconds=1),
    "text_0": "",
    "text_a": "A",
    "text_b": "a",
    "text_c": "a\x00",
    "text_d": "ab",
    "text_e": "é",
    "text_f": "\uffee",
    "text_g": "😀",
    "bytes_0": b"",
    "bytes_a": b"\x00",
    "bytes_b": b"\x00\x00",
    "bytes_c": b"\xff",
    "geo_a": firestore.GeoPoint(1, -2),
    "geo_b": firestore.GeoPoint(1, 2),
    "list_0": [],
    "list_1": [1],
    "list_2": [1, "a"],
    "list_3": [2],
    "map_0": {},
    "map_1": {"a": 0, "z": 1},
    "map_2": {"a": 1},
    "map_3": {"a": 1, "b": 0},
    "map_4": {"b": 0},
}
NAMES = list(IN_ORDER)


@pytest.fixture
def values(client: firestore.Client) -> firestore.CollectionReference:
    """Return a collection with one document per value, and one without any."""
    collection = client.collection("values")
    batch = client.batch()
    for name, value in IN_ORDER.items():
        batch.set(collection.document(name), {"v": value})
    batch.set(collection.document("without"), {"w": 1})
    batch.commit()
    return collection


def ids(query: Any) -> list[str]:
    """Return the ids that a query finds, in order."""
    return [snapshot.id for snapshot in query.stream()]


def where(field: str, operator: str, value: Any) -> FieldFilter:
    """Write a filter in one line."""
    return FieldFilter(field, operator, value)


def test_order_over_all_types(values: firestore.CollectionReference) -> None:
    assert ids(values.order_by("v")) == NAMES
    assert ids(values.order_by("v", direction="DESCENDING")) == NAMES[::-1]


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("==", 1, ["one_d", "one_i"]),
        ("==", 0, ["zero_d", "zero_i"]),
        ("==", 2**53 + 1, ["past_i"]),
        ("==", None, ["null"]),
        ("==", math.nan, ["nan"]),
        ("==", [1, "a"], ["list_2"]),
        ("==", {"a": 1}, ["map_2"]),
        ("<", 0, ["low", "minus"]),
        ("<=", 0, ["low", "minus", "zero_d", "zero_i"]),
        (">", 2**53, ["past_i", "most_i", "most_j"]),
        (">=", "é", ["text_e", "text_f", "text_g"]),
        ("<", "a", ["text_0", "text_a"]),
        (">", DAY, ["time_b"]),
        ("<=", b"\x00", ["bytes_0", "bytes_a"]),
        (">", [1], ["list_2", "list_3"]),
        ("<", {"a": 1}, ["map_0", "map_1"]),
        ("<", True, ["false"]),
        ("!=", 1, [name for name in NAMES if name not in ("null", "one_d", "one_i")]),
        ("!=", None, NAMES[1:]),
        ("!=", math.nan, [name for name in NAMES if name not in ("null", "nan")]),
        ("not-in", [1, "a"], [name for name in NAMES if name not in ("null", "one_d", "one_i", "text_b")]),
    ],
)
def test_comparison(values: firestore.CollectionReference, operator: str, value: Any, expected: list[str]) -> None:
    assert ids(values.where(filter=where("v", operator, value)).order_by("v")) == expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("in", ["a", 1, None], ["one_d", "one_i", "text_b"]),
        ("in", [[1], {"a": 1}], ["list_1", "map_2"]),
        ("array_contains", 1, ["list_1", "list_2"]),
        ("array_contains_any", ["a", 2], ["list_2", "list_3"]),
    ],
)
def test_membership(values: firestore.CollectionReference, operator: str, value: Any, expected: list[str]) -> None:
    assert ids(values.where(filter=where("v", operator, value))) == expected


@pytest.fixture
def limits(client: firestore.Client) -> firestore.CollectionReference:
    """Return forty limits of four teams."""
    collection = client.collection("limits")
    batch = client.batch()
    for at in range(40):
        fields = {"team": f"team-{at % 4}", "max": at // 2, "meta": {"tier": at % 3}, "tags": [f"t{at % 5}", "all"]}
        batch.set(collection.document(f"api-{at:02}"), fields | ({"ends": at} if at % 10 == 0 else {}))
    batch.commit()
    return collection


def _expected(*numbers: int) -> list[str]:
    return [f"api-{number:02}" for number in numbers]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (And([where("team", "==", "team-1"), where("max", ">", 15)]), [33, 37]),
        (And([where("max", ">=", 3), where("max", "<", 5)]), [6, 7, 8, 9]),
        (Or([where("max", "==", 3), where("team", "==", "nobody"), where("ends", "==", 30)]), [6, 7, 30]),
        (And([where("team", "in", ["team-0", "team-2"]), where("meta.tier", "==", 1), where("max", "<", 6)]), [4, 10]),
        (And([where("tags", "array_contains", "t1"), where("max", "<=", 5)]), [1, 6, 11]),
        (And([Or([where("max", "==", 1), where("max", "==", 2)]), where("meta.tier", "==", 0)]), [3]),
        (And([where("max", ">", 17), where("ends", ">=", 0)]), []),
        (where("ends", "!=", 10), [0, 20, 30]),
    ],
)
def test_conditions(
    limits: firestore.CollectionReference, condition: FieldFilter | BaseCompositeFilter, expected: list[int]
) -> None:
    assert sorted(ids(limits.where(filter=condition))) == _expected(*expected)


def test_inequality_orders_by_its_field_and_then_by_name(limits: firestore.CollectionReference) -> None:
    found = ids(limits.where(filter=where("max", "<", 2)))
    assert found == _expected(0, 1, 2, 3)
    backwards = limits.where(filter=where("max", "<", 2)).order_by("max", direction="DESCENDING")
    assert ids(backwards) == found[::-1]


def test_mixed_directions(limits: firestore.CollectionReference) -> None:
    query = limits.where(filter=where("max", "<", 4)).order_by("team").order_by("max", direction="DESCENDING")
    assert ids(query) == _expected(4, 0, 5, 1, 6, 2, 7, 3)


def test_ordering_leaves_out_what_lacks_the_field(limits: firestore.CollectionReference) -> None:
    assert ids(limits.order_by("ends")) == _expected(0, 10, 20, 30)


def test_limit_offset_and_limit_to_last(limits: firestore.CollectionReference) -> None:
    assert ids(limits.limit(3)) == _expected(0, 1, 2)
    assert ids(limits.offset(38).limit(5)) == _expected(38, 39)
    assert ids(limits.offset(99)) == []
    last = limits.order_by("max").order_by("__name__").limit_to_last(3).get()
    assert [snapshot.id for snapshot in last] == _expected(37, 38, 39)


def test_cursors_by_value(limits: firestore.CollectionReference) -> None:
    by_max = limits.order_by("max")
    assert ids(by_max.start_at({"max": 19})) == _expected(38, 39)
    assert ids(by_max.start_after({"max": 18})) == _expected(38, 39)
    assert ids(by_max.end_at({"max": 0})) == _expected(0, 1)
    assert ids(by_max.end_before({"max": 1})) == _expected(0, 1)
    assert ids(by_max.start_at({"max": 2}).end_before({"max": 4})) == _expected(4, 5, 6, 7)
    down = limits.order_by("max", direction="DESCENDING")
    assert ids(down.start_at({"max": 1}).end_at({"max": 1})) == _expected(3, 2)


@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("field", ["max", "__name__", "meta.tier"])
@pytest.mark.parametrize("condition", [None, where("team", "==", "team-1")])
def test_pages_by_snapshot_cover_everything_once(
    request: pytest.FixtureRequest,
    limits: firestore.CollectionReference,
    field: str,
    direction: str,
    condition: FieldFilter | None,
) -> None:
    if (field, direction, condition) == ("__name__", "DESCENDING", None) and "java" in request.node.callspec.id:
        pytest.skip("the Java emulator has no descending key scans; the real service does, with an index")
    query = limits.where(filter=condition) if condition else limits
    query = query.order_by(field, direction=direction)
    whole = ids(query)
    seen: list[str] = []
    page = query.limit(7).get()
    while page:
        seen += [snapshot.id for snapshot in page]
        page = query.start_after(page[-1]).limit(7).get()
    assert seen == whole and len(set(seen)) == (10 if condition else 40)


def test_names_as_filter_and_cursor(limits: firestore.CollectionReference) -> None:
    after = limits.where(filter=where("__name__", ">", limits.document("api-37")))
    assert ids(after) == _expected(38, 39)
    some = limits.where(filter=where("__name__", "in", [limits.document("api-05"), limits.document("nobody")]))
    assert ids(some) == _expected(5)
    assert ids(limits.order_by("__name__").start_at({"__name__": "api-38"})) == _expected(38, 39)


def test_projection(limits: firestore.CollectionReference) -> None:
    found = limits.select(["meta.tier", "absent"]).limit(1).get()[0]
    assert found.to_dict() == {"meta": {"tier": 0}} and found.update_time
    keys_only = limits.select(["__name__"]).limit(1).get()[0]
    assert keys_only.to_dict() == {} and keys_only.update_time


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(lambda c: c.where(filter=where("a", "in", list(range(31)))), id="in of 31"),
        pytest.param(lambda c: c.where(filter=where("a", "not-in", list(range(11)))), id="not-in of 11"),
        pytest.param(
            lambda c: c.where(filter=where("a", "array_contains", 1)).where(filter=where("b", "array_contains", 1)),
            id="two array-contains",
        ),
        pytest.param(
            lambda c: c.where(filter=where("a", "!=", 1)).where(filter=where("b", "not-in", [1])), id="two negations"
        ),
        pytest.param(lambda c: c.order_by("a").order_by("a"), id="order twice"),
        pytest.param(lambda c: c.order_by("__name__").order_by("a"), id="order after the name"),
        pytest.param(lambda c: c.offset(-1), id="negative offset"),
    ],
)
def test_refused(client: firestore.Client, query: Any) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        query(client.collection("limits")).get()


@pytest.fixture
def histories(client: firestore.Client) -> firestore.Client:
    """Return a client of a database with nested collections named ``history``."""
    for path, version in {"a/1/history/x": 1, "a/2/history/y": 2, "history/z": 3, "a/1/b/2/history/w": 4}.items():
        client.document(path).set({"v": version})
    client.document("a!/1/history/q").set({"v": 5})
    client.document("a/1").set({"v": 9})
    return client


def test_collection_group(histories: firestore.Client) -> None:
    group = histories.collection_group("history")
    paths = [snapshot.reference.path for snapshot in group.stream()]
    assert paths == ["a/1/b/2/history/w", "a/1/history/x", "a/2/history/y", "a!/1/history/q", "history/z"]
    assert ids(group.where(filter=where("v", ">=", 2)).order_by("v", direction="DESCENDING")) == ["q", "w", "z", "y"]
    assert ids(group.order_by("v").limit(2)) == ["x", "y"]
    assert group.count().get()[0][0].value == 5


def test_partitions_cover_a_group_once(our_client: firestore.Client) -> None:
    batch = our_client.batch()
    for at in range(30):
        batch.set(our_client.document(f"a/{at}/history/x"), {"v": at})
    batch.commit()
    partitions = list(our_client.collection_group("history").get_partitions(4))
    assert len(partitions) == 5  # four cursors make five parts
    found = [snapshot.get("v") for partition in partitions for snapshot in partition.query().stream()]
    assert sorted(found) == list(range(30))


def test_collections_of_a_parent(histories: firestore.Client) -> None:
    assert [collection.id for collection in histories.collections()] == ["a", "a!", "history"]
    assert [collection.id for collection in histories.document("a/1").collections()] == ["b", "history"]
    assert list(histories.document("history/z").collections()) == []


def test_list_documents_shows_missing_ones(histories: firestore.Client) -> None:
    assert [document.id for document in histories.collection("a").list_documents(page_size=1)] == ["1", "2"]


def test_list_documents_by_pages(limits: firestore.CollectionReference) -> None:
    assert [document.id for document in limits.list_documents(page_size=7)] == _expected(*range(40))


def test_aggregations(limits: firestore.CollectionReference) -> None:
    assert limits.count().get()[0][0].value == 40
    assert limits.limit(7).count().get()[0][0].value == 7
    query = limits.where(filter=where("team", "==", "team-1"))
    wanted = query.count(alias="n").sum("max", alias="s").avg("max", alias="a")
    assert _values(wanted.get()) == {"n": 10, "s": 90, "a": 9.0}
    with_end = limits.count(alias="n").sum("ends", alias="s")
    assert _values(with_end.get()) == {"n": 4, "s": 60}
    nothing = limits.where(filter=where("team", "==", "nobody")).sum("max", alias="s").avg("max", alias="a")
    assert _values(nothing.get()) == {"s": 0, "a": 0.0}  # the average is null, which the client shows as 0.0


def _values(results: Any) -> dict[str, Any]:
    rows: list[AggregationResult] = results[0]
    return {row.alias: row.value for row in rows}


def test_a_sum_past_64_bits_is_a_double(client: firestore.Client) -> None:
    client.document("n/a").set({"v": 2**63 - 1})
    client.document("n/b").set({"v": 5})
    total = client.collection("n").sum("v", alias="s").get()[0][0].value
    assert isinstance(total, float) and total == float(2**63)


async def _stream(address: str, project: str) -> list[str]:
    client = firestore.AsyncClient(project=project)
    await client.document("limits/a").set({"v": 1})
    found = [snapshot.id async for snapshot in client.collection("limits").order_by("v").stream()]
    total = await client.collection("limits").count().get()
    assert total[0][0].value == len(found)
    return found


def test_async_client(address: str, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
    assert asyncio.run(_stream(address, project)) == ["a"]


def test_recursive_delete(histories: firestore.Client) -> None:
    histories.recursive_delete(histories.collection("a"))
    assert [snapshot.get("v") for snapshot in histories.collection_group("history").stream()] == [5, 3]
