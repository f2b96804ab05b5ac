"""A run by hand with a misspelt key does nothing; one as it should be, and a scheduled one, go on."""

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from pedwatch.tasks.run_conf import refuse_unknown, unknown_keys

DAG = SimpleNamespace(params={"from_date": None, "to_date": None})


def run(run_type: str, conf: Any) -> Any:
    return SimpleNamespace(run_type=run_type, conf=conf)


@pytest.mark.parametrize("run_type", ["manual", "backfill"])
def test_a_misspelt_key_is_named_with_the_one_that_was_meant(run_type: str) -> None:
    with pytest.raises(AirflowFailException) as error:
        refuse_unknown(run(run_type, {"form_date": "2026-03-01", "zzz": 1, "to_date": None}), DAG)
    told = "unknown in conf: form_date (did you mean from_date?), zzz. This DAG knows from_date, to_date."
    assert str(error.value) == f"{told} Nothing was done."


@pytest.mark.parametrize(
    ("run_type", "conf"),
    [("manual", {"from_date": "2026-03-01"}), ("manual", {}), ("manual", None), ("scheduled", {"form_date": "x"})],
)
def test_known_keys_none_and_scheduled_runs_pass(run_type: str, conf: Any) -> None:
    refuse_unknown(run(run_type, conf), DAG)


def test_a_dag_without_parameters_knows_none() -> None:
    assert unknown_keys({"a"}, ()) == "unknown in conf: a. This DAG knows no parameters. Nothing was done."
