"""MERGE: one join decides what happens to every row, then the rows are updated, deleted and inserted."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.dml import WritePlan, Writer
from sandbox.bigquery.sql.dml_update import assigned
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.expression import Column, Expression, fail
from sandbox.bigquery.sql.partition_filter import mark_filtered, require_filters
from sandbox.bigquery.sql.scopes import Relation, Scope, Source
from sandbox.bigquery.sql.typesystem import quote

_MATCHES = {
    "MATCHED": "_target._row IS NOT NULL AND _source._is IS NOT NULL",
    "NOT_BY_TARGET": "_target._row IS NULL",
    "NOT_BY_SOURCE": "_source._is IS NULL",
}


def plan_merge(environment: Environment, node: n.Merge) -> WritePlan:
    """Compile a MERGE."""
    writer = Writer(environment, node.path)
    target = writer.source(node.alias)
    source = _source(writer, node)
    both = Scope(relations=target.relations + source.relations, clause="MERGE ON")
    conjuncts = [writer.compiler.boolean(part, both, "ON clause") for part in _conjuncts(node.condition)]
    for part in conjuncts:
        mark_filtered(writer.compiler.scans, part.prunes)
    actions, values = _actions(writer, node, target, source)
    require_filters(writer.compiler.scans)
    kinds = {clause.match for clause in node.clauses}
    joined = _joined(target, source, conjuncts, "NOT_BY_SOURCE" in kinds, "NOT_BY_TARGET" in kinds)
    if [clause.action for clause in node.clauses] == ["INSERT"]:
        return _inserting(writer, joined, actions[0], values[0])
    branches = " ".join(f"WHEN {test} THEN {number}" for number, test in actions.items())
    columns = [f"_target._row AS rid, CASE {branches} END AS _action"]
    plan = WritePlan(writer.target, "MERGE")
    names = sorted({name for by_clause in values.values() for name in by_clause})
    for index, name in enumerate(names):
        cases = []
        for number, by_clause in values.items():
            if name in by_clause:
                cases.append(f"WHEN {number} THEN {by_clause[name]}")
            elif node.clauses[number].action == "UPDATE":
                cases.append(f"WHEN {number} THEN _target.{quote(name)}")
        columns.append(f"CASE _action {' '.join(cases)} END AS v{index}")
    plan.setup.append(
        f"CREATE OR REPLACE TEMP TABLE _bq_merge AS SELECT {', '.join(columns)} FROM {joined} WHERE _action IS NOT NULL"
    )
    plan.duplicates = "SELECT count(rid) > count(DISTINCT rid) FROM _bq_merge"
    _add_steps(plan, writer, node, values, names)
    plan.cleanup.append("DROP TABLE IF EXISTS _bq_merge")
    return plan


def _inserting(writer: Writer, joined: str, test: str, values: dict[str, str]) -> WritePlan:
    """A MERGE that only inserts changes no row that the join reads: nothing has to be put aside."""
    names = sorted(values)
    selected = ", ".join(values[name] for name in names)
    listed = ", ".join(quote(name) for name in names)
    sql = f"INSERT INTO {writer.target.physical_name} ({listed}) SELECT {selected} FROM {joined} WHERE {test}"
    return WritePlan(writer.target, "MERGE", steps=[("insertedRowCount", sql)])


def _source(writer: Writer, node: n.Merge) -> Source:
    """The source with a mark that tells its rows from those an outer join makes up."""
    given = node.source
    alias = getattr(given, "alias", None)
    if alias is None and isinstance(given, n.TableSource):
        alias = given.path[-1]
    star = n.Select([n.StarItem(position=given.position)], given, position=given.position)
    query = writer.compiler.query(n.Query(star, position=given.position), Scope())
    columns = [Column(column.name, f"_source.{column.key}", column.type, column.origins) for column in query.columns]
    relation = Relation(alias, columns)
    if isinstance(given, n.UnnestSource) and len(columns) == 1:
        relation.value = columns[0]
    return Source(f"(SELECT _x.*, TRUE AS _is FROM ({query.sql}) AS _x) AS _source", [relation])


def _conjuncts(node: n.Node) -> list[n.Node]:
    if isinstance(node, n.Binary) and node.operator == "AND":
        return _conjuncts(node.left) + _conjuncts(node.right)
    return [node]


def _joined(target: Source, source: Source, conjuncts: list[Expression], keeps_target: bool, keeps_source: bool) -> str:
    """Target and source joined as far as the clauses need it.

    Conditions on the target alone filter it before the join when its unmatched rows are of no interest.
    """
    own = {column for relation in target.relations for column in relation.columns}
    filters = []
    rest = conjuncts
    if not keeps_target:
        filters = [part for part in conjuncts if part.free and part.free <= own and not part.has_subquery]
        rest = [part for part in conjuncts if part not in filters]
    where = f" WHERE {' AND '.join(part.sql for part in filters)}" if filters else ""
    left = f"(SELECT _target.rowid AS _row, _target.* FROM {target.sql}{where}) AS _target"
    kind = {(True, True): "FULL", (True, False): "LEFT", (False, True): "RIGHT", (False, False): "INNER"}[
        (keeps_target, keeps_source)
    ]
    condition = " AND ".join(part.sql for part in rest) or "TRUE"
    if any(part.has_subquery for part in rest):
        raise not_implemented("MERGE with a subquery in its ON clause")
    return f"{left} {kind} JOIN {source.sql} ON {condition}"


def _actions(
    writer: Writer, node: n.Merge, target: Source, source: Source
) -> tuple[dict[int, str], dict[int, dict[str, str]]]:
    """For each clause when it applies, and the values it writes by column."""
    actions: dict[int, str] = {}
    values: dict[int, dict[str, str]] = {}
    compiler = writer.compiler
    for number, clause in enumerate(node.clauses):
        visible = {
            "MATCHED": target.relations + source.relations,
            "NOT_BY_TARGET": source.relations,
            "NOT_BY_SOURCE": target.relations,
        }[clause.match]
        scope = Scope(relations=visible, clause="MERGE")
        test = _MATCHES[clause.match]
        if clause.condition is not None:
            test += f" AND {compiler.boolean(clause.condition, scope, 'WHEN clause').sql}"
        actions[number] = test
        if clause.action == "UPDATE":
            values[number] = assigned(writer, clause.assignments, scope, node.alias or writer.alias, clause.position)
        elif clause.action == "INSERT":
            values[number] = _inserted(writer, clause, scope)
    return actions, values


def _inserted(writer: Writer, clause: n.MergeClause, scope: Scope) -> dict[str, str]:
    target = writer.target
    columns = [writer.column(name, clause.position) for name in clause.columns] or list(target.columns)
    out: dict[str, str] = {}
    if len(clause.values) != len(columns):
        counts = f"Has {len(clause.values)}, expected {len(columns)}"
        fail(f"Inserted row has wrong column count; {counts}", clause.position)
    for item, (name, type) in zip(clause.values, columns, strict=True):
        out[name] = writer.stored(writer.compiler.expression(item, scope), name, type, item.position)
    for name, type in target.columns:
        if name not in out:
            out[name] = Writer.kept(f"CAST(NULL AS {type.duckdb})", type)
    return out


def _add_steps(
    plan: WritePlan, writer: Writer, node: n.Merge, values: dict[int, dict[str, str]], names: list[str]
) -> None:
    name = writer.target.physical_name
    numbers = {action: [] for action in ("UPDATE", "DELETE", "INSERT")}  # type: dict[str, list[int]]
    for number, clause in enumerate(node.clauses):
        numbers[clause.action].append(number)

    def among(action: str) -> str:
        return f"_bq_merge._action IN ({', '.join(map(str, numbers[action]))})"

    if numbers["UPDATE"]:
        touched = sorted({column for number in numbers["UPDATE"] for column in values[number]})
        changes = ", ".join(f"{quote(column)} = _bq_merge.v{names.index(column)}" for column in touched)
        sql = (
            f"UPDATE {name} AS _written SET {changes} FROM _bq_merge "
            f"WHERE _written.rowid = _bq_merge.rid AND {among('UPDATE')}"
        )
        plan.steps.append(("updatedRowCount", sql))
    if numbers["DELETE"]:
        sql = f"DELETE FROM {name} WHERE rowid IN (SELECT rid FROM _bq_merge WHERE {among('DELETE')})"
        plan.steps.append(("deletedRowCount", sql))
    if numbers["INSERT"]:
        written = sorted({column for number in numbers["INSERT"] for column in values[number]})
        listed = ", ".join(quote(column) for column in written)
        selected = ", ".join(f"v{names.index(column)}" for column in written)
        sql = f"INSERT INTO {name} ({listed}) SELECT {selected} FROM _bq_merge WHERE {among('INSERT')}"
        plan.steps.append(("insertedRowCount", sql))
