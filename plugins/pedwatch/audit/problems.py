"""What a check of evidence finds: a place, what differs there, and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something that differs, and what to do.

    Args:
        where: pack, file or entry.
        what: differs.
        fix: what to do.
        entry: number of the chain's entry that it concerns; None where it concerns none.
    """

    where: str
    what: str
    fix: str
    entry: int | None = None

    def __str__(self) -> str:
        """Write it as one line for a person."""
        return f"{self.where}: {self.what}. What to do: {self.fix}."
