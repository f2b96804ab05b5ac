"""Block Kit's rules for ``rich_text``: sections, lists, quotes and preformatted text of inline elements."""

from typing import Any

from sandbox.slack.block_checks import Findings, type_of

MANY = 1000
TEXT_LENGTH = 12_000
INLINE_FIELDS: dict[str, tuple[str, ...]] = {
    "text": ("text",),
    "link": ("url",),
    "emoji": ("name",),
    "user": ("user_id",),
    "usergroup": ("usergroup_id",),
    "channel": ("channel_id",),
    "broadcast": ("range",),
    "date": ("timestamp", "format"),
}
CONTAINERS = ("rich_text_section", "rich_text_preformatted", "rich_text_quote")


def _check_inline(element: Any, at: str, findings: Findings) -> None:
    if not findings.is_object(element, at):
        return
    fields = INLINE_FIELDS.get(type_of(element))
    if fields is None:
        findings.add(f"{at}/type", f"unsupported type: {type_of(element)}")
    elif findings.has_fields(element, at, *fields):
        for name in fields:
            if name != "timestamp":
                findings.string(element[name], f"{at}/{name}", TEXT_LENGTH, shortest=0)
        for name in ("text", "fallback"):
            if name not in fields:
                findings.optional_string(element, name, at, TEXT_LENGTH)


def _check_container(container: Any, at: str, findings: Findings) -> None:
    if not findings.is_object(container, at):
        return
    kind = type_of(container)
    if kind == "rich_text_list":
        findings.one_of(container.get("style"), f"{at}/style", ("bullet", "ordered"))
        for item, pointer in findings.items(container.get("elements"), f"{at}/elements", MANY):
            _check_container(item, pointer, findings)
    elif kind in CONTAINERS:
        for element, pointer in findings.items(container.get("elements"), f"{at}/elements", MANY, least=0):
            _check_inline(element, pointer, findings)
    else:
        findings.add(f"{at}/type", f"unsupported type: {kind}")


def check_rich_text(block: dict[str, Any], at: str, findings: Findings) -> None:
    """Check a ``rich_text`` block (or a table cell of that type)."""
    for container, pointer in findings.items(block.get("elements"), f"{at}/elements", MANY):
        _check_container(container, pointer, findings)
