"""Every template of every operator renders to what it means: a missing .sql file would be sent as its own name."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.dags.test_policy import DAG_IDS

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

CYCLE = "2026-03-02T10:05:00+00:00"
#: What the tasks that others read from return.
RETURNED: dict[str, Any] = {
    "plan_cycle": {
        "cycle": CYCLE,
        "origin": "live",
        "may_collect": True,
        "may_notify": True,
        "reason": "",
        "run_type": "scheduled",
        "started_at": "2026-03-02T10:05:04+00:00",
        "label": "watch",
    },
    "await_limits": {"known_at": "2026-03-02T10:05:02+00:00", "is_stale": False},
}


class FakeTaskInstance(SimpleNamespace):
    """Answers the one question templates ask: what did another task return?"""

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Any:
        return RETURNED[task_ids]


def context() -> dict[str, Any]:
    return {"ti": FakeTaskInstance(), "run_id": "scheduled__2026-03-02T10:00:00+00:00", "params": {"dry_run": True}}


def strings(value: Any) -> Iterator[str]:
    """Walk what templates may hide in; XComArgs and objects are not templates."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            yield from strings(item)


def rendered(dag: Any) -> Iterator[tuple[str, str]]:
    """Render all strings of all template fields as a worker would: files first, then Jinja."""
    environment = dag.get_template_env()
    for task in dag.tasks:
        if not task.is_mapped:
            task.resolve_template_files()
        holder = task.partial_kwargs if task.is_mapped else vars(task)
        for field in task.template_fields:
            for text in strings(holder.get(field)):
                yield f"{task.task_id}.{field}", environment.from_string(text).render(**context())


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_no_template_is_left_unresolved(dag_bag: "DagBag", dag_id: str) -> None:
    for where, text in rendered(dag_bag.dags[dag_id]):
        text = re.sub(r"--.*", "", text)  # a comment may show how to include it
        assert not re.search(r"\{\{|\{%|\{#", text), f"{where} still holds a template: {text[:80]}"
        assert not re.fullmatch(r"[\w/.-]+\.(?:sql|json|yaml|sh)", text), f"{where} is the name of a file: {text}"


def test_the_walk_finds_the_comparison(dag_bag: "DagBag") -> None:
    # Without this, a change of the operators' field names would make the test above pass on nothing.
    found = dict.fromkeys(where for where, _ in rendered(dag_bag.dags["ped_replica_watch"]))
    assert "compare.configuration" in found


def test_a_missing_statement_does_not_pass(dag_bag: "DagBag", tmp_path: Any) -> None:
    import jinja2

    environment = dag_bag.dags["ped_replica_watch"].get_template_env()
    with pytest.raises(jinja2.TemplateNotFound):
        environment.from_string("{% include 'verdicts/comparison.sql' %}").render(**context())


@pytest.fixture
def comparison(dag_bag: "DagBag") -> dict[str, Any]:
    """The query of the job that judges a cycle, rendered."""
    dag = dag_bag.dags["ped_replica_watch"]
    task: Any = dag.get_task("compare")
    return dict(task.render_template(task.configuration, context(), dag.get_template_env())["query"])


def test_the_comparison_is_given_every_parameter_it_reads_and_no_other(comparison: dict[str, Any]) -> None:
    code = re.sub(r"--.*", "", comparison["query"])
    given = {parameter["name"] for parameter in comparison["queryParameters"]}
    assert set(re.findall(r"@(\w+)", code)) == given
    assert comparison["parameterMode"] == "NAMED"
    assert comparison["useLegacySql"] is False


def test_the_comparison_prunes_partitions_by_a_parameter(comparison: dict[str, Any]) -> None:
    # A filter on a join's column would read every partition: 1.4 TiB a month become a hundred.
    values = {
        parameter["name"]: (parameter["parameterType"]["type"], parameter["parameterValue"]["value"])
        for parameter in comparison["queryParameters"]
    }
    assert values["cycle"] == ("TIMESTAMP", CYCLE)
    assert re.search(r"\bON\s+ledger\.cycle = @cycle\b", comparison["query"]), "the MERGE scans the whole ledger"
    tables = re.findall(r"`policy-project\.|`ped_watch\.(\w+)`", comparison["query"])
    assert {"verdicts", "replica_observations", "collection_runs"} <= set(tables)
    assert comparison["query"].count("cycle = @cycle") >= 4


def test_values_travel_as_parameters_never_in_the_text(comparison: dict[str, Any]) -> None:
    assert CYCLE not in comparison["query"]
    assert "scheduled__" not in comparison["query"]


def test_booleans_reach_bigquery_as_it_spells_them(comparison: dict[str, Any]) -> None:
    values = {p["name"]: p["parameterValue"]["value"] for p in comparison["queryParameters"]}
    assert values["is_limits_stale"] == "false"


def test_a_mapped_collector_is_shown_by_its_cluster(dag_bag: "DagBag") -> None:
    dag = dag_bag.dags["ped_replica_watch"]
    collect: Any = dag.get_task("collect")
    pod = SimpleNamespace(
        env_vars=[SimpleNamespace(name="OTHER", value="x"), SimpleNamespace(name="PEDWATCH_BATCH", value="eu-prod-1")]
    )
    shown = dag.get_template_env().from_string(collect.map_index_template).render(task=pod)
    assert shown == "eu-prod-1"
