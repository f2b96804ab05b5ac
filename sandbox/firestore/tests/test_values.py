"""The sort keys: bytes that compare as the values do."""

import math

from google.cloud.firestore_v1._helpers import encode_value
from hypothesis import given
from hypothesis import strategies as st

from sandbox.firestore.values import name_key, sort_key

INTEGERS = st.integers(-(2**63), 2**63 - 1)
NEAR_THE_EDGE = st.integers(2**53 - 3, 2**53 + 3) | st.integers(2**63 - 2050, 2**63 - 1)
NUMBERS = INTEGERS | NEAR_THE_EDGE | NEAR_THE_EDGE.map(lambda n: -n) | st.floats(allow_nan=False)
NUMBERS = NUMBERS | NEAR_THE_EDGE.map(float)
TEXTS = st.text(st.sampled_from("\x00\x01\x02ab\x7fé\xff\uffee\U0001f600"), max_size=6)


def _key(value: object) -> bytes:
    return sort_key(encode_value(value)._pb)


@given(NUMBERS, NUMBERS)
def test_numbers_compare_exactly(one: float, other: float) -> None:
    assert (_key(one) < _key(other)) == (one < other)
    assert (_key(one) == _key(other)) == (one == other)


@given(NUMBERS)
def test_nan_is_below_every_number(number: float) -> None:
    assert _key(math.nan) < _key(number)


@given(TEXTS, TEXTS)
def test_text_compares_by_its_utf8(one: str, other: str) -> None:
    assert (_key(one) < _key(other)) == (one.encode() < other.encode())
    assert (_key(one.encode()) < _key(other.encode())) == (one.encode() < other.encode())


@given(st.lists(TEXTS, max_size=4), st.lists(TEXTS, max_size=4))
def test_lists_compare_element_by_element(one: list[str], other: list[str]) -> None:
    expected = [text.encode() for text in one] < [text.encode() for text in other]
    assert (_key(one) < _key(other)) == expected


@given(st.dictionaries(TEXTS, INTEGERS, max_size=3), st.dictionaries(TEXTS, INTEGERS, max_size=3))
def test_maps_compare_by_sorted_entries(one: dict[str, int], other: dict[str, int]) -> None:
    entries = [sorted((name.encode(), number) for name, number in each.items()) for each in (one, other)]
    assert (_key(one) < _key(other)) == (entries[0] < entries[1])


def test_names_compare_by_segment_and_numeric_ids_come_first() -> None:
    names = ["c/__id-5__", "c/__id7__", "c/__id10__", "c/a", "c/a/d/x", "c/a!", "c/b"]
    assert sorted(names, key=name_key) == names
