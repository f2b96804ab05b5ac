"""What holds for every test: Airflow's home is in the clone, and importing it does not wander off to another one."""

import os
from pathlib import Path

# Before anything imports Airflow, which creates its home and reads its settings at import.
os.environ.setdefault("AIRFLOW_HOME", str(Path(__file__).parent / "build" / "airflow"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__CORE__PLUGINS_FOLDER", str(Path(__file__).parent / "plugins"))
os.environ.setdefault("AIRFLOW__USAGE_DATA_COLLECTION__ENABLED", "False")
