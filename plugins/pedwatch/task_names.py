"""How mapped tasks are named in Airflow: by a template of the task's own, cut to what its database holds. Pure."""

LONGEST_NAME = 250
"""PostgreSQL holds no more, and a task that has done its work fails of a name that is longer."""


def named_by(expression: str) -> str:
    """Return the ``map_index_template`` that names a task by a Jinja expression of text."""
    return f"{{{{ ({expression})[:{LONGEST_NAME}] }}}}"
