"""``auth.test``, ``reactions.get`` and ``blocks.validate``."""

from typing import Any

from sandbox.slack.block_checks import Findings
from sandbox.slack.block_rules import check_blocks
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.message_json import message_json
from sandbox.slack.method_call import Call, Method
from sandbox.slack.workspace import APP_ID, BOT_ID, BOT_USER, PEOPLE, TEAM_ID, TEAM_NAME


def auth_test(call: Call) -> dict[str, Any]:
    """Say who the token belongs to."""
    return {
        "ok": True,
        "url": f"{call.base_url}/",
        "team": TEAM_NAME,
        "team_id": TEAM_ID,
        "user": PEOPLE[BOT_USER][0],
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "is_enterprise_install": False,
    }


def get_reactions(call: Call) -> dict[str, Any]:
    """Return a message with its reactions."""
    channel = call.joined_channel()
    message = call.message(channel, "timestamp")
    described = message_json(message, reactions=call.store.reactions(message.ts))
    return {"ok": True, "type": "message", "channel": channel.id, "message": described}


def validate_blocks(call: Call) -> dict[str, Any]:
    """Check blocks, or a message's blocks, without posting; each error carries pointer, code and message."""
    given = [name for name in ("blocks", "message", "view") if call.arguments.get(name) is not None]
    if given not in (["blocks"], ["message"]):
        text = "[ERROR] pass exactly one of blocks and message (the sandbox does not validate views)"
        raise SlackRefusal("invalid_arguments", response_metadata={"messages": [text]})
    payload = call.arguments.structure(given[0], "invalid_arguments")
    blocks = payload.get("blocks", []) if given == ["message"] and isinstance(payload, dict) else payload
    at = "/blocks" if given == ["message"] else ""
    if isinstance(blocks, list):
        findings = check_blocks(blocks, at)
    else:
        findings = Findings()
        findings.add(at, "must provide an array")
    if not findings.problems:
        return {"ok": True}
    errors = [
        {"pointer": problem.pointer, "code": "failed_constraint", "message": problem.message}
        for problem in findings.problems
    ]
    raise SlackRefusal(f"invalid_{given[0]}", errors=errors)


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "blocks.validate": validate_blocks,
    "reactions.get": get_reactions,
}
