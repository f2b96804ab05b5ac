"""The line in which clusters stand for a turn."""

import threading
from collections.abc import Callable, Iterator

import pytest

from replica_collector import turns
from replica_collector.deadline import Deadline
from replica_collector.turns import Turn, Turns

PATIENCE = 10.0


@pytest.fixture
def start() -> Iterator[Callable[[Callable[[], None]], threading.Event]]:
    """Run something in a thread; the event is set when it is through."""
    threads: list[threading.Thread] = []

    def run(work: Callable[[], None]) -> threading.Event:
        done = threading.Event()
        threads.append(threading.Thread(target=lambda: (work(), done.set()), daemon=True))
        threads[-1].start()
        return done

    yield run
    for thread in threads:
        thread.join(PATIENCE)


def line(count: int, places: int) -> list[Turn]:
    turns = Turns(count)
    return [turns.line_up(Deadline(PATIENCE)) for _ in range(places)]


def test_turns_go_in_the_order_of_the_line(start: Callable[..., threading.Event]) -> None:
    at_work, *waiting = line(1, 5)
    at_work.take()
    order: list[int] = []

    def work(number: int, turn: Turn) -> None:
        turn.take()
        order.append(number)
        turn.leave()

    done = [start(lambda n=n, turn=turn: work(n, turn)) for n, turn in reversed(list(enumerate(waiting)))]
    while len(at_work._turns._waiting) < len(waiting):  # type: ignore[attr-defined]
        pass
    at_work.leave()
    assert all(each.wait(PATIENCE) for each in done)
    assert order == [0, 1, 2, 3]


def test_a_turn_is_kept_from_page_to_page(start: Callable[..., threading.Event]) -> None:
    first, second = line(1, 2)
    first.take()
    done = start(second.take)
    for _ in range(3):
        first.unpack()
        first.take()
    assert not done.wait(0.05)
    first.leave()
    assert done.wait(PATIENCE)


def test_who_keeps_others_waiting_goes_behind_them(
    start: Callable[..., threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MOMENT_SECONDS", 0.05)
    slow, second, third = line(1, 3)
    slow.take()
    assert start(second.take).wait(PATIENCE), "the turn of a page that does not come is somebody else's"
    monkeypatch.setattr(turns, "MOMENT_SECONDS", 60.0)
    again, done = start(slow.take), start(third.take)
    assert not done.wait(0.05)
    second.leave()
    assert done.wait(PATIENCE) and not again.is_set()
    third.leave()
    assert again.wait(PATIENCE)


def test_nobody_loses_a_turn_while_a_page_is_unpacked(
    start: Callable[..., threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MOMENT_SECONDS", 0.02)
    first, second = line(1, 2)
    first.take()
    first.unpack()
    done = start(second.take)
    assert not done.wait(0.1)
    first.leave()
    assert done.wait(PATIENCE)


def test_one_page_at_a_time_is_unpacked(start: Callable[..., threading.Event]) -> None:
    first, second = line(2, 2)
    first.take()
    second.take()
    first.unpack()
    first.unpack()
    done = start(second.unpack)
    assert not done.wait(0.05)
    first.take()
    assert done.wait(PATIENCE)
    second.leave()
    first.unpack()
    first.leave()


@pytest.mark.parametrize("wait", ["take", "unpack"])
def test_waiting_ends_with_the_time(wait: str) -> None:
    line = Turns(1)
    other, turn = line.line_up(Deadline(PATIENCE)), line.line_up(Deadline(0.05))
    other.take()
    other.unpack()
    with pytest.raises(TimeoutError):
        getattr(turn, wait)()
    other.leave()
