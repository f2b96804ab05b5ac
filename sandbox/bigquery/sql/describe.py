"""Dry runs: everything a statement would be refused for, and nothing of what it would do."""

from sandbox.bigquery.errors import already_exists
from sandbox.bigquery.model import StatementResult
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.billing import stored_bytes
from sandbox.bigquery.sql.environment import TemporaryTable
from sandbox.bigquery.sql.queries import compile_query, fields_of
from sandbox.bigquery.sql.script import Interpreter, plan_write
from sandbox.bigquery.sql.type_mapping import field_type

_UNKNOWN = (n.Create, n.Drop, n.Alter, n.Block, n.If, n.While)


def describe(interpreter: Interpreter, statements: tuple[n.Statement, ...]) -> StatementResult:
    """Describe a statement; of a script, as far as it can be known before it runs."""
    if len(statements) == 1:
        return _describe(interpreter, statements[0])
    result = StatementResult("", "SCRIPT")
    for statement in statements:
        if isinstance(statement, _UNKNOWN) and not (isinstance(statement, n.Create) and statement.temporary):
            # What follows may depend on what this one makes; a dry run cannot know.
            break
        one = _describe(interpreter, statement)
        result.referenced += [ref for ref in one.referenced if ref not in result.referenced]
        result.bytes_processed += one.bytes_processed
    return result


def _describe(interpreter: Interpreter, statement: n.Statement) -> StatementResult:
    environment = interpreter.environment
    environment.begin_statement()
    result = StatementResult(statement.text, "SCRIPT")
    if isinstance(statement, n.QueryStatement):
        result.statement_type = "SELECT"
        result.fields = fields_of(compile_query(environment, statement.query))
    elif isinstance(statement, (n.Insert, n.Update, n.Delete, n.Merge, n.Truncate)):
        result.statement_type = plan_write(environment, statement).statement_type
    elif isinstance(statement, n.Declare):
        interpreter.declare(statement)
    elif isinstance(statement, n.Create):
        _describe_create(interpreter, statement, result)
    elif isinstance(statement, (n.Drop, n.Alter)):
        _describe_change(interpreter, statement, result)
    elif isinstance(statement, n.Transaction):
        result.statement_type = f"{statement.kind}_TRANSACTION"
    result.referenced = list(environment.referenced)
    result.bytes_processed = sum(stored_bytes(environment, ref) for ref in result.referenced)
    return result


def _describe_create(interpreter: Interpreter, node: n.Create, result: StatementResult) -> None:
    environment, definitions = interpreter.environment, interpreter.definitions
    result.statement_type = f"CREATE_{node.kind}"
    result.ddl_operation = "CREATE"
    if node.temporary:
        meta, _ = definitions.table_meta(node, environment.table_ref([environment.project, "_SESSION", node.path[-1]]))
        types = [(field["name"], field_type(field)) for field in meta.fields]
        environment.temporary_tables[node.path[-1].lower()] = TemporaryTable("(SELECT NULL)", types)
        return
    ref = environment.table_ref(node.path)
    result.ddl_target = ref
    environment.catalog.get_dataset(ref.project, ref.dataset)
    if environment.catalog.find(ref) is not None and not (node.or_replace or node.if_not_exists):
        raise already_exists("Table", str(ref))
    if node.kind == "TABLE":
        meta, _ = definitions.table_meta(node, ref)
        if node.query is not None:
            result.statement_type = "CREATE_TABLE_AS_SELECT"
    else:
        meta = definitions.view_meta(node, ref)
    result.fields = meta.fields


def _describe_change(interpreter: Interpreter, node: n.Drop | n.Alter, result: StatementResult) -> None:
    environment = interpreter.environment
    verb, kind = ("DROP", node.kind) if isinstance(node, n.Drop) else ("ALTER", "TABLE")
    result.statement_type, result.ddl_operation = f"{verb}_{kind}", verb
    if not (isinstance(node, n.Drop) and node.if_exists):
        result.ddl_target = environment.table_ref(node.path)
        environment.catalog.get(result.ddl_target)
