"""The GoogleSQL engine (PyPI ``zetasql``, WebAssembly), its language, and its types as text, ``Kind`` and message.

Whoever uses the engine imports this first: then it is compiled once, and not by every process.
"""

import fcntl
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import zetasql.core.wasm_client as wasm
import zetasql.types as zt
import zetasql.types.proto_model.proto_model as proto_model
from zetasql.api import CatalogBuilder, TypeFactory

ROOT = Path(__file__).resolve().parents[2]


def _cache_the_compiled_engine() -> None:
    """Keep the compiled WebAssembly module in build/: compiling it takes 20 s, loading it 1 s."""
    folder = ROOT / "build" / "cache" / "zetasql"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "wasmtime.toml"
    settings.write_text(f'[cache]\ndirectory = "{folder / "modules"}"\n', encoding="utf-8")

    class CachingConfig(wasm.Config):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.cache = str(settings)

    class ModuleCompiledOnce(wasm.Module):  # type: ignore[misc]
        @classmethod
        def from_file(cls, engine: Any, path: str) -> Any:
            # Else each of several processes that begin at once would compile it.
            with (folder / "compiling").open("w") as held:
                fcntl.flock(held, fcntl.LOCK_EX)
                return super().from_file(engine, path)

    wasm.Config = CachingConfig
    wasm.Module = ModuleCompiledOnce


def _read_types_once() -> None:
    """Make one object of all equal types, signatures and columns of an answer: they are the most of it."""
    create, known = proto_model._create_model_from_proto, dict[tuple[str, bytes], Any]()

    def create_once(message: Any) -> Any:
        if (kind := type(message).__name__) not in ("TypeProto", "FunctionSignatureProto", "ResolvedColumnProto"):
            return create(message)
        key = (kind, message.SerializeToString())
        if key not in known:
            known[key] = create(message)
        return known[key]

    proto_model._create_model_from_proto = create_once


_cache_the_compiled_engine()
_read_types_once()

_KINDS = {
    "STRING": zt.TypeKind.TYPE_STRING,
    "INT64": zt.TypeKind.TYPE_INT64,
    "TIMESTAMP": zt.TypeKind.TYPE_TIMESTAMP,
    "BOOL": zt.TypeKind.TYPE_BOOL,
    "FLOAT64": zt.TypeKind.TYPE_DOUBLE,
    "DATE": zt.TypeKind.TYPE_DATE,
    "JSON": zt.TypeKind.TYPE_JSON,
    "BYTES": zt.TypeKind.TYPE_BYTES,
    "NUMERIC": zt.TypeKind.TYPE_NUMERIC,
    "DATETIME": zt.TypeKind.TYPE_DATETIME,
}
_KIND_NAMES = {kind: name for name, kind in _KINDS.items()}


@functools.cache
def language() -> Any:
    """Return the language options: everything GoogleSQL knows, as BigQuery names its types."""
    options = zt.LanguageOptions.maximum_features()
    options.product_mode = zt.ProductMode.PRODUCT_EXTERNAL
    return options


def catalog_builder() -> Any:
    """Return a builder of catalogs that have the built-in functions."""
    functions = zt.ZetaSQLBuiltinFunctionOptions(language_options=language())
    return CatalogBuilder("bigquery").with_builtin_functions(functions)


def analyzer_options(parameters: Mapping[str, Any] | None) -> Any:
    """Return options with declared parameters, name to ``Kind``; with None their types are inferred."""
    options = zt.AnalyzerOptions(language_options=language())
    options.default_timezone = "UTC"
    options.statement_context = zt.StatementContext.CONTEXT_DEFAULT
    if parameters is None:
        options.allow_undeclared_parameters = True
    else:
        options.query_parameters = [
            zt.AnalyzerOptions.QueryParameter(name=name, type=parse_type(type_text(kind)))
            for name, kind in parameters.items()
        ]
    return options


def type_text(kind: str | Mapping[str, Any]) -> str:
    """Spell a ``Kind`` as GoogleSQL does: a mapping of columns is an array of rows."""
    if isinstance(kind, str):
        return kind
    return f"ARRAY<STRUCT<{', '.join(f'{name} {type_text(inner)}' for name, inner in kind.items())}>>"


def _fields(text: str) -> Iterator[tuple[str, str]]:
    depth, start = 0, 0
    for at, character in enumerate(text + ","):
        depth += {"<": 1, ">": -1}.get(character, 0)
        if character == "," and depth == 0:
            name, kind = text[start:at].strip().split(" ", 1)
            yield name, kind
            start = at + 1


def parse_kind(text: str) -> Any:
    """Read a ``Kind`` out of GoogleSQL text: the inverse of ``type_text``."""
    if not text.startswith("ARRAY<STRUCT<"):
        return text
    return {name: parse_kind(kind) for name, kind in _fields(text.removeprefix("ARRAY<STRUCT<")[:-2])}


def parse_type(text: str) -> Any:
    """Read a type out of its GoogleSQL text."""
    text = text.strip()
    if text.startswith("ARRAY<"):
        return TypeFactory.create_array_type(parse_type(text[6:-1]))
    if text.startswith("STRUCT<"):
        return TypeFactory.create_struct_type([(name, parse_type(kind)) for name, kind in _fields(text[7:-1])])
    return TypeFactory.create_simple_type(_KINDS[text])


def type_name(resolved: Any) -> str:
    """Spell a type as GoogleSQL does."""
    if resolved.type_kind == zt.TypeKind.TYPE_ARRAY:
        return f"ARRAY<{type_name(resolved.array_type.element_type)}>"
    if resolved.type_kind == zt.TypeKind.TYPE_STRUCT:
        fields = ", ".join(f"{field.field_name} {type_name(field.field_type)}" for field in resolved.struct_type.field)
        return f"STRUCT<{fields}>"
    return _KIND_NAMES[resolved.type_kind]
