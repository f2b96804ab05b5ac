"""Block Kit's rules for the blocks a message may hold, by block type (docs.slack.dev/reference/block-kit)."""

from collections.abc import Callable
from typing import Any

from sandbox.slack.block_checks import Findings, type_of
from sandbox.slack.data_block_rules import check_data_visualization, check_table
from sandbox.slack.rich_text_rules import check_rich_text

MAX_BLOCKS = 50
BLOCK_ID_LENGTH = 255
ACTION_ID_LENGTH = 255
SECTION_TEXT_LENGTH = 3000
SECTION_FIELDS = 10
FIELD_LENGTH = 2000
HEADER_LENGTH = 150
CONTEXT_ELEMENTS = 10
ACTIONS_ELEMENTS = 25
URL_LENGTH = 3000
ALT_TEXT_LENGTH = 2000
BUTTON_TEXT_LENGTH = 75
VALUE_LENGTH = 2000
MARKDOWN_LENGTH = 12_000

Check = Callable[[dict[str, Any], str, Findings], None]


def _check_image(image: dict[str, Any], at: str, findings: Findings) -> None:
    findings.has_fields(image, at, "alt_text")
    if not image.get("image_url") and not image.get("slack_file"):
        findings.add(at, "missing required field: image_url")
    findings.optional_string(image, "image_url", at, URL_LENGTH)
    findings.optional_string(image, "alt_text", at, ALT_TEXT_LENGTH)
    if "title" in image:
        findings.text_object(image["title"], f"{at}/title", ALT_TEXT_LENGTH, is_plain_only=True)


def _check_button(button: dict[str, Any], at: str, findings: Findings) -> None:
    if findings.has_fields(button, at, "text"):
        findings.text_object(button["text"], f"{at}/text", BUTTON_TEXT_LENGTH, is_plain_only=True)
    findings.optional_string(button, "url", at, URL_LENGTH)
    findings.optional_string(button, "value", at, VALUE_LENGTH)
    findings.optional_string(button, "accessibility_label", at, BUTTON_TEXT_LENGTH)
    if "style" in button:
        findings.one_of(button["style"], f"{at}/style", ("primary", "danger"))


def _check_options(menu: dict[str, Any], at: str, findings: Findings) -> None:
    most = 5 if menu["type"] == "overflow" else 100
    for option, pointer in findings.items(menu.get("options"), f"{at}/options", most):
        if findings.is_object(option, pointer) and findings.has_fields(option, pointer, "text"):
            findings.text_object(option["text"], f"{pointer}/text", BUTTON_TEXT_LENGTH)


def _accept(_element: dict[str, Any], _at: str, _findings: Findings) -> None:
    """Take an element as it is: its type is known, pedwatch sends none."""


ELEMENTS: dict[str, Check] = {
    "button": _check_button,
    "static_select": _check_options,
    "overflow": _check_options,
    "users_select": _accept,
    "conversations_select": _accept,
    "channels_select": _accept,
    "datepicker": _accept,
}


def _check_element(element: Any, at: str, findings: Findings, kinds: dict[str, Check]) -> None:
    if not findings.is_object(element, at):
        return
    check = kinds.get(type_of(element))
    if check is None:
        findings.add(f"{at}/type", f"unsupported type: {type_of(element)}")
        return
    check(element, at, findings)
    findings.optional_string(element, "action_id", at, ACTION_ID_LENGTH)


def _check_section(block: dict[str, Any], at: str, findings: Findings) -> None:
    if block.get("text") is None and block.get("fields") is None:
        findings.add(at, "missing required field: text or fields")
    if block.get("text") is not None:
        findings.text_object(block["text"], f"{at}/text", SECTION_TEXT_LENGTH)
    if block.get("fields") is not None:
        for field, pointer in findings.items(block["fields"], f"{at}/fields", SECTION_FIELDS):
            findings.text_object(field, pointer, FIELD_LENGTH)
    if block.get("accessory") is not None:
        _check_element(block["accessory"], f"{at}/accessory", findings, {**ELEMENTS, "image": _check_image})


def _check_header(block: dict[str, Any], at: str, findings: Findings) -> None:
    if findings.has_fields(block, at, "text"):
        findings.text_object(block["text"], f"{at}/text", HEADER_LENGTH, is_plain_only=True)


def _check_context(block: dict[str, Any], at: str, findings: Findings) -> None:
    for element, pointer in findings.items(block.get("elements"), f"{at}/elements", CONTEXT_ELEMENTS):
        if not findings.is_object(element, pointer):
            continue
        if element.get("type") == "image":
            _check_image(element, pointer, findings)
        else:
            findings.text_object(element, pointer, SECTION_TEXT_LENGTH)


def _check_actions(block: dict[str, Any], at: str, findings: Findings) -> None:
    seen: set[str] = set()
    for element, pointer in findings.items(block.get("elements"), f"{at}/elements", ACTIONS_ELEMENTS):
        _check_element(element, pointer, findings, ELEMENTS)
        action = element.get("action_id") if isinstance(element, dict) else None
        if action is not None and action in seen:
            findings.add(f"{pointer}/action_id", f"`action_id` {action!r} already exists")
        seen.add(action or "")


def _check_markdown(block: dict[str, Any], at: str, findings: Findings) -> None:
    if findings.has_fields(block, at, "text"):
        findings.string(block["text"], f"{at}/text", MARKDOWN_LENGTH)


BLOCKS: dict[str, Check] = {
    "actions": _check_actions,
    "context": _check_context,
    "data_visualization": check_data_visualization,
    "divider": _accept,
    "header": _check_header,
    "image": _check_image,
    "markdown": _check_markdown,
    "rich_text": check_rich_text,
    "section": _check_section,
    "table": check_table,
}
#: At most so many blocks of a type in one message.
MOST_OF_A_TYPE = {"data_visualization": 2, "table": 1}


def check_blocks(blocks: list[Any], at: str, has_charts: bool = True) -> Findings:
    """Check a message's blocks; ``at`` is the JSON pointer of the array."""
    findings = Findings()
    seen_ids: set[str] = set()
    counts: dict[str, int] = {}
    for block, pointer in findings.items(blocks, at, MAX_BLOCKS, least=0):
        if not findings.is_object(block, pointer) or not findings.has_fields(block, pointer, "type"):
            continue
        kind = type_of(block)
        check = BLOCKS.get(kind)
        if check is None or (kind == "data_visualization" and not has_charts):
            findings.add(f"{pointer}/type", f"unsupported type: {kind}")
            continue
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] > MOST_OF_A_TYPE.get(kind, MAX_BLOCKS):
            findings.add(pointer, f"no more than {MOST_OF_A_TYPE[kind]} {kind} blocks allowed in a message")
        check(block, pointer, findings)
        block_id = block.get("block_id")
        if block_id is None:
            continue
        if findings.string(block_id, f"{pointer}/block_id", BLOCK_ID_LENGTH) and block_id in seen_ids:
            findings.add(f"{pointer}/block_id", f"`block_id` {block_id!r} already exists")
        seen_ids.add(str(block_id))
    return findings
