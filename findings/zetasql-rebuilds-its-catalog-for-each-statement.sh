#!/bin/sh
# zetasql 0.1.5 (GoogleSQL in WebAssembly): Analyzer(options, catalog) is given its catalog once, and sends it to the
# engine with each statement, which builds it anew: an analysis of `SELECT c0 FROM t0` takes as long as the catalog is
# large. A catalog that the service has registered stays, but Analyzer takes none: only the service's own `analyze` does.
# Seen on 2026-12-01, 40 columns a table:
#   1 table: 32 ms, registered 14 ms   300 tables: 387 ms, registered 15 ms
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check zetasql==0.1.5
"$folder/venv/bin/python" - <<'PYTHON'
import time

import zetasql.types as types
from zetasql.api import Analyzer, CatalogBuilder, TableBuilder

QUERY = "SELECT c0 FROM t0"
language = types.LanguageOptions.maximum_features()
options = types.AnalyzerOptions(language_options=language)


def catalog(tables):
    built = CatalogBuilder("c").with_builtin_functions(types.ZetaSQLBuiltinFunctionOptions(language_options=language))
    for number in range(tables):
        table = TableBuilder(f"t{number}")
        for column in range(40):
            table = table.add_column(f"c{column}", types.TypeKind.TYPE_INT64)
        built = built.add_table(table.build())
    return built.build()


def milliseconds(analyze):
    analyze()
    before = time.process_time()
    for _ in range(5):
        analyze()
    return (time.process_time() - before) * 200


taken = {}
for tables in (1, 300):
    analyzer = Analyzer(options, catalog(tables))
    service = analyzer.service
    number = service.register_catalog(simple_catalog=analyzer.catalog).registered_id
    given = milliseconds(lambda: analyzer.analyze_statement(QUERY))
    kept = milliseconds(lambda: service.analyze(sql_statement=QUERY, options=options, registered_catalog_id=number))
    taken[tables] = given, kept
    print(f"{tables} table{'s' if tables > 1 else ''}: {given:.0f} ms, registered {kept:.0f} ms")
assert taken[300][0] > 3 * taken[1][0] and taken[300][1] < 2 * taken[1][1], "this has changed"
PYTHON
