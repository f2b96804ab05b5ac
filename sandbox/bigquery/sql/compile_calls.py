"""Function calls: which function a name means, and what it does."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.aggregate_calls import compile_aggregate
from sandbox.bigquery.sql.aggregate_functions import AGGREGATES, WINDOW_ONLY
from sandbox.bigquery.sql.compile_operators import OperatorCompiler
from sandbox.bigquery.sql.expression import Expression, fail
from sandbox.bigquery.sql.functions import KNOWN_MISSING
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import SIGNATURES, SPECIALS, choose
from sandbox.bigquery.sql.typesystem import BYTES, NUMERIC


class CallCompiler(OperatorCompiler):
    """Calls."""

    def compile_call(self, node: n.Call, scope: Scope) -> Expression:
        """Any function call."""
        name = node.name
        if name in AGGREGATES or name in WINDOW_ONLY:
            return self._compile_aggregate(node, scope)
        if name in KNOWN_MISSING or name.split(".")[0] in KNOWN_MISSING:
            raise not_implemented(f"the function {name}")
        if node.over is not None:
            fail(f"{name} is not an analytic function", node.position)
        return self._compile_scalar(node, name, scope)

    def _compile_aggregate(self, node: n.Call, scope: Scope) -> Expression:
        if node.over is None and node.name in WINDOW_ONLY:
            fail(f"Analytic function {node.name} cannot be called without an OVER clause", node.position)
        if node.over is None and not scope.allows_aggregates:
            fail(f"Aggregate function {node.name} not allowed in {scope.clause} clause", node.position)
        if node.over is None and scope.is_without_from:
            fail(f"Aggregate function {node.name} not allowed in SELECT without FROM clause", node.position)
        if node.over is not None and not scope.allows_windows:
            fail(f"Analytic function {node.name} not allowed in {scope.clause} clause", node.position)
        return compile_aggregate(self, node, scope)

    def _compile_scalar(self, node: n.Call, name: str, scope: Scope) -> Expression:
        looks_aggregate = node.distinct or node.star or node.order_by or node.limit is not None or node.null_handling
        if looks_aggregate and (name in SPECIALS or name in SIGNATURES):
            fail(f"{name} is not an aggregate function", node.position)
        handler = SPECIALS.get(name)
        if handler is not None:
            try:
                return handler(self, node, scope)
            except IndexError:
                # A handler reads its arguments by place; too few of them is the caller's mistake.
                self.mismatch(f"function {name}", [], node.position)
        if name in SIGNATURES:
            values = [self.expression(argument, scope) for argument in node.arguments]
            value = choose(name, values)
            if value is None and any(given.type in (BYTES, NUMERIC) for given in values):
                raise not_implemented(f"{name} of BYTES or NUMERIC")
            if value is None:
                self.mismatch(f"function {name}", [value.type for value in values], node.position)
            return value
        fail(f"Function not found: {'.'.join(node.path)}", node.position)
