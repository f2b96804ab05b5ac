"""What Slack refuses in a message as a whole: too long, malformed, empty; and how it completes the blocks."""

import copy
import json
import secrets
from typing import Any

from sandbox.slack.block_checks import Findings
from sandbox.slack.block_rules import check_blocks
from sandbox.slack.errors import SlackRefusal

TEXT_LENGTH = 40_000
#: Documented as ``msg_too_long`` of chat.update, and seen: github NousResearch/hermes-agent#111336 (2026-09-15).
EDITED_TEXT_LENGTH = 4_000
#: Slack counts all blocks together, in a way it does not document. Measured by others (slackapi/bolt-js #2509,
#: #2867): one markdown block of 13,297 characters passes; 9,597 characters in 50 blocks pass; 11,341 characters in
#: 45 blocks do not. "Characters plus 50 per further block, at most 13,200" agrees with all three.
BLOCKS_LENGTH = 13_200
LENGTH_OF_A_FURTHER_BLOCK = 50
#: Not documented; large enough for any identity, small enough to notice a payload that belongs elsewhere.
METADATA_LENGTH = 16_384


def invalid_blocks(findings: Findings) -> SlackRefusal:
    """Return the refusal for malformed blocks, naming every place."""
    lines = [problem.as_text() for problem in findings.problems]
    metadata = {"messages": [f"[ERROR] {line}" for line in lines]}
    return SlackRefusal("invalid_blocks", errors=lines, response_metadata=metadata)


def text_length(node: Any) -> int:
    """Count the characters a person would read in blocks: their ``text`` fields, at any depth."""
    if isinstance(node, list):
        return sum(text_length(item) for item in node)
    if isinstance(node, dict):
        own = len(node["text"]) if isinstance(node.get("text"), str) else 0
        return own + sum(text_length(value) for value in node.values())
    return 0


def accept_blocks(blocks: Any) -> list[dict[str, Any]]:
    """Return the blocks as Slack would store them, or refuse them."""
    if not isinstance(blocks, list):
        raise SlackRefusal("invalid_blocks_format")
    findings = check_blocks(blocks, "/blocks")
    if findings.problems:
        raise invalid_blocks(findings)
    if text_length(blocks) + LENGTH_OF_A_FURTHER_BLOCK * max(len(blocks) - 1, 0) > BLOCKS_LENGTH:
        raise SlackRefusal("msg_blocks_too_long")
    completed = copy.deepcopy(blocks)
    for block in completed:
        block.setdefault("block_id", secrets.token_urlsafe(4)[:5])
        _complete_texts(block)
    return completed


def _complete_texts(node: Any) -> None:
    """Add the defaults that Slack's answers show in text objects."""
    if isinstance(node, list):
        for item in node:
            _complete_texts(item)
    elif isinstance(node, dict):
        if isinstance(node.get("text"), str) and node.get("type") == "mrkdwn":
            node.setdefault("verbatim", False)
        for value in node.values():
            _complete_texts(value)


def accept_text(text: Any, most: int = TEXT_LENGTH) -> str:
    """Return the message's text, or refuse it as too long."""
    if text is not None and not isinstance(text, str):
        text = str(text)
    if len(text or "") > most:
        raise SlackRefusal("msg_too_long")
    return text or ""


def accept_metadata(metadata: Any) -> dict[str, Any] | None:
    """Return the message's metadata (None for an empty object), or refuse it."""
    if metadata == {}:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise SlackRefusal("invalid_metadata_format")
    if not metadata["event_type"] or not isinstance(metadata.get("event_payload"), dict):
        raise SlackRefusal("invalid_metadata_format")
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > METADATA_LENGTH:
        raise SlackRefusal("metadata_too_large")
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}
