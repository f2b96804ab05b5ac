"""The environment's Airflow, by its REST API: DAGs and their builds, connections, the pool."""

from collections.abc import Iterator, Mapping
from typing import Any

from pedwatch.config import Config
from pedwatch.config.needs import connections_of
from pedwatch.config.wiring import WRONG
from pedwatch.doctor.findings import Finding
from pedwatch.doctor.google_rest import Ask, refusal

AREA = "Airflow"
RIGHT = "roles/composer.user, and an Airflow role that may view {what}: docs/people.md"
DAGS = (
    "ped_digest",
    "ped_housekeeping",
    "ped_limits_publish",
    "ped_limits_sync",
    "ped_replica_audit",
    "ped_replica_watch",
)
BY_HAND = ("ped_limits_publish",)
"""DAGs that may stay paused: nothing waits for them."""
SECRETS = "https://secretmanager.googleapis.com/v1"
SECRET_RIGHT = "secretmanager.versions.get (roles/secretmanager.viewer) on the secret"


def dag_findings(api: str, ask: Ask) -> Iterator[Finding]:
    """Look for each DAG: is it there, can it be parsed, is it paused, and are all of one build."""
    answer = ask(f"{api}/dags?tags=pedwatch&limit=100")
    if found := refusal(AREA, "DAGs", answer, RIGHT.format(what="DAGs"), "correct the environment's airflowUri"):
        yield found
        return
    there = {str(dag["dag_id"]): dag for dag in answer.body.get("dags", [])}
    builds = set()
    for dag_id in DAGS:
        dag = there.get(dag_id)
        yield _dag(dag_id, dag)
        builds |= {str(tag["name"]) for tag in (dag or {}).get("tags", []) if str(tag["name"]).startswith("build ")}
    if any(tag["name"] == WRONG for dag in there.values() for tag in dag.get("tags", [])):
        fix = "the first task of any run says what: its log in Airflow; python -m pedwatch config validate"
        yield Finding(AREA, "configuration", "failed", "something in it is missing or wrong there", fix)
    if len(builds) > 1:
        fix = "make deploy ENV=… again, if five minutes have passed since the last one"
        yield Finding(AREA, "builds", "failed", f"more than one: {', '.join(sorted(builds))}", fix)
    elif builds:
        yield Finding(AREA, "builds", "ok", builds.pop())


def _dag(dag_id: str, dag: Mapping[str, Any] | None) -> Finding:
    if dag is None or dag.get("is_stale"):
        fix = "make deploy ENV=…; a file that cannot be parsed: docs/runbooks/a-dag-cannot-be-parsed.md"
        return Finding(AREA, dag_id, "failed", "not there", fix)
    if dag.get("has_import_errors"):
        fix = "docs/runbooks/a-dag-cannot-be-parsed.md"
        return Finding(AREA, dag_id, "failed", "its file cannot be parsed; the last good version runs", fix)
    if dag.get("is_paused") and dag_id not in BY_HAND:
        return Finding(AREA, dag_id, "failed", "paused", f"unpause it: airflow dags unpause {dag_id}")
    return Finding(AREA, dag_id, "ok", "paused, runs by hand" if dag.get("is_paused") else "runs")


def pool_findings(api: str, ask: Ask, config: Config) -> Iterator[Finding]:
    """Look for the pool of the collectors: tasks of one that does not exist never start."""
    name, pods = config.collector.pool, config.collector.max_pods
    create = f'airflow pools set {name} {pods} "Pods of ped_replica_watch that list clusters"'
    answer = ask(f"{api}/pools/{name}")
    if found := refusal(AREA, f"pool {name}", answer, RIGHT.format(what="pools"), f"create it: {create}"):
        yield found
        return
    slots = answer.body.get("slots")
    detail = f"{slots} slots, {pods} pods at once"
    if isinstance(slots, int) and (slots < 0 or slots >= pods):  # -1 is without an end
        yield Finding(AREA, f"pool {name}", "ok", detail)
    else:
        yield Finding(AREA, f"pool {name}", "warning", detail, f"enlarge it ({create}), or lower collector.max_pods")


def connection_findings(api: str, ask: Ask, config: Config, project: str) -> Iterator[Finding]:
    """Look for each connection: in Airflow's database, else as a secret of its own; never at what is in it.

    Args:
        api: of Airflow.
        ask: fetches.
        config: names the connections.
        project: of the environment, whose secrets Airflow reads.
    """
    for name, purpose in connections_of(config).items():
        what = f"connection {name}"
        answer = ask(f"{api}/connections/{name}")
        if answer.status == 404:
            yield _secret(what, f"projects/{project}/secrets/airflow-connections-{name}", purpose, ask)
        elif found := refusal(AREA, what, answer, RIGHT.format(what="connections"), ""):
            yield found
        elif name == config.connections.slack:
            fix = f"move it into the secret airflow-connections-{name}: who edits connections sees the token"
            yield Finding(AREA, what, "warning", "in Airflow's database", fix)
        else:
            yield Finding(AREA, what, "ok", purpose)


def _secret(what: str, secret: str, purpose: str, ask: Ask) -> Finding:
    answer = ask(f"{SECRETS}/{secret}/versions/latest")
    short = secret.rpartition("/")[2]
    absent = f"add it: gcloud secrets versions add {short} --data-file FILE; docs/deployment.md, step 6"
    if found := refusal(AREA, what, answer, SECRET_RIGHT, absent):
        return found
    state = answer.body.get("state")
    if state == "ENABLED":
        return Finding(AREA, what, "ok", f"{purpose}; secret {short}")
    return Finding(AREA, what, "failed", f"the newest version of secret {short} is {state}", absent)
