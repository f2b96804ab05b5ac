"""Whatever somebody left in Firestore or in a file is a limit, a rejection, or a problem with its place."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from pedwatch.limits.files import read_file
from pedwatch.limits.stored_document import StoredDocument, raw_sha256
from pedwatch.written.problems import Problem
from tests.unit.limits.odd_documents import FILES, Novelty, Point, Reference, documents
from tests.unit.limits.samples import limit, minutes
from tests.unit.limits.test_sync import NAME, World

ODD = f"{NAME}.n"
EXAMPLES = 60


def check_sync(data: dict[str, Any]) -> None:
    """Hold that a document beside others costs nobody else anything; also the benchmark's."""
    world = World()
    world.firestore.publish(limit(20), limit(10, name="n"))
    world.sync()
    world.firestore.publish(limit(21))
    world.firestore.put(ODD, data)
    world.wait(60)
    plan = world.sync()
    now = world.now()
    assert now[NAME] == 21
    [rejection] = plan.rejections or [None]
    if rejection is not None:
        assert rejection.document_id == ODD
        assert now.get(ODD) == 10, "the last valid version stays"
        assert rejection.reason, "a rejection says why"
        assert len(rejection.reason) < 1200
        assert " at 0x" not in rejection.reason
    again = world.sync()
    assert again.rejections == plan.rejections, "the same document is the same rejection"
    assert again.versions_written == 0
    json.dumps([vars(one) for one in plan.rejections]).encode()
    # And it can be published over.
    world.firestore.publish(limit(11, name="n"))
    world.sync()
    assert world.now() == {NAME: 21, ODD: 11}


def check_file(raw: bytes) -> None:
    """Hold that a file is limits, or problems that name it; also the benchmark's."""
    found = read_file("ped/orders.yaml", raw)
    assert found
    for one in found:
        if isinstance(one, Problem):
            assert str(one).startswith("ped/orders.yaml")
            assert one.message
            str(one).encode()
        else:
            assert one.limit.limit_id


@settings(max_examples=EXAMPLES)
@given(documents())
def test_an_odd_document_is_a_limit_or_a_rejection(data: dict[str, Any]) -> None:
    check_sync(data)


@settings(max_examples=EXAMPLES)
@given(FILES)
def test_an_odd_file_is_limits_or_problems_with_their_place(raw: bytes) -> None:
    check_file(raw)


@pytest.mark.parametrize("kind", [Reference, Point, Novelty])
def test_equal_documents_have_equal_hashes(kind: type) -> None:
    assert raw_sha256({"a": [kind()]}) == raw_sha256({"a": [kind()], "updated_at": 1})


def test_a_reason_has_room_in_a_row_however_much_is_wrong() -> None:
    content = limit(10)
    data = content.to_firestore() | {f"unknown-{number}": number for number in range(2000)}
    with pytest.raises(ValueError, match=r"unknown key.*; and \d+ more$") as caught:
        StoredDocument(NAME, data, minutes(0)).limit()
    assert len(str(caught.value)) < 1200
