"""The small checks Block Kit's rules are made of; each notes what it finds in the words Slack uses."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a payload: where (a JSON pointer) and what."""

    pointer: str
    message: str

    def as_text(self) -> str:
        """Return the line Slack puts into ``errors`` and ``response_metadata.messages``."""
        return f"{self.message} [json-pointer:{self.pointer}]"


def type_of(owner: dict[str, Any]) -> str:
    """Return what an object says its type is, as text, whatever stands there."""
    return str(owner.get("type"))


@dataclass
class Findings:
    """Collects problems while a payload is walked; every check returns whether it passed."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, pointer: str, message: str) -> bool:
        """Note a problem; always False, so that a check can return it."""
        self.problems.append(Problem(pointer, message))
        return False

    def is_object(self, value: Any, pointer: str) -> bool:
        """Check that a value is a JSON object."""
        return isinstance(value, dict) or self.add(pointer, "must provide an object")

    def has_fields(self, value: dict[str, Any], pointer: str, *names: str) -> bool:
        """Check that an object has all the fields it must have."""
        missing = [name for name in names if value.get(name) is None]
        for name in missing:
            self.add(pointer, f"missing required field: {name}")
        return not missing

    def string(self, value: Any, pointer: str, longest: int) -> bool:
        """Check that a value is a string of an allowed length."""
        if not isinstance(value, str):
            return self.add(pointer, "must provide a string")
        if not value:
            return self.add(pointer, "must be more than 0 characters")
        return len(value) <= longest or self.add(pointer, f"must be less than {longest + 1} characters")

    def items(self, value: Any, pointer: str, most: int, least: int = 1) -> Iterator[tuple[Any, str]]:
        """Check the length of an array; yield its items with their pointers."""
        if not isinstance(value, list):
            self.add(pointer, "must provide an array")
            return
        if len(value) < least:
            self.add(pointer, f"no less than {least} items allowed")
        if len(value) > most:
            self.add(pointer, f"no more than {most} items allowed")
            return
        for index, item in enumerate(value):
            yield item, f"{pointer}/{index}"

    def text_object(self, value: Any, pointer: str, longest: int) -> None:
        """Check a text object: ``mrkdwn``, which is all that is sent."""
        if not self.is_object(value, pointer) or not self.has_fields(value, pointer, "type", "text"):
            return
        before = len(self.problems)
        if type_of(value) != "mrkdwn":
            self.add(f"{pointer}/type", f"unsupported type: {type_of(value)} (the sandbox knows mrkdwn alone)")
        self.string(value["text"], f"{pointer}/text", longest)
        if len(self.problems) > before:
            # Slack says this as well, ahead of the particulars.
            self.problems.insert(before, Problem(pointer, "failed to match all allowed schemas"))
