"""Structured log lines on stderr, in the field names that Cloud Logging reads."""

import json
import sys
import threading
from datetime import UTC, datetime
from typing import Any

_LOCK = threading.Lock()


def line(severity: str, message: str, **fields: Any) -> None:
    """Write one JSON line."""
    record = {"severity": severity, "time": datetime.now(UTC).isoformat(), "message": message, **fields}
    with _LOCK:
        print(json.dumps(record, default=str), file=sys.stderr, flush=True)
