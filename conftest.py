"""What holds for every test: where Airflow's home is, and that nothing is judged by how long it takes."""

import atexit
import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

#: Checks at the end of a run what the stand-ins recorded.
pytest_plugins = ["tests.contracts.session"]

# What is imported stays for ever: to look through it again and again costs a sixth of the imports.
gc.disable()

# Before anything imports Airflow, which creates its home and reads its settings at import.
os.environ.setdefault("AIRFLOW_HOME", str(Path(__file__).parent / "build" / "airflow"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__CORE__PLUGINS_FOLDER", str(Path(__file__).parent / "plugins"))
os.environ.setdefault("AIRFLOW__USAGE_DATA_COLLECTION__ENABLED", "False")
# Tests that make a Storage client of their own want no more of it than the product does: pedwatch.settings says why.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
# Chromium keeps crash reports in its user's home, whatever profile it is given.
for _name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
    os.environ[_name] = str(Path(__file__).parent / "build" / "home" / _name.removesuffix("_HOME").lower())

# On a busy machine an example takes as long as it takes.
settings.register_profile("pedwatch", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pedwatch")

# pytest's own line is to be the last one. DuckDB's binding, though, lists whatever is still held when the interpreter
# ends, after all exit functions: the one that was registered first runs last, and leaves it nowhere to write to.
atexit.register(os.dup2, os.open(os.devnull, os.O_WRONLY), 2)

#: The files that take longest, longest first: a worker that gets one of them last keeps all others waiting.
LONGEST = (
    "tests/e2e/test_demo.py",
    "tests/sql/test_stories.py",
    "tests/soak/test_short_soak.py",
    "tests/sql/test_evaluator.py",
    "sandbox/live/tests/test_live.py",
    "tests/sql/test_verdict_oracle.py",
    "tests/sql/test_replay_equivalence.py",
    "tests/operators/test_watch_idempotence.py",
    "tests/operators/test_audit_packs.py",
    "tests/operators/test_limits_sync.py",
    "tests/sql/test_cases.py",
    "sandbox/demo/tests/test_interruption.py",
    "tests/test_cost.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Return one worker more than there are processors: the tests wait for a fifth of their time."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, and leave all others as they are."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST)))


def pytest_collection_finish() -> None:
    """Set aside what was imported, and let garbage be collected from here on."""
    gc.collect()
    gc.freeze()
    gc.enable()
