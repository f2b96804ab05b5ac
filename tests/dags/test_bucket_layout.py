"""The folders as they lie in Composer's bucket: what is discovered there, and what must not be."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dags.conftest import DAGS, ENVIRONMENT, ROOT
from tests.dags.test_policy import DAG_IDS

PLUGINS = ROOT / "plugins"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bucket: dags/ with include/ in it, plugins/."""
    folder = tmp_path_factory.mktemp("bucket")
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(DAGS, folder / "dags", ignore=without)
    shutil.copytree(ROOT / "include", folder / "dags" / "include", ignore=without)
    shutil.copytree(PLUGINS, folder / "plugins", ignore=without)
    return folder


def in_bucket(bucket: Path, script: str) -> dict[str, object]:
    """Run a script as a process on Composer: nothing but the bucket's folders and the installed packages."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PEDWATCH"))},
        **ENVIRONMENT,
        "AIRFLOW_HOME": str(bucket / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(bucket / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(bucket / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # Before the editable install of this repository, which points at the working tree.
        "PYTHONPATH": str(bucket / "plugins"),
    }
    command = [sys.executable, "-c", f"import json\n{script}\nprint('\\n' + json.dumps(result))"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, cwd=bucket)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_ignore_files_name_what_is_not_a_dag_or_a_plugin() -> None:
    assert (DAGS / ".airflowignore").read_text().split() == ["include/"]
    assert (PLUGINS / ".airflowignore").read_text().split() == ["pedwatch/"]


def test_dags_are_found_and_find_their_statements(bucket: Path) -> None:
    found = in_bucket(
        bucket,
        "from airflow.dag_processing.dagbag import DagBag\n"
        "from pedwatch import settings\n"
        "bag = DagBag()\n"
        "result = {'dags': sorted(bag.dags), 'errors': bag.import_errors, 'files': len(bag.file_last_changed),"
        " 'code': settings.__file__, 'include': str(settings.include_dir())}",
    )
    assert found["errors"] == {}
    assert found["dags"] == DAG_IDS
    assert str(found["code"]).startswith(str(bucket)), "this test looked at the working tree"
    assert found["include"] == str(bucket / "dags" / "include")


def test_no_module_of_the_package_is_imported_by_its_bare_name(bucket: Path) -> None:
    # Airflow imports every file under plugins/ by its stem: a policy.py would be `policy` for the whole process.
    stems = sorted({path.stem for path in (PLUGINS / "pedwatch").rglob("*.py")} - {"__init__", "__main__"})
    assert {"settings", "policy", "sql"} <= set(stems)
    found = in_bucket(
        bucket,
        "import sys\n"
        "from airflow import plugins_manager\n"
        "plugins_manager.get_plugin_info()\n"
        f"files = {{name: str(getattr(sys.modules.get(name), '__file__', '')) for name in {stems!r}}}\n"
        f"result = {{'bare': [name for name, file in files.items() if file.startswith({str(bucket)!r})],"
        " 'errors': plugins_manager.get_import_errors()}",
    )
    assert found["bare"] == []
    assert found["errors"] == {}
