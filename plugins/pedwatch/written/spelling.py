"""Unknown keys: which one was probably meant. For every file that people write."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel


def unknown_key(model: type[BaseModel], location: Sequence[Any], hidden: Iterable[str] = ()) -> str:
    """Say that a key is unknown, and which one was probably meant.

    Args:
        model: what the whole document is read as.
        location: where the key stands in it, as pydantic's errors say.
        hidden: keys of the outermost block that are not for people to write.
    """
    meant = meant_key(model, location, hidden)
    known = ", ".join(_known_keys(model, location, hidden))
    return f"unknown key; did you mean {meant}?" if meant else f"unknown key; remove it; known here: {known}"


def meant_key(model: type[BaseModel], location: Sequence[Any], hidden: Iterable[str] = ()) -> str | None:
    """Return the key that was probably meant by an unknown one; None when none is near."""
    near = difflib.get_close_matches(str(location[-1]), _known_keys(model, location, hidden), n=1)
    return near[0] if near else None


def meant(name: str, known: Iterable[str]) -> str:
    """Return the question which name was probably meant, to stand behind it; nothing where none is near."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _known_keys(model: type[BaseModel], location: Sequence[Any], hidden: Iterable[str]) -> list[str]:
    around = _model_at(model, location[:-1])
    return [key for key in around.model_fields if around is not model or key not in set(hidden)]


def _model_at(model: type[BaseModel], location: Iterable[Any]) -> type[BaseModel]:
    """Return the model of the block at a location; keys of mappings and numbers in lists lead into their values."""
    for part in location:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        inner = _models_in(field.annotation) if field else []
        model = inner[0] if inner else model
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
