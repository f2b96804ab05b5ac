"""What is said about delivering itself: dead letters, answers nobody knows, parents that stay as they are. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from pedwatch.alerts.messages import Message


def not_delivered(target: str, error: str, texts: Sequence[str]) -> Message:
    """Write to the platform that messages could not be delivered.

    Args:
        target: the channel.
        error: why not.
        texts: what they said.
    """
    count = _count(texts)
    which = "It said" if len(texts) == 1 else "The first said"
    return Message(
        mark=":warning:",
        title="Not delivered",
        summary=f"{count} could not be delivered to {target}: {error}. {which}: {texts[0]}",
        advice="Mend what the error names, and tell the team: it does not know. If another channel is named in "
        "pedwatch.yaml, what is still open is told there by itself. Else set the rows back to unsent (docs/slack.md)",
        lines=list(texts[1:]),
    )


def odd_answer(target: str, answer: str, texts: Sequence[str]) -> Message:
    """Write to the platform that messages wait: a channel answers what nobody knows, or what only people can mend."""
    waits = "waits and is tried again" if len(texts) == 1 else "wait and are tried again"
    return Message(
        mark=":warning:",
        title="Not delivered yet",
        summary=f"{_count(texts)} for {target} {waits}: it answers {answer}",
        advice="Mend what it names. A code that is in no table of docs/slack.md: look it up, and report it",
        lines=list(texts),
    )


def cannot_edit(message: Message, why: str) -> Message:
    """Return a reply that also says why the message above it does not change any more."""
    said = message.thread or message.summary
    return replace(message, thread=f"{said} The message above cannot be edited ({why}): this thread says what is true.")


def _count(texts: Sequence[str]) -> str:
    return "1 message" if len(texts) == 1 else f"{len(texts)} messages"
