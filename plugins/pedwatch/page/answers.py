"""One answer for all who ask the same within a minute: whoever comes first asks BigQuery, the others wait for it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

Answer = TypeVar("Answer")

SECONDS = 60.0
REFUSED_SECONDS = 10.0
"""A refusal is kept shorter: who mends it should see that soon, and BigQuery is not asked for each reload."""
MOST = 200


@dataclass
class _Shared:
    lock: threading.Lock = field(default_factory=threading.Lock)
    answer: Any = None
    refusal: Exception | None = None
    until: float = float("-inf")


class SharedAnswers:
    """Answers by question, each for a minute.

    Args:
        clock: monotonic seconds; injected in tests.
        most: questions that are remembered; the one asked longest ago is forgotten first.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self._clock, self._most = clock, most
        self._lock = threading.Lock()
        self._shared: OrderedDict[Hashable, _Shared] = OrderedDict()

    def get(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        """Return the answer to a question, asking only when there is none of the last minute.

        Raises:
            Exception: whatever ``ask`` raised, also to those who waited for it.
        """
        with self._lock:
            shared = self._shared.setdefault(question, _Shared())
            self._shared.move_to_end(question)
            while len(self._shared) > self._most:
                self._shared.popitem(last=False)
        with shared.lock:
            if self._clock() >= shared.until:
                self._ask(shared, ask)
            if shared.refusal is not None:
                raise shared.refusal
            return cast("Answer", shared.answer)

    def _ask(self, shared: _Shared, ask: Callable[[], Any]) -> None:
        shared.answer, shared.refusal, lasts = None, None, SECONDS
        try:
            shared.answer = ask()
        except Exception as error:  # noqa: BLE001 - it is raised to everybody who asked
            shared.refusal, lasts = error, REFUSED_SECONDS
        shared.until = self._clock() + lasts
