"""The bundle as Composer hands it out: each of four processes sees its folders of the bucket, and no other.

Workers and the DAG processor have ``dags/`` and ``plugins/``, the web server ``plugins/`` alone, the scheduler
``dags/`` alone: https://docs.cloud.google.com/composer/docs/composer-3/cloud-storage and …/install-plugins.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import bundle
from tests.dags.conftest import ENVIRONMENT, ROOT
from tests.dags.test_policy import DAG_IDS

SEES = {
    "dag_processor": ("dags", "plugins"),
    "worker": ("dags", "plugins"),
    "web_server": ("plugins",),
    "scheduler": ("dags",),
}
#: As on Composer, nothing is importable but the process's folders and the installed packages: not this repository.
BEGINNING = f"""
import importlib.util, json, sys
installed = (sys.base_prefix, sys.prefix)
sys.path[:] = [path for path in sys.path if path.startswith(installed) or not path.startswith({str(ROOT)!r})]
"""
DAG_PROCESSOR = """
from airflow import plugins_manager
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from pedwatch import BUILD, settings
bag = DagBag()
serialized = {name: DagSerialization.to_dict(dag) for name, dag in bag.dags.items()}
plugins_manager.get_plugin_info()
stems = {path.stem for path in settings.include_dir().parent.rglob("*.py")} - {"__init__", "__main__"}
result = {
    "dags": sorted(bag.dags), "errors": bag.import_errors, "code": settings.__file__, "stems": sorted(stems),
    "tags": [sorted(tag for tag in dag.tags if tag.startswith("build ")) for dag in bag.dags.values()],
    "include": str(settings.include_dir()), "plugins": plugins_manager.get_import_errors(), "build": BUILD,
    # Airflow imports every file under plugins/ by its stem: a policy.py would be `policy` for the whole process.
    "bare": [stem for stem in stems if str(getattr(sys.modules.get(stem), "__file__", "")).startswith(sys.argv[1])],
    "serialized": serialized,
}
"""
WORKER = """
from airflow.dag_processing.dagbag import DagBag
from pedwatch import ddl, settings, sql
from pedwatch.audit import report
from pedwatch.tasks import housekeeping
include = settings.include_dir()
root = include / "sql"
for name in sql.statement_names(root):
    if not name.startswith(("verdicts/", "alerts/", "audit/")):
        sql.render(root, name, dataset="d", lookback_minutes=15, kinds="'a'")
dag = DagBag(sys.argv[1] + "/dags/ped_housekeeping.py").dags["ped_housekeeping"]
for task in dag.tasks:
    task._pre_execute_hook({})
result = {
    "checks": len(housekeeping.checks(root)), "config": settings.load_config().project,
    "schemas": sorted(path.name for path in (include / "schemas").iterdir()),
    "report": sorted(path.name for path in (include / "report").iterdir()),
}
"""
WEB_SERVER = """
from airflow import plugins_manager
from airflow.serialization.serialized_objects import DagSerialization
from fastapi.testclient import TestClient
[mounted] = plugins_manager.get_fastapi_plugins()[0]
before = "pedwatch.page.app" in sys.modules
from pedwatch import settings
from pedwatch.page.app import make_app
closed = TestClient(mounted["app"]).get("/now").status_code
client = TestClient(make_app(may_see=lambda: None), headers={"accept": "text/html"})
shown = {path: client.get(path).text for path in ("/page.css", "/page.js", "/nowhere")}
dags = [DagSerialization.from_dict(dag) for dag in json.load(sys.stdin).values()]
result = {
    "closed": closed, "before": before, "shown": shown, "include": str(settings.include_dir()),
    "plugins": plugins_manager.get_import_errors(),
    "dags": sorted(dag.dag_id for dag in dags),
    "links": sorted(link for dag in dags for task in dag.tasks for link in task.extra_links),
}
"""
SCHEDULER = """
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction
dags = [DagSerialization.from_dict(dag) for dag in json.load(sys.stdin).values()]
following = {}
for dag in dags:
    restriction = TimeRestriction(dag.start_date, None, catchup=False)
    run = dag.timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction)
    following[dag.dag_id] = run is not None
pools = {task.task_id: task.pool for dag in dags for task in dag.tasks}
result = {"next": following, "package": importlib.util.find_spec("pedwatch") is not None, "pool": pools["collect"]}
"""


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each process's folders, of the bundle of this repository."""
    target = tmp_path_factory.mktemp("bundle")
    bundle.build(ROOT, target)
    found = {}
    for process, folders in SEES.items():
        found[process] = tmp_path_factory.mktemp(process)
        for folder in folders:
            shutil.copytree(target / folder, found[process] / folder)
    return found


def start(processes: dict[str, Path], name: str, script: str) -> "subprocess.Popen[str]":
    """Start one of the four with its folders, an Airflow home of its own and the environment's variables."""
    folder = processes[name]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PEDWATCH", "PYTHON"))},
        **ENVIRONMENT,
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    # Airflow's own settings put plugins/ on the path when they are imported.
    program = f"{BEGINNING}\nimport airflow.settings\n{script}\nprint('\\n' + json.dumps(result))"
    command = [sys.executable, "-c", program, str(folder)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=folder)


@pytest.fixture(scope="module")
def found(processes: dict[str, Path]) -> dict[str, Any]:
    """What each process found; the DAG processor hands its DAGs on, as Airflow's database does."""
    answers: dict[str, Any] = {}

    def finish(name: str, process: "subprocess.Popen[str]", given: str = "") -> None:
        output, errors = process.communicate(given, timeout=150)
        assert process.returncode == 0, f"{name}: {errors[-2000:]}"
        answers[name] = json.loads(output.splitlines()[-1])

    parsing = start(processes, "dag_processor", DAG_PROCESSOR)
    worker = start(processes, "worker", WORKER)
    finish("dag_processor", parsing)
    given = json.dumps(answers["dag_processor"].pop("serialized"))
    waiting = {
        name: start(processes, name, text) for name, text in (("web_server", WEB_SERVER), ("scheduler", SCHEDULER))
    }
    finish("worker", worker)
    for name, process in waiting.items():
        finish(name, process, given)
    return answers


def test_the_ignore_file_names_what_is_no_plugin() -> None:
    assert (ROOT / "plugins" / ".airflowignore").read_text().split() == ["pedwatch/"]


def test_the_dag_processor_finds_the_dags_and_all_of_one_build(
    processes: dict[str, Path], found: dict[str, Any]
) -> None:
    answer, folder = found["dag_processor"], processes["dag_processor"]
    assert (answer["errors"], answer["plugins"]) == ({}, {})
    assert answer["dags"] == DAG_IDS
    assert str(answer["code"]).startswith(str(folder)), "this test looked at the working tree"
    assert answer["include"] == str(folder / "plugins" / "pedwatch" / "include")
    assert answer["tags"] == [[f"build {answer['build']}"]] * len(DAG_IDS)


def test_no_module_of_the_package_is_imported_by_its_bare_name(found: dict[str, Any]) -> None:
    assert {"settings", "policy", "sql"} <= set(found["dag_processor"]["stems"])
    assert found["dag_processor"]["bare"] == []


def test_a_worker_has_what_tasks_read_and_begins_them(found: dict[str, Any]) -> None:
    answer = found["worker"]
    assert answer["checks"] == len([*(ROOT / "include" / "sql" / "checks").glob("*.sql")])
    assert answer["config"] == ENVIRONMENT["PEDWATCH_PROJECT"]
    for folder in ("schemas", "report"):
        assert answer[folder] == sorted(path.name for path in (ROOT / "include" / folder).iterdir())


def test_the_web_server_shows_its_pages_without_any_dag_file(found: dict[str, Any]) -> None:
    answer = found["web_server"]
    assert (answer["plugins"], answer["closed"]) == ({}, 401)
    assert answer["before"] is False, "a process that shows no page imports none"
    assert "color-scheme" in answer["shown"]["/page.css"] and "localStorage" in answer["shown"]["/page.js"]
    assert "there is no page nowhere" in answer["shown"]["/nowhere"]
    assert str(answer["include"]).endswith("plugins/pedwatch/include")
    assert answer["dags"] == DAG_IDS
    assert "Audit report" in answer["links"]


def test_the_scheduler_needs_nothing_of_the_package(found: dict[str, Any]) -> None:
    answer = found["scheduler"]
    assert answer["package"] is False
    assert answer["next"] == {name: name != "ped_limits_publish" for name in DAG_IDS}
    assert answer["pool"] == "default_pool"
