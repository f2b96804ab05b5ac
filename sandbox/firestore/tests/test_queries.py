"""Order, limits, cursors, projections, and the queries that are refused."""

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from sandbox.firestore.tests.asking import ids, numbered, where


def test_inequality_orders_by_its_field_and_then_by_name(limits: firestore.CollectionReference) -> None:
    found = ids(limits.where(filter=where("max", "<", 2)))
    assert found == numbered(0, 1, 2, 3)
    backwards = limits.where(filter=where("max", "<", 2)).order_by("max", direction="DESCENDING")
    assert ids(backwards) == found[::-1]


def test_mixed_directions(limits: firestore.CollectionReference) -> None:
    query = limits.where(filter=where("max", "<", 4)).order_by("team").order_by("max", direction="DESCENDING")
    assert ids(query) == numbered(4, 0, 5, 1, 6, 2, 7, 3)


def test_ordering_leaves_out_what_lacks_the_field(limits: firestore.CollectionReference) -> None:
    assert ids(limits.order_by("ends")) == numbered(0, 10, 20, 30)


def test_limit_offset_and_limit_to_last(limits: firestore.CollectionReference) -> None:
    assert ids(limits.limit(3)) == numbered(0, 1, 2)
    assert ids(limits.offset(38).limit(5)) == numbered(38, 39)
    assert ids(limits.offset(99)) == []
    last = limits.order_by("max").order_by("__name__").limit_to_last(3).get()
    assert [snapshot.id for snapshot in last] == numbered(37, 38, 39)


def test_cursors_by_value(limits: firestore.CollectionReference) -> None:
    by_max = limits.order_by("max")
    assert ids(by_max.start_at({"max": 19})) == numbered(38, 39)
    assert ids(by_max.start_after({"max": 18})) == numbered(38, 39)
    assert ids(by_max.end_at({"max": 0})) == numbered(0, 1)
    assert ids(by_max.end_before({"max": 1})) == numbered(0, 1)
    assert ids(by_max.start_at({"max": 2}).end_before({"max": 4})) == numbered(4, 5, 6, 7)
    down = limits.order_by("max", direction="DESCENDING")
    assert ids(down.start_at({"max": 1}).end_at({"max": 1})) == numbered(3, 2)


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
    assert ids(after) == numbered(38, 39)
    some = limits.where(filter=where("__name__", "in", [limits.document("api-05"), limits.document("nobody")]))
    assert ids(some) == numbered(5)
    assert ids(limits.order_by("__name__").start_at({"__name__": "api-38"})) == numbered(38, 39)


def test_projection(limits: firestore.CollectionReference) -> None:
    found = limits.select(["meta.tier", "absent"]).limit(1).get()[0]
    assert found.to_dict() == {"meta": {"tier": 0}} and found.update_time
    keys_only = limits.select(["__name__"]).limit(1).get()[0]
    assert keys_only.to_dict() == {} and keys_only.update_time


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(lambda c: c.where(filter=where("a", "in", list(range(31)))), id="in of 31"),
        pytest.param(lambda c: c.order_by("a").order_by("a"), id="order twice"),
        pytest.param(lambda c: c.order_by("__name__").order_by("a"), id="order after the name"),
        pytest.param(lambda c: c.offset(-1), id="negative offset"),
    ],
)
def test_refused(client: firestore.Client, query: Any) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        query(client.collection("limits")).get()
