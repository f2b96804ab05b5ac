"""insertId: a row that was streamed a moment ago is not taken twice."""

import threading
import time

from sandbox.bigquery.model import TableRef

_SECONDS = 60.0


class StreamedIds:
    """The ids of rows streamed within the last minute, as long as BigQuery promises at least to remember them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[TableRef, str], float] = {}

    def is_known(self, ref: TableRef, insert_id: str | None) -> bool:
        """Whether a row with this id is in the table already."""
        if not insert_id:
            return False
        with self._lock:
            return self._seen.get((ref, insert_id), -_SECONDS) + _SECONDS > time.monotonic()

    def remember(self, ref: TableRef, insert_ids: list[str]) -> None:
        """Note that rows with these ids were inserted."""
        now = time.monotonic()
        with self._lock:
            # Insertion order is age: forget from the front.
            while self._seen and (oldest := next(iter(self._seen))) and self._seen[oldest] + _SECONDS <= now:
                del self._seen[oldest]
            for insert_id in insert_ids:
                self._seen.pop((ref, insert_id), None)
                self._seen[ref, insert_id] = now
