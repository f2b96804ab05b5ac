"""What the platform hears of DAG runs: that one failed, once, until the DAG finishes again. Pure; times in UTC.

What fails for a reason that is known, a sync that is refused, is told although the DAG was told as failed already: who
waits for an outage to pass must hear of what does not pass by itself.
"""

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pedwatch.alerts import platform_messages
from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Told, notification_id
from pedwatch.cycles import PERIOD

FAILED, RECOVERED = "dag_failed", "dag_recovered"
"""Reasons of the outbox rows."""

FINISHES_NEEDED: Mapping[str, int] = {"ped_replica_watch": 3, "ped_limits_sync": 3}
"""After so many runs in a row a DAG is back, where it runs in every cycle: one that times out every other time would
else be two messages every ten minutes. For the daily DAGs one is enough."""


def is_told_failed(told: Told | None) -> bool:
    """Tell whether the channel believes that a DAG fails."""
    return told is not None and told.phase == "failed"


def failure_row(
    told: Told | None,
    dag_id: str,
    run_id: str,
    message: Message,
    channel: str,
    cycle: dt.datetime,
    cause: str | None = None,
) -> Notification | None:
    """Return the word that a run failed; None when the channel knows of an earlier one and no better since.

    A known cause that the channel has not heard yet is said in the thread of the failure before it.

    Args:
        told: what was last told of the DAG.
        dag_id: the DAG.
        run_id: the run.
        message: what is said.
        channel: the platform's.
        cycle: of the run.
        cause: a name for why, where that is known.
    """
    thread, sequence, since = str(uuid.uuid5(NAMESPACE, f"dag|{dag_id}|{run_id}")), 1, cycle.isoformat()
    if told is not None and is_told_failed(told):
        if cause in (None, told.state.get("cause")):
            return None
        thread, channel, since = told.episode_id, told.channel, told.state["since"]
    if told is not None and told.episode_id == thread:  # or a run that fails again after it was cleared
        sequence = told.sequence + 1
    state = {"phase": "failed", "severity": None, "dag_id": dag_id, "since": since, "cause": cause}
    return _row(thread, sequence, FAILED, state, message, channel, cycle)


def recovery_row(told: Told, finished: Sequence[dt.datetime], url: str | None = None) -> Notification | None:
    """Return the word that a DAG that was told as failed is back; None while it is not.

    Args:
        told: the failure.
        finished: the newest cycles since then whose runs came to their end, the newest first.
        url: of the DAG's runs.
    """
    dag_id = told.state["dag_id"]
    needed = FINISHES_NEEDED.get(dag_id, 1)
    newest = list(finished[:needed])
    is_in_a_row = all(later - earlier == PERIOD for later, earlier in pairwise(newest))
    if len(newest) < needed or not is_in_a_row:
        return None
    since = dt.datetime.fromisoformat(told.state["since"])
    state = {"phase": "resolved", "severity": None, "dag_id": dag_id, "since": since.isoformat()}
    message = platform_messages.dag_recovered(dag_id, since, newest[-1], url)
    return _row(told.episode_id, told.sequence + 1, RECOVERED, state, message, told.channel, newest[-1])


def _row(
    thread: str,
    sequence: int,
    reason: str,
    state: Mapping[str, str | None],
    message: Message,
    channel: str,
    cycle: dt.datetime,
) -> Notification:
    return Notification(
        notification_id=notification_id(thread, sequence, channel),
        episode_id=thread,
        sequence=sequence,
        team_id=None,
        cycle=cycle,
        reason=reason,
        destination="team",
        channel=channel,
        told_state=json.dumps(state, sort_keys=True),
        message=message,
        status="unsent",
    )
