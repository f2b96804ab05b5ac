"""The kinds of value a scenario is written in: times on the cycle grid, cycle ranges, references to workloads."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
# What Kubernetes takes for an object's name: dots are fine, capitals are not.
OBJECT_NAME = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
_RANGE = re.compile(r"(\d+)\s*(?:-|\.\.)\s*(\d+)")


class Model(BaseModel):
    """Unknown keys are errors: a typo must not silently drop an event or an expectation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def parse_cycles(value: Any) -> tuple[int, ...]:
    """Return the cycles that ``4``, ``"4-6"`` or ``[4, 5, 9]`` stand for, sorted.

    Raises:
        ValueError: it is none of these; says what is allowed.
    """
    wrong = ValueError(f"{value!r} is not a cycle (4), a range (4-6) or a list ([4, 5, 9]); cycles count from 1")
    if isinstance(value, bool):
        raise wrong
    if isinstance(value, int):
        numbers: Iterable[int] = (value,)
    elif isinstance(value, str) and (match := _RANGE.fullmatch(value.strip())):
        numbers = range(int(match[1]), int(match[2]) + 1)
    elif isinstance(value, str) and value.strip().isdigit():
        numbers = (int(value),)
    elif isinstance(value, list | tuple):
        numbers = [number for item in value for number in parse_cycles(item)]
    else:
        raise wrong
    cycles = tuple(sorted(set(numbers)))
    if not cycles or cycles[0] < 1:
        raise wrong
    return cycles


def describe_cycles(cycles: tuple[int, ...]) -> str:
    """Write cycles the short way: ``cycle 4``, ``cycles 4-6``, ``cycles 4, 6``."""
    if len(cycles) == 1:
        return f"cycle {cycles[0]}"
    if cycles == tuple(range(cycles[0], cycles[-1] + 1)):
        return f"cycles {cycles[0]}-{cycles[-1]}"
    return "cycles " + ", ".join(map(str, cycles))


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Cycles = Annotated[
    tuple[int, ...],
    BeforeValidator(parse_cycles),
    WithJsonSchema(
        {
            "description": "A cycle (4), a range (4-6) or a list ([4, 5, 9]); cycles count from 1",
            "anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "array", "items": {"type": "integer"}}],
        }
    ),
]
Name = Annotated[str, Field(pattern=NAME, max_length=63)]
ObjectName = Annotated[str, Field(pattern=OBJECT_NAME, max_length=253)]
Names = Annotated[
    tuple[Name, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Count = Annotated[int, Field(ge=0)]
Moment = Annotated[
    AwareDatetime, PlainSerializer(lambda moment: moment.astimezone(dt.UTC).isoformat(), when_used="json")
]
Surge = Annotated[
    int | str,
    Field(
        union_mode="left_to_right",
        description="Pods (2) or a share of the replicas (25%), as in a Deployment's maxSurge",
    ),
]


class WorkloadRef(Model):
    """Which workload an event or an expectation means, written ``cluster/namespace/name``."""

    cluster: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Write it as the file does."""
        return f"{self.cluster}/{self.namespace}/{self.name}"


def _parse_ref(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parts = value.split("/")
    if len(parts) != 3 or not all(parts):
        raise ValueError(f"{value!r} is not a workload: write cluster/namespace/name, e.g. eu-prod-1/shop/orders")
    return WorkloadRef(cluster=parts[0], namespace=parts[1], name=parts[2])


Reference = Annotated[
    WorkloadRef,
    BeforeValidator(_parse_ref),
    WithJsonSchema({"type": "string", "description": "cluster/namespace/name, e.g. eu-prod-1/shop/orders"}),
]
