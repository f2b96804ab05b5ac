"""Holds resources against what the providers accept (``provider_schema.json``), without them or Terraform.

And against what the Google provider refuses at plan time for Composer 3, which its schema cannot say.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.terraform.configuration import META_ARGUMENTS, META_BLOCKS, Block, Body, literal

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parent / "provider_schema.json").read_text())
Path_ = tuple[str, ...]


def described(block: Block) -> dict[str, Any] | None:
    """What the block's provider says of it; None for a type that it does not have."""
    provider = "google-beta" if "google-beta" in str(block.body.arguments.get("provider", "")) else "google"
    found: dict[str, Any] | None = None
    for name in (provider, "google"):
        found = found or SCHEMA[name].get(block.kind, {}).get(block.labels[0])
    return found


def problems(blocks: Sequence[Block]) -> list[str]:
    """What the providers would refuse, one sentence each."""
    found = []
    for block in blocks:
        if block.kind in ("resource", "data"):
            schema = described(block)
            if schema is None:
                found.append(f"{block}: no such {block.kind} in its provider")
            else:
                found += [f"{block}{where}: {what}" for where, what in _of_body(block.body, schema, (), schema)]
    return found


def _of_body(body: Body, schema: Mapping[str, Any], path: Path_, whole: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    where = "".join(f".{part}" for part in path)
    attributes, blocks = schema.get("attributes", {}), dict(schema.get("blocks", {}))
    if not path:
        yield from _timeouts(body, whole)
    for name, value in body.arguments.items():
        if name in attributes:
            yield from ((where, f"{name} {what}") for what in _of_value(attributes[name], value))
        elif name in blocks:
            yield where, f"{name} is a block, not an argument"
        elif path or name not in META_ARGUMENTS:
            yield where, f"there is no argument {name}"
    for name in {*body.blocks, *body.dynamic} - ({"timeouts", *META_BLOCKS} if not path else set()):
        if name in blocks:
            for inner in body.inner(name):
                yield from _of_body(inner, blocks[name], (*path, name), whole)
        else:
            yield where, f"{name} is an argument, not a block" if name in attributes else f"there is no block {name}"
    for name, attribute in attributes.items():
        if attribute.get("required") and name not in body.arguments:
            yield where, f"{name} is required"
    for name, inner_schema in blocks.items():
        count, is_open = len(body.blocks.get(name, [])), name in body.dynamic
        if count < inner_schema["min"] and not is_open:
            yield where, f"{name} must appear {inner_schema['min']} times, not {count}"
        if inner_schema["max"] is not None and count > inner_schema["max"]:
            yield where, f"{name} may appear {inner_schema['max']} times, not {count}"
    yield from ((where, what) for what in _of_groups(body, path, whole.get("groups", {})))


def _timeouts(body: Body, whole: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for timeouts in body.blocks.get("timeouts", []):
        for name in timeouts.arguments:
            if name not in whole.get("timeouts", []):
                yield ".timeouts", f"there is no timeout {name}"


def _of_value(attribute: Mapping[str, Any], value: Any) -> Iterator[str]:
    kind: str = attribute["type"]
    if not (attribute.get("required") or attribute.get("optional")):
        yield "is computed and cannot be set"
    if value is None:
        if attribute.get("required"):
            yield "is required, not null"
        return
    collection = kind.partition("(")[0]
    is_plain = literal(value) is not None
    fits = {"list": not isinstance(value, dict) and not is_plain, "map": not isinstance(value, list) and not is_plain}
    if not {**fits, "set": fits["list"]}.get(collection, not isinstance(value, list | dict)):
        yield f"is a {kind}"
    for given in value if isinstance(value, list) else [value]:
        known = literal(given)
        if known is None:
            continue
        if kind == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", str(known)):
            yield f"is a number, not {known!r}"
        elif kind == "bool" and str(known).lower() not in ("true", "false"):
            yield f"is true or false, not {known!r}"
        elif "enum" in attribute and str(known) not in attribute["enum"]:
            yield f"is one of {', '.join(attribute['enum'])}, not {known!r}"
        elif kind == "number" and not attribute.get("min", -1e18) <= float(known) <= attribute.get("max", 1e18):
            yield f"is between {attribute.get('min')} and {attribute.get('max')}, not {known}"


def _of_groups(body: Body, path: Path_, groups: Mapping[str, Any]) -> Iterator[str]:
    """Groups of arguments that need or exclude each other, of those whose place is this body."""
    given = {name for name in body.names() if body.arguments.get(name, "") is not None}
    # What is computed may come out as null: it counts as there, and not for certain.
    sure = {n for n in given if n not in body.arguments or not _may_be_null(body.arguments[n])} - set(body.dynamic)
    here = ".".join(path)

    def own(names: Sequence[str]) -> list[str]:
        return [name.rpartition(".")[2] for name in names if name.rpartition(".")[0] == here]

    for kind in ("exactly_one_of", "at_least_one_of"):
        for group in groups.get(kind, []):
            names = own(group)
            if not names:
                continue
            if not given & set(names):
                yield f"one of {', '.join(names)} is required"
            elif kind == "exactly_one_of" and len(sure & set(names)) > 1:
                yield f"only one of {', '.join(names)} may be set"
    for name, others in groups.get("conflicts_with", {}).items():
        if own([name]) and own([name])[0] in sure:
            for other in set(own(others)) & sure:
                yield f"{own([name])[0]} excludes {other}"
    for name, others in groups.get("required_with", {}).items():
        if own([name]) and own([name])[0] in sure:
            for other in set(own(others)) - given:
                yield f"{own([name])[0]} needs {other}"


def _may_be_null(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("${")


def given_paths(body: Body, prefix: Path_ = ()) -> Iterator[Path_]:
    """Every argument and block of a resource, by its place."""
    for name in body.names():
        yield (*prefix, name)
    for name in {*body.blocks, *body.dynamic}:
        for inner in body.inner(name):
            yield from given_paths(inner, (*prefix, name))


def composer_problems(block: Block, image: str | None) -> list[str]:
    """What the provider refuses of an environment at plan time, by its image; None is one that is not known then."""
    schema = described(block)
    assert schema is not None
    rules = schema["composer3"]
    is_third = image is not None and "composer-3" in image
    given = {".".join(path) for path in given_paths(block.body)}
    refused = rules["refused_with_composer3"] if is_third else rules["refused_unless_composer3"]
    refused = [*refused, *rules["documented_composer1_only"], *rules["documented_not_composer3"]]
    found = [f"{block}: {path} {'with' if is_third else 'without'} Composer 3" for path in sorted(given & set(refused))]
    for config in block.body.blocks.get("config", []):
        for node in config.inner("node_config"):
            block_range = literal(node.arguments.get("composer_internal_ipv4_cidr_block"))
            mask = rules["composer_internal_ipv4_cidr_block_mask"]
            if block_range is not None and not str(block_range).endswith(f"/{mask}"):
                found.append(f"{block}: composer_internal_ipv4_cidr_block is a /{mask}, not {block_range}")
    return found
