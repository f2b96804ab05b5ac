#!/bin/sh
# apache-airflow-core 3.3.1: where clocks go back at midnight (America/Havana, Atlantic/Azores) a day has two midnights.
# CronDataIntervalTimetable("0 0 * * *") cuts at the second: the interval of 31 October is 25 hours long and holds an
# hour that the calendar, and datetime(…, tzinfo=ZoneInfo(…)) with its fold of 0, give to 1 November. A report of "the
# day" by the run's data interval and one by the date disagree by that hour. Seen on 2026-11-30:
#   31 October by Airflow: 25 h, ends 2026-11-01 05:00 UTC; 1 November by the calendar begins 04:00 UTC
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check apache-airflow-core==3.3.1
AIRFLOW_HOME="$folder/airflow" "$folder/venv/bin/python" - <<'PYTHON'
import datetime
import zoneinfo

import pendulum
from airflow.timetables.base import TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable

ZONE = "America/Havana"
timetable = CronDataIntervalTimetable("0 0 * * *", ZONE)
since = TimeRestriction(pendulum.datetime(2026, 10, 31, 4, tz="UTC"), None, catchup=True)
day = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=since).data_interval
hours = (day.end - day.start).total_seconds() / 3600
begins = datetime.datetime(2026, 11, 1, tzinfo=zoneinfo.ZoneInfo(ZONE)).astimezone(datetime.UTC)
print(f"31 October by Airflow: {hours:g} h, ends {day.end:%Y-%m-%d %H:%M} UTC; ", end="")
print(f"1 November by the calendar begins {begins:%H:%M} UTC")
assert hours == 25 and day.end - begins == datetime.timedelta(hours=1), "this has changed"
PYTHON
