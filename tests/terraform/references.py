"""Whether every name in a Terraform module resolves, and everything it declares is used."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.terraform.configuration import Block, Named, functions_in, literal, names_in, read_folder
from tests.terraform.provider_schema import SCHEMA, described

#: What resources, modules and expressions have without declaring it.
GIVEN = {"path", "terraform", "each", "count", "self"}


def problems(blocks: Sequence[Block], folder: Path) -> list[str]:
    """Names that lead nowhere, functions that do not exist, calls of modules that these do not understand."""
    known = _Known(blocks, folder)
    found = []
    for block in blocks:
        iterators = {name for body in block.body.walk() for name in body.dynamic}
        for name in (n for value in block.values() for n in names_in(value)):
            if name.parts[0] not in iterators:
                found += [f"{block}: {name} {what}" for what in known.problems_of(name, block)]
        for value in block.values():
            wrong = set(functions_in(value)) - set(SCHEMA["functions"])
            found += [f"{block}: there is no function {function}" for function in sorted(wrong)]
        if block.kind == "module":
            found += [f"{block}: {what}" for what in known.problems_of_call(block)]
    return found


def dependencies(blocks: Sequence[Block]) -> dict[str, set[str]]:
    """What each resource, data and local needs before it: Terraform refuses a circle."""
    needs: dict[str, set[str]] = {}
    for block in blocks:
        if block.kind == "locals":
            for name, value in block.body.arguments.items():
                needs[f"local.{name}"] = {_target(n) for n in names_in(value)}
        elif block.kind in ("resource", "data"):
            needs[block.address] = {_target(n) for value in block.values() for n in names_in(value)}
    return {name: {target for target in targets if target in needs} for name, targets in needs.items()}


def _target(name: Named) -> str:
    return ".".join(name.parts[: 3 if name.parts[0] == "data" else 2])


def unused(blocks: Sequence[Block]) -> list[str]:
    """Variables, locals and data that nothing names; a variable's own validation is no use of it."""
    named = {
        _target(name)
        for block in blocks
        for value in block.values()
        for name in names_in(value)
        if block.kind != "variable" or name.parts[:2] != ("var", block.labels[0])
    }
    found = []
    for block in blocks:
        if block.kind == "variable" and f"var.{block.labels[0]}" not in named:
            found.append(f"{block} is not used")
        elif block.kind == "locals":
            names = (name for name in block.body.arguments if f"local.{name}" not in named)
            found += [f"{block}: local.{name} is not used" for name in names]
        elif block.kind == "data" and block.address not in named:
            found.append(f"{block} is not used")
    return found


class _Known:
    def __init__(self, blocks: Sequence[Block], folder: Path) -> None:
        self.folder = folder
        self.variables = {b.labels[0] for b in blocks if b.kind == "variable"}
        self.locals = {name for b in blocks if b.kind == "locals" for name in b.body.arguments}
        self.resources = {b.address: b for b in blocks if b.kind in ("resource", "data")}
        self.modules = {b.labels[0]: b for b in blocks if b.kind == "module"}

    def problems_of(self, name: Named, block: Block) -> Iterator[str]:
        root, rest = name.parts[0], name.parts[1:]
        if root == "each" and "for_each" not in block.body.arguments:
            yield "outside of for_each"
        if root in GIVEN:
            return
        if root in ("var", "local"):
            declared = self.variables if root == "var" else self.locals
            if not rest or rest[0] not in declared:
                yield "is not declared"
        elif root == "module":
            if not rest or rest[0] not in self.modules:
                yield "is no module that is called here"
            elif rest[1:] and rest[1] not in {b.labels[0] for b in self._called(rest[0]) if b.kind == "output"}:
                yield "is no output of that module"
        elif root.startswith("google_") or root == "data":
            yield from self._of_resource(name)
        elif block.kind not in ("terraform", "provider") and not _is_own_attribute(name, block):
            yield "is nothing that Terraform knows"

    def _of_resource(self, name: Named) -> Iterator[str]:
        depth = 3 if name.parts[0] == "data" else 2
        target = self.resources.get(".".join(name.parts[:depth]))
        if target is None:
            yield "does not exist"
            return
        is_many = bool({"count", "for_each"} & set(target.body.arguments))
        if len(name.parts) > depth and is_many != (depth - 1 in name.indexed):
            yield "has many instances and no index" if is_many else "has one instance and an index"
        schema: Mapping[str, Any] = described(target) or {}
        for part in name.parts[depth:]:
            inner = schema.get("blocks", {}).get(part) or schema.get("attributes", {}).get(part)
            if inner is None:
                yield f"has no {part}"
                return
            schema = inner if "attributes" in inner or "blocks" in inner else {}
            if not schema:  # a plain value, or a list of objects that is computed
                return

    def _called(self, module: str) -> list[Block]:
        source = str(literal(self.modules[module].body.arguments["source"]))
        return read_folder((self.folder / source).resolve())

    def problems_of_call(self, block: Block) -> Iterator[str]:
        variables = {b.labels[0]: b.body for b in self._called(block.labels[0]) if b.kind == "variable"}
        given = set(block.body.arguments) - {"source", "version", "providers", "count", "for_each", "depends_on"}
        yield from (f"the module has no variable {name}" for name in sorted(given - set(variables)))
        required = {name for name, body in variables.items() if "default" not in body.arguments}
        yield from (f"the module needs {name}" for name in sorted(required - given))


def _is_own_attribute(name: Named, block: Block) -> bool:
    """ignore_changes names attributes of the resource itself."""
    schema = described(block) if block.kind == "resource" else None
    return bool(schema) and name.parts[0] in {*schema.get("attributes", {}), *schema.get("blocks", {})}  # type: ignore[union-attr]
