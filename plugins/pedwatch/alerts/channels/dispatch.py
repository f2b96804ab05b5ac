"""Every channel of the outbox behind one transport: Slack ids, ``mailto:`` addresses, ``webhook:`` connections."""

from collections.abc import Mapping, Sequence

from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.messages import Message
from pedwatch.alerts.transport import Found, SendError, Transport
from pedwatch.config import Config
from pedwatch.config.kinds_of_text import MAIL, WEBHOOK
from pedwatch.errors import PedwatchError


class Transports:
    """Hands each message to the transport of its channel; mail and webhooks are connected when first needed.

    Args:
        config: names the connections.
        slack: Slack; the configured one when omitted.
    """

    def __init__(self, config: Config, slack: Transport | None = None) -> None:
        self._config = config
        self._slack = slack or SlackChannel(config.connections.slack)
        self._others: dict[str, Transport] = {}
        self.timeout_seconds = max(self._slack.timeout_seconds, 30.0)

    def _of(self, target: str) -> Transport:
        if not target.startswith((MAIL, WEBHOOK)):
            return self._slack
        key = self._config.connections.smtp if target.startswith(MAIL) else target
        if key not in self._others:
            try:
                self._others[key] = self._connect(target)
            except PedwatchError:
                raise
            except Exception as error:  # noqa: BLE001 a connection that is missing or wrong holds up its own messages only
                what = f"connection of {target.partition(':')[0]}: {type(error).__name__}"
                raise SendError("later", what, holds_channel=True) from None
        return self._others[key]

    def _connect(self, target: str) -> Transport:
        from pedwatch.alerts.channels.mail import MailChannel
        from pedwatch.alerts.channels.webhook import WebhookChannel

        if target.startswith(MAIL):
            return MailChannel(self._config.connections.smtp)
        return WebhookChannel(target.removeprefix(WEBHOOK))

    def post(self, target: str, message: Message, payload: Mapping[str, str]) -> str:
        """Post a parent message and return its ts."""
        return self._of(target).post(target, message, payload)

    def reply(self, target: str, parent_ts: str, message: Message, payload: Mapping[str, str]) -> str:
        """Post into a thread and return the ts."""
        return self._of(target).reply(target, parent_ts, message, payload)

    def edit(self, target: str, ts: str, message: Message) -> None:
        """Bring a parent to the current truth."""
        self._of(target).edit(target, ts, message)

    def find(self, target: str, payload: Mapping[str, str], oldest: float, parents: Sequence[str]) -> Found | None:
        """Look for a message by its notification id."""
        return self._of(target).find(target, payload, oldest, parents)

    def permalink(self, target: str, ts: str) -> str | None:
        """Return a link to a message."""
        return self._of(target).permalink(target, ts)
