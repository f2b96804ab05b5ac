"""One call of a Web API method and the rules that several methods share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.records import Channel, Message
from sandbox.slack.store import Store
from sandbox.slack.workspace import Switches


@dataclass(frozen=True)
class Call:
    """What a method needs to know."""

    arguments: Arguments
    store: Store
    switches: Switches
    base_url: str

    def channel(self, may_be_named: bool = False) -> Channel:
        """Return the channel the call is about; the bot must be able to see it.

        Slack takes a channel's name only for posting; everywhere else it wants the id.
        """
        reference = self.arguments.required("channel")
        channel = self.store.find_channel(reference)
        # A private channel the bot is not in does not exist for it.
        if channel is None or (channel.is_private and not channel.is_member):
            raise SlackRefusal("channel_not_found")
        if channel.id != reference and not may_be_named:
            raise SlackRefusal("channel_not_found")
        return channel

    def joined_channel(self, may_be_named: bool = False) -> Channel:
        """Return the channel the call is about; the bot must be in it."""
        channel = self.channel(may_be_named)
        if not channel.is_member:
            raise SlackRefusal("not_in_channel")
        return channel

    def message(self, channel: Channel, argument: str, refusal: str = "message_not_found") -> Message:
        """Return the message an argument names; deleted ones count only while they head a thread."""
        message = self.store.message(channel.id, self.arguments.timestamp(argument, refusal))
        if message is None or (message.deleted_ts is not None and not self.is_tombstone(message)):
            raise SlackRefusal(refusal)
        return message

    def is_tombstone(self, message: Message) -> bool:
        """Say whether a message is deleted but still heads a thread with replies."""
        return message.deleted_ts is not None and message.ts in self.store.threads(message.channel)


Method = Callable[[Call], dict[str, Any]]
