"""Random queries on random documents: the stand-in and the Java emulator give the same answer or both refuse."""

import math
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import And, FieldFilter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.firestore.tests.servers import connect

FIELDS = st.sampled_from(["a", "b", "m.x", "__name__"])
VALUES = st.sampled_from([None, True, -1, 0, 1, 1.0, 2.5, math.nan, "", "a", "b", [1], ["a", 1], {"x": 1}, {"x": "a"}])
DOCUMENTS = [
    {"a": 1, "b": "a", "m": {"x": 1}},
    {"a": 1.0, "b": "b"},
    {"a": None, "m": {"x": None}},
    {"a": "a", "b": 1, "m": {"x": "a"}},
    {"b": [1, "a"], "a": [1]},
    {"a": math.nan, "b": True, "m": {"x": 2.5}},
    {"a": {"x": 1}, "b": -1, "m": {"x": 0}},
    {"a": 0, "b": 0, "m": {"x": -1}},
    {"a": 2.5, "b": "", "m": {}},
    {"a": True, "b": None, "m": {"x": 1.0}},
    {},
    {"a": -1, "b": "a", "m": {"x": [1]}},
]
OPERATORS = ["==", "<", "<=", ">", ">=", "in"]


@st.composite
def _filters(draw: st.DrawFn) -> tuple[str, str, Any]:
    operator = draw(st.sampled_from(OPERATORS))
    field = draw(FIELDS)
    if field == "__name__":
        return field, draw(st.sampled_from(["==", "<", "<=", ">", ">="])), draw(st.sampled_from(["d03", "d07", "x"]))
    if operator == "in":
        return field, operator, draw(st.lists(VALUES, min_size=1, max_size=3))
    # For null and NaN there are filters of their own, which are not implemented.
    return field, operator, draw(VALUES.filter(lambda value: value is not None and value == value))


QUERIES = st.fixed_dictionaries(
    {
        "filters": st.lists(_filters(), max_size=3, unique_by=repr),
        "orders": st.lists(st.tuples(FIELDS, st.sampled_from(["ASCENDING", "DESCENDING"])), max_size=2),
        "cursor": st.none() | st.tuples(st.sampled_from(["start_at", "start_after", "end_at", "end_before"]), VALUES),
        "limit": st.none() | st.integers(0, 6),
        "offset": st.integers(0, 2),
    }
)


@pytest.fixture(scope="session")
def both(ours: str, java: str) -> list[firestore.CollectionReference]:
    """Return the same collection on both servers."""
    collections = []
    for address in (ours, java):
        collection = connect(address, "agreement").collection("limits")
        for at, fields in enumerate(DOCUMENTS):
            collection.document(f"d{at:02}").set(fields)
        collections.append(collection)
    return collections


def _build(collection: firestore.CollectionReference, plan: dict[str, Any]) -> Any:
    filters = [
        FieldFilter(field, operator, collection.document(value) if field == "__name__" else value)
        for field, operator, value in plan["filters"]
    ]
    query: Any = collection
    if filters:
        query = query.where(filter=And(filters))
    for field, direction in plan["orders"]:
        query = query.order_by(field, direction=direction)
    if plan["cursor"] and plan["orders"]:
        method, value = plan["cursor"]
        field = plan["orders"][0][0]
        query = getattr(query, method)({field: "d05" if field == "__name__" else value})
    if plan["limit"] is not None:
        query = query.limit(plan["limit"])
    return query.offset(plan["offset"])


def _answer(query: Any) -> tuple[str, list[str]]:
    try:
        return "found", [snapshot.id for snapshot in query.stream()]
    except exceptions.InvalidArgument:
        return "refused", []
    except exceptions.FailedPrecondition as error:
        assert "descending key scans" in str(error)  # the one thing that the Java emulator alone refuses
        return "unsupported", []


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=QUERIES)
def test_random_queries(both: list[firestore.CollectionReference], plan: dict[str, Any]) -> None:
    try:
        queries = [_build(collection, plan) for collection in both]
        ours, theirs = (_answer(query) for query in queries)
    except ValueError:
        return  # the client itself refuses to send it
    assert theirs[0] == "unsupported" or ours == theirs
