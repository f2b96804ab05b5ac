"""Block Kit's rules for the blocks a message may hold, by block type (docs.slack.dev/reference/block-kit)."""

from collections.abc import Callable
from typing import Any

from sandbox.slack.block_checks import Findings, type_of

MAX_BLOCKS = 50
BLOCK_ID_LENGTH = 255
SECTION_TEXT_LENGTH = 3000
SECTION_FIELDS = 10
FIELD_LENGTH = 2000
CONTEXT_ELEMENTS = 10
TABLE_ROWS = 100
TABLE_CELLS = 20
TABLE_CELL_LENGTH = 2000
#: What Slack knows and pedwatch never sends.
NOT_IMPLEMENTED = (
    "actions",
    "data_visualization",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "markdown",
    "rich_text",
    "video",
)

Check = Callable[[dict[str, Any], str, Findings], None]


def _not_implemented(what: str) -> str:
    return f"the sandbox does not implement {what}"


def _check_section(block: dict[str, Any], at: str, findings: Findings) -> None:
    if block.get("text") is None and block.get("fields") is None:
        findings.add(at, "missing required field: text or fields")
    if block.get("text") is not None:
        findings.text_object(block["text"], f"{at}/text", SECTION_TEXT_LENGTH)
    if block.get("fields") is not None:
        for field, pointer in findings.items(block["fields"], f"{at}/fields", SECTION_FIELDS):
            findings.text_object(field, pointer, FIELD_LENGTH)
    if block.get("accessory") is not None:
        findings.add(f"{at}/accessory", _not_implemented("accessories"))


def _check_context(block: dict[str, Any], at: str, findings: Findings) -> None:
    for element, pointer in findings.items(block.get("elements"), f"{at}/elements", CONTEXT_ELEMENTS):
        if not findings.is_object(element, pointer):
            continue
        if element.get("type") == "image":
            findings.add(f"{pointer}/type", _not_implemented("images"))
        else:
            findings.text_object(element, pointer, SECTION_TEXT_LENGTH)


def _check_cell(cell: Any, at: str, findings: Findings) -> None:
    if not findings.is_object(cell, at):
        return
    if cell.get("type") == "raw_text":
        findings.string(cell.get("text"), f"{at}/text", TABLE_CELL_LENGTH)
    elif cell.get("type") == "rich_text":
        findings.add(f"{at}/type", _not_implemented("rich_text"))
    else:
        findings.add(f"{at}/type", f"unsupported type: {type_of(cell)}")


def _check_table(block: dict[str, Any], at: str, findings: Findings) -> None:
    for row, pointer in findings.items(block.get("rows"), f"{at}/rows", TABLE_ROWS):
        for cell, cell_pointer in findings.items(row, pointer, TABLE_CELLS):
            _check_cell(cell, cell_pointer, findings)
    if block.get("column_settings") is not None:
        findings.add(f"{at}/column_settings", _not_implemented("column_settings"))


BLOCKS: dict[str, Check] = {
    "context": _check_context,
    "section": _check_section,
    "table": _check_table,
}
#: At most so many blocks of a type in one message.
MOST_OF_A_TYPE = {"table": 1}


def check_blocks(blocks: list[Any], at: str) -> Findings:
    """Check a message's blocks; ``at`` is the JSON pointer of the array."""
    findings = Findings()
    seen_ids: set[str] = set()
    counts: dict[str, int] = {}
    for block, pointer in findings.items(blocks, at, MAX_BLOCKS, least=0):
        if not findings.is_object(block, pointer) or not findings.has_fields(block, pointer, "type"):
            continue
        kind = type_of(block)
        check = BLOCKS.get(kind)
        if check is None:
            is_known = kind in NOT_IMPLEMENTED
            told = _not_implemented(f"blocks of type {kind}") if is_known else f"unsupported type: {kind}"
            findings.add(f"{pointer}/type", told)
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
