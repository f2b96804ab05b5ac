"""Variables of the environment in a file: ``${NAME}``, ``${NAME:-default}``. Pure.

They are replaced in values that were read, never in the text: whatever a variable holds, a quote, a colon or a line
break, is one value and cannot add a key.
"""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}")
_BEGINNING = re.compile(r"\$\{[^}]*\}?")


class UnsetVariableError(ValueError):
    """A variable is not set and has no default; ``name`` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"environment variable {name} is not set. Set it in the Composer environment (Environment variables) or "
            f"give a default: ${{{name}:-value}}."
        )
        self.name = name


def expand(text: str, environment: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the text with its variables replaced, and where each came from: ``NAME``, or ``NAME's default``.

    A variable that is set to nothing counts as not set, as the shell's ``:-`` takes it.

    Raises:
        UnsetVariableError: a variable without a default is not set.
        ValueError: what looks like a variable is none; says what to write.
    """
    names = []

    def replaced(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        if value := environment.get(name):
            names.append(name)
            return value
        if default is None:
            raise UnsetVariableError(name)
        names.append(f"{name}'s default")
        return default

    expanded = _VARIABLE.sub(replaced, text)
    if strange := _BEGINNING.search(_VARIABLE.sub("", text)):
        raise ValueError(f"{strange[0]!r} is no variable: write ${{NAME}} or ${{NAME:-default}}, the name in capitals")
    return expanded, tuple(names)
