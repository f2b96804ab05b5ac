"""Asks BigQuery as the person at the shell: what the pages ask, with more patience than a browser has."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedwatch.page.questions import Questions

SECONDS = 120.0
"""In which BigQuery answers each question, or the command says that it did not."""


def as_person() -> "Questions":
    """Return the pages' questions, asked with the person's own credentials."""
    from pedwatch.hooks import clients
    from pedwatch.page.questions import Questions

    return Questions(lambda config: clients.warehouse(config, clients.AsPerson()), seconds=SECONDS)
