#!/bin/sh
# apache-airflow-core 3.3.1: ti.xcom_pull("task", include_prior_dates=True) without map_indexes returns the value itself
# in the first run and a list, oldest first, in every later one, where the docstring promises "a single XCom entry" and
# Airflow 2 gave the newest. A task that keeps its place in an XCom works once. With map_indexes=-1 it is the newest.
# Without map_indexes `default` is ignored too: None comes back where there is nothing. Seen on 2026-11-30:
#   run of day 1: prior dates 1          with map_indexes=-1: 1   nothing there, default="none": None
#   run of day 3: prior dates [1, 2, 3]  with map_indexes=-1: 3   nothing there, default="none": None
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check apache-airflow-core==3.3.1 \
    apache-airflow-providers-standard==1.17.0
mkdir "$folder/dags"
export AIRFLOW_HOME="$folder/airflow" AIRFLOW__CORE__DAGS_FOLDER="$folder/dags" AIRFLOW__CORE__LOAD_EXAMPLES=False
"$folder/venv/bin/airflow" db migrate >"$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }
cat >"$folder/dags/counting.py" <<'PYTHON'
import datetime

from airflow.sdk import dag, get_current_context, task

seen = []


@dag(schedule=None, start_date=datetime.datetime(2026, 1, 1))
def counting():
    @task
    def count():
        return get_current_context()["dag_run"].logical_date.day

    @task
    def pull():
        ti = get_current_context()["ti"]
        prior = ti.xcom_pull("count", include_prior_dates=True)
        newest = ti.xcom_pull("count", include_prior_dates=True, map_indexes=-1)
        seen.append((prior, newest, ti.xcom_pull("nobody", default="none")))

    count() >> pull()


days = counting()
if __name__ == "__main__":
    for day in (1, 2, 3):
        days.test(logical_date=datetime.datetime(2026, 1, day, tzinfo=datetime.UTC))
    for day, (prior, newest, nothing) in enumerate(seen, 1):
        print(f'run of day {day}: prior dates {prior}  with map_indexes=-1: {newest}  ', end="")
        print(f'nothing there, default="none": {nothing}')
    assert seen == [(1, 1, None), ([1, 2], 2, None), ([1, 2, 3], 3, None)], "this has changed"
PYTHON
"$folder/venv/bin/python" "$folder/dags/counting.py" >"$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }
grep '^run of day' "$folder/output"
