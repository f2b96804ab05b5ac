"""What holds for every test: where Airflow's home is, and that nothing is judged by how long it takes."""

import atexit
import os
from pathlib import Path

from hypothesis import HealthCheck, settings

#: Checks at the end of a run what the stand-ins recorded.
pytest_plugins = ["tests.contracts.session"]

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
