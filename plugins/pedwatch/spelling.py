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
    around = _model_at(model, location[:-1])
    known = [key for key in around.model_fields if around is not model or key not in set(hidden)]
    near = difflib.get_close_matches(str(location[-1]) if location else "", known, n=1)
    advice = f"did you mean {near[0]}?" if near else f"remove it; known here: {', '.join(known)}"
    return f"unknown key; {advice}"


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
