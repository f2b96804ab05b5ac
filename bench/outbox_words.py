"""Words as they wait in the outbox: what tests and benchmarks of the sender let it send.

Here, and not beside the model of the outbox, because a benchmark brings it to the commit that it compares with.
"""

import datetime as dt
import json
from typing import Any

from pedwatch.alerts.messages import Message


def word(
    episode_id: str, sequence: int, channel: str, at: dt.datetime, message: Message, reason: str = ""
) -> dict[str, Any]:
    """Return the row of a word about an episode, ready to be sent."""
    return {
        "notification_id": f"{episode_id}-{sequence}",
        "episode_id": episode_id,
        "sequence": sequence,
        "reason": "first" if sequence == 1 else reason,
        "cycle": at,
        "channel": channel,
        "message": json.dumps(message.to_json()),
        "status": "unsent",
        "created_at": at,
    }
