"""The order over all types, and the filters."""

import datetime as dt
import math
from typing import Any

import pytest
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import And

from sandbox.firestore.tests.asking import ids, numbered, where

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


def test_order_over_all_types(values: firestore.CollectionReference) -> None:
    assert ids(values.order_by("v")) == NAMES
    assert ids(values.order_by("v", direction="DESCENDING")) == NAMES[::-1]


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("==", 1, ["one_d", "one_i"]),
        ("==", 0, ["zero_d", "zero_i"]),
        ("==", 2**53 + 1, ["past_i"]),
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
    ],
)
def test_comparison(values: firestore.CollectionReference, operator: str, value: Any, expected: list[str]) -> None:
    assert ids(values.where(filter=where("v", operator, value)).order_by("v")) == expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("in", ["a", 1, None], ["one_d", "one_i", "text_b"]),
        ("in", [[1], {"a": 1}], ["list_1", "map_2"]),
    ],
)
def test_membership(values: firestore.CollectionReference, operator: str, value: Any, expected: list[str]) -> None:
    assert ids(values.where(filter=where("v", operator, value))) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (And([where("team", "==", "team-1"), where("max", ">", 15)]), [33, 37]),
        (And([where("max", ">=", 3), where("max", "<", 5)]), [6, 7, 8, 9]),
        (And([where("team", "in", ["team-0", "team-2"]), where("meta.tier", "==", 1), where("max", "<", 6)]), [4, 10]),
        (And([where("max", ">", 17), where("ends", ">=", 0)]), []),
    ],
)
def test_conditions(limits: firestore.CollectionReference, condition: And, expected: list[int]) -> None:
    assert sorted(ids(limits.where(filter=condition))) == numbered(*expected)
