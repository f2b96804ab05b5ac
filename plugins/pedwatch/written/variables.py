"""Variables of the environment in a file: ``${NAME}``, ``${NAME:-default}``. Pure.

They are replaced in values that were read, never in the text: whatever a variable holds, a quote, a colon or a line
break, is one value and cannot add a key.
"""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}")
_BEGINNING = re.compile(r"\$\{[^}]*\}?")


def expand(text: str, environment: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the text with its variables replaced, and their names.

    A variable that is set to nothing counts as not set, as the shell's ``:-`` takes it.

    Raises:
        ValueError: a variable without a default is not set, or what looks like one is none; says what to write.
    """
    names = []
    missing = []

    def replaced(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        value = environment.get(name) or default
        if value is None:
            missing.append(name)
            return ""
        names.append(name)
        return value

    expanded = _VARIABLE.sub(replaced, text)
    if missing:
        name = missing[0]
        raise ValueError(
            f"environment variable {name} is not set. Set it in the Composer environment (Environment variables) or "
            f"give a default: ${{{name}:-value}}."
        )
    if strange := _BEGINNING.search(_VARIABLE.sub("", text)):
        raise ValueError(f"{strange[0]!r} is no variable: write ${{NAME}} or ${{NAME:-default}}, the name in capitals")
    return expanded, tuple(names)
