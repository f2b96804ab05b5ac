"""Transactions: what they see, what they refuse, and that contention loses no update."""

import threading
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from sandbox.firestore.tests.servers import connect


@firestore.transactional
def _increment(transaction: firestore.Transaction, document: firestore.DocumentReference) -> int:
    value: int = document.get(transaction=transaction).get("n") + 1
    transaction.update(document, {"n": value})
    return value


def test_read_then_write(client: firestore.Client) -> None:
    document = client.document("limits/a")
    document.set({"n": 0})
    assert [_increment(client.transaction(), document) for _ in range(3)] == [1, 2, 3]
    assert document.get().to_dict() == {"n": 3}


def test_a_failed_transaction_writes_nothing(client: firestore.Client) -> None:
    document = client.document("limits/a")

    @firestore.transactional
    def fail(transaction: firestore.Transaction) -> None:
        transaction.set(document, {"n": 1})
        raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError):
        fail(client.transaction())
    assert not document.get().exists


def test_contention_loses_no_update(address: str, project: str) -> None:
    connect(address, project).document("limits/a").set({"n": 0})

    def work() -> None:
        client = connect(address, project)
        for _ in range(2):
            _increment(client.transaction(max_attempts=30), client.document("limits/a"))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert connect(address, project).document("limits/a").get().to_dict() == {"n": 4}


def test_a_read_only_transaction_keeps_its_snapshot(client: firestore.Client) -> None:
    client.document("limits/a").set({"n": 1})
    transaction = client.transaction(read_only=True)

    @firestore.transactional
    def read_twice(transaction: firestore.Transaction) -> list[Any]:
        seen = [[found.to_dict() for found in client.collection("limits").stream(transaction=transaction)]]
        client.document("limits/b").set({"n": 2})
        client.document("limits/a").delete()
        seen.append([found.to_dict() for found in client.collection("limits").stream(transaction=transaction)])
        seen.append([found.exists for found in client.get_all([client.document("limits/a")], transaction=transaction)])
        return seen

    assert read_twice(transaction) == [[{"n": 1}], [{"n": 1}], [True]]
    assert [found.id for found in client.collection("limits").stream()] == ["b"]


def _overtaken(client: firestore.Client, read: Any, overtake: Any) -> int:
    """Run a transaction that is overtaken by another write in its first attempt; return how often it ran."""
    attempts = []

    @firestore.transactional
    def run(transaction: firestore.Transaction) -> None:
        attempts.append(1)
        read(transaction)
        if len(attempts) == 1:
            overtake()
        transaction.set(client.document("limits/result"), {"attempt": len(attempts)})

    run(client.transaction())
    assert client.document("limits/result").get().to_dict() == {"attempt": len(attempts)}
    return len(attempts)


@pytest.mark.parametrize(
    ("overtaker", "attempts"),
    [
        pytest.param(lambda c: c.document("limits/read").set({"n": 2}), 2, id="what was read is changed"),
        pytest.param(lambda c: c.document("limits/read").delete(), 2, id="what was read is deleted"),
        pytest.param(lambda c: c.document("limits/missing").set({}), 2, id="what was missing is created"),
        pytest.param(lambda c: c.document("team/new").set({"n": 1}), 2, id="a query would find one more"),
        pytest.param(lambda c: c.document("team/new").set({"n": 9}), 1, id="a query would not find it"),
        pytest.param(lambda c: c.document("limits/other").set({}), 1, id="nothing that was read"),
    ],
)
def test_whoever_is_overtaken_runs_again(our_client: firestore.Client, overtaker: Any, attempts: int) -> None:
    # The Java emulator locks instead and would refuse the overtaker after two seconds.
    our_client.document("limits/read").set({"n": 1})
    query = our_client.collection("team").where(filter=FieldFilter("n", "==", 1))

    def read(transaction: firestore.Transaction) -> None:
        our_client.document("limits/read").get(transaction=transaction)
        our_client.document("limits/missing").get(transaction=transaction)
        list(query.stream(transaction=transaction))

    assert _overtaken(our_client, read, lambda: overtaker(our_client)) == attempts


def test_the_second_of_two_is_aborted(our_client: firestore.Client) -> None:
    document = our_client.document("limits/a")
    document.set({"n": 0})
    first, second = our_client.transaction(), our_client.transaction()
    for transaction in (first, second):
        transaction._begin()
        document.get(transaction=transaction)
        transaction.update(document, {"n": firestore.Increment(1)})
    first._commit()
    with pytest.raises(exceptions.Aborted):
        second._commit()
    assert document.get().to_dict() == {"n": 1}


def test_a_closed_transaction_is_refused(client: firestore.Client) -> None:
    document = client.document("limits/a")
    transaction = client.transaction()
    transaction._begin()
    used = transaction.id
    transaction._rollback()
    reused = client.transaction()
    reused._id = used
    with pytest.raises(exceptions.InvalidArgument):
        document.get(transaction=reused)
    reused._id = b"never begun"
    with pytest.raises(exceptions.InvalidArgument):
        document.get(transaction=reused)
