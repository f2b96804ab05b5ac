#!/bin/sh
# sqlglot 30.30.0, BigQuery dialect: of a script it reads the statements outside blocks; what stands after IF … THEN is kept as
# text in a Command, so that a walk over the tree finds no table in it. Anything that counts tables or checks columns
# by sqlglot passes over them without a word. Seen on 2026-11-30:
#   MERGE alone:              tables ['d.s', 'd.t']
#   the same inside IF … THEN: kinds [...]  tables []
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"

"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0
"$folder/venv/bin/python" - <<'PYTHON'
import logging

import sqlglot
from sqlglot import exp

logging.disable(logging.WARNING)
MERGE = "MERGE d.t USING d.s ON t.k = s.k WHEN NOT MATCHED THEN INSERT ROW"


def tables(text):
    parsed = [node for node in sqlglot.parse(text, dialect="bigquery") if node is not None]
    names = {f"{table.db}.{table.name}" for node in parsed for table in node.find_all(exp.Table)}
    return [type(node).__name__ for node in parsed], sorted(names)


_, alone = tables(MERGE)
kinds, inside = tables(f"IF EXISTS(SELECT 1) THEN {MERGE}; END IF;")
print(f"MERGE alone:               tables {alone}")
print(f"the same inside IF … THEN: kinds {kinds}  tables {inside}")
assert alone == ["d.s", "d.t"] and "Command" in kinds and inside == [], "this has changed"
PYTHON
