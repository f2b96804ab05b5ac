"""FROM: tables, subqueries, UNNEST and joins."""

from dataclasses import replace

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import field_sql
from sandbox.bigquery.sql.compile_expressions import ExpressionCompiler
from sandbox.bigquery.sql.expression import Column, fail
from sandbox.bigquery.sql.partition_filter import mark_filtered
from sandbox.bigquery.sql.scopes import CommonTable, CompiledQuery, Relation, Scan, Scope, Source
from sandbox.bigquery.sql.tables import TableReader
from sandbox.bigquery.sql.typesystem import INT64


class FromCompiler(ExpressionCompiler):
    """FROM clauses."""

    def source(self, node: n.Node, scope: Scope) -> Source:
        """Any FROM item; ``scope`` sees what stands to the left of it."""
        if isinstance(node, n.TableSource):
            return self._table_source(node, scope)
        if isinstance(node, n.QuerySource):
            inner = self.query(node.query, Scope(parent=outside(scope)))
            return self.wrap(inner, node.alias)
        if isinstance(node, n.UnnestSource):
            return self._unnest(node, scope)
        if isinstance(node, n.Join):
            return self._join(node, scope)
        fail("Unexpected FROM item", node.position)

    def wrap(self, query: CompiledQuery, alias: str | None, key: str | None = None) -> Source:
        """A query's rows as a relation."""
        key = key or self.fresh("t")
        columns = [Column(column.name, f"{key}.{column.key}", column.type, column.origins) for column in query.columns]
        relation = Relation(alias, columns)
        if query.is_value:
            value = columns[0]
            relation.value = value
            relation.columns = _value_columns(value, alias)
        return Source(f"({query.sql}) AS {key}", [relation])

    def _table_source(self, node: n.TableSource, scope: Scope) -> Source:
        path = node.path
        if len(path) > 1 and self._begins_with_column(path[0], scope):
            array = n.Path(list(path), position=node.position)
            unnest = n.UnnestSource(array, node.alias or path[-1], node.offset_alias, position=node.position)
            return self._unnest(unnest, scope)
        if len(path) == 1:
            cte = scope.find_cte(path[0])
            if cte is not None:
                return self._cte_source(cte, node.alias or path[0])
        return TableReader(self).read(node)

    @staticmethod
    def _begins_with_column(name: str, scope: Scope) -> bool:
        level: Scope | None = scope
        while level is not None:
            if level.find_relation(name) is not None:
                return True
            level = level.parent
        return False

    def _cte_source(self, cte: CommonTable, alias: str) -> Source:
        """A WITH entry; every reference must filter its partitioned tables for itself."""
        renamed: dict[int, int] = {}
        for scan in cte.query.scans:
            copy = Scan(self.next_scan_id(), scan.ref, scan.column)
            renamed[scan.id] = copy.id
            self.scans.append(copy)
        key = self.fresh("t")
        columns = [
            Column(
                column.name,
                f"{key}.{column.key}",
                column.type,
                frozenset((renamed.get(scan, scan), name) for scan, name in column.origins),
            )
            for column in cte.query.columns
        ]
        relation = Relation(alias, columns)
        if cte.query.is_value:
            relation.value = columns[0]
            relation.columns = _value_columns(columns[0], alias)
        return Source(f"{cte.key} AS {key}", [relation])

    # ---- UNNEST

    def _unnest(self, node: n.UnnestSource, scope: Scope) -> Source:
        array = self.expression(node.array, scope)
        if not array.type.is_array:
            fail(
                f"Values referenced in UNNEST must be arrays. UNNEST contains expression of type {array.type}",
                node.position,
            )
        alias = node.alias
        element, key = array.type.item, self.fresh("t")
        # Every element carries its place, so that the array's order survives what DuckDB does with the rows.
        pairs = f"list_transform({array.sql}, lambda _v, _i: struct_pack(v := _v, o := CAST(_i - 1 AS BIGINT)))"
        sql = f"unnest({pairs}) AS {key}(z)"
        value = Column(alias, f"struct_extract({key}.z, 'v')", element)
        relation = Relation(alias, _value_columns(value, alias), value=value)
        relations = [relation]
        place = f"struct_extract({key}.z, 'o')"
        if node.offset_alias:
            offset = Column(node.offset_alias, place, INT64)
            relations.append(Relation(None, [offset]))
        return Source(sql, relations, order_key=place)

    # ---- joins

    def _join(self, node: n.Join, scope: Scope) -> Source:
        left = self.source(node.left, scope)
        inner = Scope(parent=scope, relations=left.relations, ctes={})
        before = len(self.scans)
        right = self.source(node.right, inner)
        right_scans = {scan.id for scan in self.scans[before:]}
        self._reject_duplicate_aliases(left, right, node)
        relations = left.relations + right.relations
        if node.kind == "CROSS" or node.condition is None:
            word = "CROSS JOIN" if node.kind in ("CROSS", "INNER") else f"{node.kind} JOIN"
            always = "" if word == "CROSS JOIN" else " ON TRUE"
            return Source(f"({left.sql} {word} {right.sql}{always})", relations)
        on = Scope(parent=scope, relations=relations, clause="JOIN ON")
        condition = self.boolean(node.condition, on, "JOIN ON clause")
        kept = None if node.kind == "INNER" else right_scans if node.kind == "LEFT" else set()
        mark_filtered(self.scans, condition.prunes, kept)
        return Source(f"({left.sql} {node.kind} JOIN {right.sql} ON {condition.sql})", relations)

    @staticmethod
    def _reject_duplicate_aliases(left: Source, right: Source, node: n.Join) -> None:
        names = {relation.alias.lower() for relation in left.relations if relation.alias}
        for relation in right.relations:
            if relation.alias and relation.alias.lower() in names:
                fail(f"Duplicate table alias {relation.alias} in the same FROM clause", node.position)


def outside(scope: Scope) -> Scope:
    """What a subquery in FROM may see: WITH entries and outer queries, never its neighbours."""
    if scope.relations:
        return replace(scope, relations=[]) if scope.parent is None else outside(replace(scope, relations=[]))
    return scope


def _value_columns(value: Column, alias: str | None) -> list[Column]:
    """The columns of a relation of single values: a struct's fields, or the value itself under its alias."""
    if not value.type.is_struct:
        return [Column(alias, value.sql, value.type, value.origins)]
    return [
        Column(name, field_sql(value.sql, value.type, index), type)
        for index, (name, type) in enumerate(value.type.fields)
    ]
