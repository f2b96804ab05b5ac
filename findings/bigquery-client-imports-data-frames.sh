#!/bin/sh
# google-cloud-bigquery 3.47.0: `from google.cloud import bigquery` imports pandas, numpy and pyarrow wherever they are
# installed, in every process, also one that only runs a statement; nothing switches it off. Beside Airflow they always
# are: hooks.bigquery of apache-airflow-providers-google 22.3.0 imports pandas_gbq when it is itself imported. What is
# marked as None in sys.modules beforehand is not imported, and the client does without. Seen on 2026-11-30:
#   as installed: 0.83 CPU s, 139 MB   hidden: 0.28 CPU s, 58 MB
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    google-cloud-bigquery==3.47.0 pandas==3.1.1 pandas-gbq==0.35.3 pyarrow==26.0.1
"$folder/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$folder" \
    apache-airflow-providers-google==22.3.0
cat >"$folder/importing.py" <<'PYTHON'
import resource
import sys

if sys.argv[1] == "hidden":
    sys.modules.update(dict.fromkeys(["pandas", "pandas_gbq", "numpy", "pyarrow", "db_dtypes"]))
from google.cloud import bigquery  # noqa: F401

used = resource.getrusage(resource.RUSAGE_SELF)
imported = [name for name in ("pandas", "numpy", "pyarrow") if sys.modules.get(name)]
print(f"{used.ru_utime + used.ru_stime:.2f} CPU s, {used.ru_maxrss // 1024} MB", *imported)
PYTHON
cat >"$folder/comparing.py" <<'PYTHON'
import pathlib
import subprocess
import sys
import zipfile


def importing(how):
    command = [sys.executable, "importing.py", how]
    subprocess.run(command, check=True, capture_output=True)  # once for the bytecode
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


seen = {how: importing(how) for how in ("as installed", "hidden")}
[wheel] = pathlib.Path.cwd().glob("apache_airflow_providers_google-*.whl")
hook = zipfile.ZipFile(wheel).read("airflow/providers/google/cloud/hooks/bigquery.py").decode()
needed = [line for line in hook.splitlines() if line.startswith(("import pandas", "from pandas"))]
for how, what in seen.items():
    print(f"{how}: {what}")
print("the hook:", *needed, sep="\n  ")
assert seen["as installed"].endswith("pandas numpy pyarrow") and seen["hidden"].endswith("MB"), "this has changed"
assert needed, "this has changed: the hook imports without pandas"
PYTHON
cd "$folder"
"$folder/venv/bin/python" comparing.py
