"""Heads in their own bucket: by their names alone, and what they prove in words."""

import pytest

from pedwatch.audit import anchors, witnesses
from pedwatch.audit.anchors import Anchor

HEAD = "ab" * 32


def test_an_anchor_is_named_by_number_and_hash_of_what_it_holds() -> None:
    name = anchors.object_name("daily", 12, b"entry")
    assert name.startswith("heads/daily/000012-") and name.endswith(".json")
    [found] = anchors.read("daily", [name, "heads/daily/notes.txt", "heads/daily/12-ab.json", "heads/march/x"])
    assert found.sequence == 12 and anchors.object_name("daily", 12, b"other") != name


@pytest.mark.parametrize(
    ("refusal", "is_there"),
    [
        ("k@p does not have storage.objects.delete access to the Google Cloud Storage object.", True),
        ("Object 'b/n' is subject to bucket's retention policy and cannot be deleted, overwritten or archived", True),
        ("k@p does not have storage.objects.create access to the Google Cloud Storage object.", False),
        ("", False),
    ],
)
def test_what_a_refusal_says(refusal: str, is_there: bool) -> None:
    assert anchors.is_there(refusal) == is_there


@pytest.mark.parametrize(
    ("last", "heads", "found", "why_not", "says"),
    [
        (3, [], None, None, []),
        (3, [], None, "403", ["was not looked at: 403"]),
        (3, [], [], None, ["has none of this label"]),
        (3, [], [Anchor(3, HEAD)], None, ["has 1, the newest of entry 3: it proves all up to it", "no head proves"]),
        (5, [], [Anchor(3, HEAD)], None, ["entries 4 to 5 have no head there yet", "no head proves"]),
        (3, [HEAD], None, None, ["a head given by hand proves", "no head proves that a pack was true"]),
    ],
)
def test_what_stands_for_a_chain_is_said(
    last: int, heads: list[str], found: list[Anchor] | None, why_not: str | None, says: list[str]
) -> None:
    told = witnesses.told(last, heads, found, why_not)
    assert len(told) == len(says)
    assert all(words in line for words, line in zip(says, told, strict=True)), told
