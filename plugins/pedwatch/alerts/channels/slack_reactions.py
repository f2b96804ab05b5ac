"""Reads who has reacted to a message, within what Slack lets an app ask."""

import logging
from collections.abc import Callable, Mapping, Sequence

from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.errors import NotifyError

log = logging.getLogger(__name__)

MOST_READ = 20
"""Messages a cycle: ``reactions.get`` is of Slack's tier 3, some fifty calls a minute for all that the app asks."""
MOST_SECONDS = 10.0
"""In a cycle; what is left out has its turn in the next ones."""

Place = tuple[str, str]
"""Channel and ts of a message."""


class SlackReactions:
    """Asks Slack; what it does not answer is not known, and is asked again in the next cycle.

    Args:
        connect: makes the way to Slack, at the first question.
        clock: monotonic, seconds.
    """

    def __init__(self, connect: Callable[[], SlackChannel], clock: Callable[[], float]) -> None:
        self._connect = connect
        self._clock = clock

    def users(self, places: Sequence[Place], name: str) -> Mapping[Place, list[str]]:
        """Return, of those messages that Slack answered for, who has reacted with an emoji; never raises.

        One refusal ends the reading: a scope that is missing, or a limit that is reached, is so for all.
        """
        found: dict[Place, list[str]] = {}
        try:
            channel = self._connect()
            until = self._clock() + MOST_SECONDS
            for place in places[:MOST_READ]:
                if self._clock() >= until:
                    break
                answer = channel.call("reactions.get", {"channel": place[0], "timestamp": place[1], "full": True})
                found[place] = _users(answer.get("message"), name)
        except NotifyError as error:
            log.warning("pedwatch_reactions_unread error=%s", error)
        except Exception as error:  # noqa: BLE001 a connection that is missing, an answer of another shape: not known
            # Not the message: what a client's exception carries is not known here.
            log.warning("pedwatch_reactions_unread error=%s", type(error).__name__)
        return found


def _users(message: object, name: str) -> list[str]:
    """Return who reacted so, whatever the tone of the emoji's skin."""
    reactions = message.get("reactions", []) if isinstance(message, Mapping) else None
    if reactions is None:
        raise ValueError("an answer without a message")
    return [str(user) for each in reactions if str(each["name"]).partition("::")[0] == name for user in each["users"]]
