"""Function signatures as a table of text, and choosing the one that fits a call.

A line reads ``NAME(TYPE, TYPE) -> TYPE = DuckDB template``. ``T`` is any type (the same everywhere in the line), ``N``
any numeric one. In the template ``{0}`` is the first argument.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.bigquery.sql.casts import can_coerce, coerce
from sandbox.bigquery.sql.expression import Expression, derive
from sandbox.bigquery.sql.typesystem import INT64, NUMBERS, SIMPLE_TYPES, Type, array_of, same, supertype, widens

_LINE = re.compile(r"^(?P<name>[A-Z0-9_.]+)\((?P<arguments>.*?)\) -> (?P<result>\S+) = (?P<template>.+)$")
_CLASSES = {"T": None, "N": NUMBERS}
_WIDENING_COST = {"FLOAT64": 11, "NUMERIC": 12}


@dataclass(frozen=True)
class Signature:
    """One way to call a function."""

    arguments: tuple[str, ...]
    result: str
    template: str


SIGNATURES: dict[str, list[Signature]] = {}
SPECIALS: dict[str, Callable[..., Expression]] = {}


def define(table: str) -> None:
    """Add the functions of a table."""
    for line in table.strip().splitlines():
        match = _LINE.match(line)
        if match is None:
            raise ValueError(f"not a signature: {line}")
        arguments = [part.strip() for part in match["arguments"].split(",") if part.strip()]
        signature = Signature(tuple(arguments), match["result"], match["template"])
        SIGNATURES.setdefault(match["name"], []).append(signature)


def special(*names: str) -> Callable[[Callable[..., Expression]], Callable[..., Expression]]:
    """Register a handler ``(compiler, call, scope) -> Expression`` for functions no table line can say."""

    def register(handler: Callable[..., Expression]) -> Callable[..., Expression]:
        for name in names:
            SPECIALS[name] = handler
        return handler

    return register


def choose(name: str, arguments: list[Expression]) -> Expression | None:
    """The call by its best signature; None when none fits."""
    best: tuple[int, Signature, list[Type], dict[str, Type]] | None = None
    for signature in SIGNATURES[name]:
        fit = _fit(signature, arguments)
        if fit is not None and (best is None or fit[0] < best[0]):
            best = (fit[0], signature, fit[1], fit[2])
    if best is None:
        return None
    _, signature, targets, variables = best
    values = [coerce(value, target) for value, target in zip(arguments, targets, strict=True)]
    return derive(_fill(signature.template, values), _result(signature.result, variables), *values)


def _fill(template: str, values: list[Expression]) -> str:
    return re.sub(r"\{(\d+)\}", lambda match: values[int(match[1])].sql, template)


def _fit(signature: Signature, arguments: list[Expression]) -> tuple[int, list[Type], dict[str, Type]] | None:
    wanted = signature.arguments
    if len(wanted) != len(arguments):
        return None
    variables = _bind_variables(wanted, arguments)
    if variables is None:
        return None
    cost, targets = 0, []
    for pattern, value in zip(wanted, arguments, strict=True):
        target = _resolve(pattern, variables)
        if target is None or not can_coerce(value, target):
            return None
        cost += _cost(value, target)
        targets.append(target)
    return cost, targets, variables


def _cost(value: Expression, target: Type) -> int:
    if value.is_null or same(value.type, target):
        return 0
    if widens(value.type, target):
        return _WIDENING_COST.get(target.kind, 10)
    return 20 if target.kind != "TIMESTAMP" else 21


def _bind_variables(wanted: tuple[str, ...], arguments: list[Expression]) -> dict[str, Type] | None:
    """What T and N stand for in this call."""
    variables: dict[str, Type] = {}
    for firm in (True, False):
        for pattern, value in zip(wanted, arguments, strict=True):
            name, type = (pattern[6:-1], value.type.element) if pattern.startswith("ARRAY<") else (pattern, value.type)
            if name not in _CLASSES or value.is_null or (value.is_literal == firm and name in variables):
                continue
            if type is None:
                return None
            if value.items == () and name in variables:
                continue
            known = variables.get(name)
            merged = type if known is None else supertype(known, type)
            if merged is None:
                if not firm and known is not None and can_coerce(value, known):
                    continue
                return None
            variables[name] = merged
    for name, allowed in _CLASSES.items():
        if name in variables and allowed is not None and variables[name].kind not in allowed:
            return None
    return variables


def _resolve(pattern: str, variables: dict[str, Type]) -> Type | None:
    if pattern.startswith("ARRAY<"):
        inner = _resolve(pattern[6:-1], variables)
        return array_of(inner) if inner is not None else None
    if pattern in _CLASSES:
        return variables.get(pattern, INT64)
    return SIMPLE_TYPES[pattern]


def _result(pattern: str, variables: dict[str, Type]) -> Type:
    type = _resolve(pattern, variables)
    assert type is not None
    return type
