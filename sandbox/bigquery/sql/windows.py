"""ORDER BY keys and the windows behind OVER."""

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, fail
from sandbox.bigquery.sql.scopes import Scope

_WITHOUT_FRAME = frozenset(("ROW_NUMBER", "LAG", "LEAD"))
_NEED_ORDER = frozenset(("LAG", "LEAD"))


def order_key(key: Expression, item: n.OrderItem) -> str:
    """One key of any ORDER BY: NULLs come first ascending, last descending, unless it says otherwise."""
    if key.type.is_array or key.type.is_struct:
        fail(f"ORDER BY does not support expressions of type {key.type}", item.position)
    first = not item.descending if item.nulls_first is None else item.nulls_first
    return f"{key.sql} {'DESC' if item.descending else 'ASC'} NULLS {'FIRST' if first else 'LAST'}"


def _resolved(spec: n.WindowSpec, scope: Scope, seen: frozenset[str] = frozenset()) -> n.WindowSpec:
    """A window with the named one it builds on merged in."""
    if spec.base is None:
        return spec
    level: Scope | None = scope
    base = None
    while level is not None and base is None:
        base = level.windows.get(spec.base.lower())
        level = level.parent
    if base is None or spec.base.lower() in seen:
        fail(f"Unrecognized window alias {spec.base}", spec.position)
    base = _resolved(base, scope, seen | {spec.base.lower()})
    return n.WindowSpec(
        None,
        base.partition_by or spec.partition_by,
        base.order_by or spec.order_by,
        spec.frame or base.frame,
        position=spec.position,
    )


def window_sql(compiler: CompilerBase, given: n.WindowSpec, scope: Scope, call: n.Call, parts: list[Expression]) -> str:
    """The window behind OVER."""
    spec = _resolved(given, scope)
    pieces = []
    keys = [compiler.expression(node, scope) for node in spec.partition_by]
    compiler.window_keys.append(frozenset().union(*(key.origins for key in keys)))
    if keys:
        parts += keys
        pieces.append("PARTITION BY " + ", ".join(key.sql for key in keys))
    if spec.order_by:
        keys = [compiler.expression(item.expression, scope) for item in spec.order_by]
        parts += keys
        ordered = (order_key(key, item) for key, item in zip(keys, spec.order_by, strict=True))
        pieces.append("ORDER BY " + ", ".join(ordered))
    elif call.name in _NEED_ORDER:
        fail(f"Window ORDER BY is required for analytic function {call.name}", spec.position)
    if spec.frame is not None:
        if call.name in _WITHOUT_FRAME:
            fail(f"Window framing clause is not allowed for analytic function {call.name}", spec.position)
        pieces.append(_frame_sql(compiler, spec.frame, scope, parts))
    return "(" + " ".join(pieces) + ")"


def _frame_sql(compiler: CompilerBase, frame: n.WindowFrame, scope: Scope, parts: list[Expression]) -> str:
    bounds = []
    for place, (kind, node) in enumerate((frame.start, frame.end)):
        if node is None:
            bounds.append(kind if kind == "CURRENT ROW" else f"UNBOUNDED {kind}")
            if (kind == "PRECEDING" and place == 1) or (kind == "FOLLOWING" and place == 0):
                fail("Starting window framing expression cannot be more than the ending one", frame.position)
            continue
        value = compiler.expression(node, scope)
        if not value.type.is_numeric:
            fail(f"Window framing expression must be numeric, but has type {value.type}", node.position)
        parts.append(value)
        bounds.append(f"{value.sql} {kind}")
    return f"{frame.unit} BETWEEN {bounds[0]} AND {bounds[1]}"
