"""What a run was asked for by hand: a key that no parameter has is refused; Airflow takes it, and nobody reads it."""

import difflib
from collections.abc import Iterable
from typing import Any

from pedwatch.run_gates import BACKFILL, MANUAL, run_type_of


def unknown_keys(conf: Iterable[str], known: Iterable[str]) -> str | None:
    """Say which keys no parameter has, and which was probably meant; None when all are known."""
    names = sorted(known)
    said = []
    for key in sorted(set(conf) - set(names)):
        near = difflib.get_close_matches(str(key), names, n=1)
        said.append(f"{key} (did you mean {near[0]}?)" if near else str(key))
    if not said:
        return None
    return (
        f"unknown in conf: {', '.join(said)}. This DAG knows {', '.join(names) or 'no parameters'}. Nothing was done."
    )


def refuse_unknown(dag_run: Any, dag: Any) -> None:
    """Fail a run that somebody asked for with a misspelt key, at once and without retries.

    Raises:
        AirflowFailException: names the keys, and what is known.
    """
    from airflow.sdk.exceptions import AirflowFailException

    if dag is None:  # the task's function was called outside of a run
        return
    is_asked_for = run_type_of(dag_run) in (MANUAL, BACKFILL)
    objection = unknown_keys(dag_run.conf or {}, dag.params) if is_asked_for else None
    if objection:
        raise AirflowFailException(objection)
