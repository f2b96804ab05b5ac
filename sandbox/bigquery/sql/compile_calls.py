"""Function calls: which function a name means, and what it does."""

from dataclasses import replace

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.aggregate_functions import WINDOW_ONLY
from sandbox.bigquery.sql.aggregates import AGGREGATES, compile_aggregate
from sandbox.bigquery.sql.compile_operators import OperatorCompiler
from sandbox.bigquery.sql.expression import Expression, derive, fail
from sandbox.bigquery.sql.functions import KNOWN_MISSING
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import SIGNATURES, SPECIALS, choose

_MAXIMUM_DEPTH = 50


class CallCompiler(OperatorCompiler):
    """Calls."""

    def compile_call(self, node: n.Call, scope: Scope) -> Expression:
        """Any function call."""
        name = node.name
        if len(node.path) == 2 and node.path[0].upper() == "SAFE":
            node = replace(node, path=node.path[1:], safe=True)
            name = node.name
        if name in AGGREGATES or name in WINDOW_ONLY:
            return self._compile_aggregate(node, scope)
        if node.over is not None:
            fail(f"{name} is not an analytic function", node.position)
        value = self._compile_scalar(node, name, scope)
        if node.safe:
            return derive(f"TRY({value.sql})", value.type, value)
        return value

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
        routine = (
            self.environment.find_routine(node.path, "FUNCTION")
            if not (len(node.path) == 1 and (name in SPECIALS or name in SIGNATURES))
            else None
        )
        if routine is not None:
            return self._inline(routine, node, scope)
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
            if value is None:
                self.mismatch(f"function {name}", [value.type for value in values], node.position)
            return value
        if name in KNOWN_MISSING or name.split(".")[0] in KNOWN_MISSING:
            raise not_implemented(f"the function {name}")
        fail(f"Function not found: {'.'.join(node.path)}", node.position)

    def _inline(self, routine: n.Create, node: n.Call, scope: Scope) -> Expression:
        """A SQL function: its body with the arguments in place of the parameters."""
        if len(node.arguments) != len(routine.arguments):
            types = [self.expression(argument, scope).type for argument in node.arguments]
            self.mismatch(f"function {'.'.join(node.path)}", types, node.position)
        arguments: dict[str, Expression] = {}
        given = []
        for argument, (_, name, type) in zip(node.arguments, routine.arguments, strict=True):
            value = self.expression(argument, scope)
            given.append(value)
            if type is not None:
                message = f"No matching signature for function {'.'.join(node.path)} for argument types: {value.type}"
                value = self.required(value, type, message, node.position)
                value = replace(value, type=type, items=None)
            arguments[name.lower()] = value
        self.view_depth += 1
        if self.view_depth > _MAXIMUM_DEPTH:
            fail(f"Function {'.'.join(node.path)} calls itself", node.position)
        try:
            body = self.expression(routine.body, Scope(arguments=arguments))
        finally:
            self.view_depth -= 1
        if routine.returns is not None:
            message = f"Function body of type {body.type} does not return {routine.returns}"
            body = self.required(body, routine.returns, message, node.position)
        return derive(f"({body.sql})", body.type, body, *given)
