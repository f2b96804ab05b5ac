"""Whether two globs can match the same text: ``*`` is any text, also none; ``?`` is any one character."""


def meet(one: str, other: str) -> bool:
    """Tell whether some text matches both globs.

    Walks both at once: after each part of ``one``, ``reached`` holds how many parts of ``other`` can have been matched
    by the same text.
    """
    reached = _skip_stars({0}, other)
    for part in one:
        if part == "*":
            # The star may swallow whatever text the other's parts stand for, as many of them as it likes.
            reached = set(range(min(reached), len(other) + 1))
        else:
            reached = _skip_stars(_one_more(part, reached, other), other)
        if not reached:
            return False
    return len(other) in reached


def _one_more(part: str, reached: set[int], other: str) -> set[int]:
    """Match one character of ``part`` in the other glob."""
    after = set()
    for position in reached:
        if position == len(other):
            continue
        theirs = other[position]
        if theirs == "*":
            after.add(position)
        elif "?" in (part, theirs) or part == theirs:
            after.add(position + 1)
    return after


def _skip_stars(reached: set[int], other: str) -> set[int]:
    """Add the positions behind stars, which may match no text at all."""
    found = set(reached)
    for position in reached:
        while position < len(other) and other[position] == "*":
            position += 1
            found.add(position)
    return found
