"""The audit's trigger form: defaults are valid, and what cannot be is refused before a run begins."""

import copy
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag


def params_of(dag_bag: "DagBag", **changed: Any) -> Any:
    """Return the form's params with some changed."""
    params = copy.deepcopy(dag_bag.dags["ped_replica_audit"].params)
    params.update(changed)
    return params


def test_the_defaults_are_valid(dag_bag: "DagBag") -> None:
    params_of(dag_bag).validate()


@pytest.mark.parametrize(
    "changed",
    [
        {"from_date": "2026-03-02"},
        {"known_at": "now"},
        {"known_at": "2026-03-02T10:00:00+01:00"},
        {"teams": ["orders"], "apis": []},
        {"label": "q1-2026"},
    ],
)
def test_what_makes_sense_is_taken(dag_bag: "DagBag", changed: dict[str, Any]) -> None:
    params_of(dag_bag, **changed).validate()


@pytest.mark.parametrize(
    "changed",
    [
        {"from_date": "2.3.2026"},
        {"known_at": "yesterday"},
        {"known_at": "2026-03-02"},
        {"teams": "orders"},
        {"apis": [7]},
        {"label": "../daily"},
        {"label": None},
    ],
)
def test_what_does_not_is_refused(dag_bag: "DagBag", changed: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        params_of(dag_bag, **changed).validate()
