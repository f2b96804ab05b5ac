"""``README.md`` of sandbox/scenario, written from the models so that it cannot drift."""

from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

from sandbox.scenario import events, expectations, model, workloads
from sandbox.scenario.fields import Model

HEAD = """\
# Scenario files

A scenario is a YAML file: a small world, what happens to it cycle by cycle, and what is expected of each cycle.
`make demo SCENARIO=path` plays it through the real DAGs against the stand-ins and holds the expectations against
what came out; an expectation that does not hold is named with what was seen instead, and the exit status is 1.

```
python -m sandbox.scenario validate FILE   # every error names file, line, field and fix
python -m sandbox.scenario explain FILE    # the story, cycle by cycle
python -m sandbox.scenario schema          # JSON Schema, for editors
```

Shipped in `scenarios/`: `shop.yaml` (the default: everything at once), `quiet.yaml` (nothing happens, nothing is said),
`late_limit.yaml` (a back-dated limit rewrites nothing), `hostile.yaml` (names that try to ping a channel).

How time passes: cycle *k* is at `start` + 5 min × (*k* − 1). Changes of limits are made two minutes before their cycle,
the DAGs run twenty seconds after it. What an event sets holds until another event changes it. `limits` are granted a
day before the start. Unknown keys are errors.

This file is written by `python -m sandbox.scenario.tests.readme_of_models`.
"""

SECTIONS: dict[str, list[type[BaseModel]]] = {
    "The file": [model.Scenario, model.Cluster, model.Team, model.Channel],
    "Workloads": [workloads.Workload, workloads.Autoscaler],
    "Timeline": [
        events.Step,
        events.Scale,
        events.Rollout,
        events.Deletion,
        events.Outage,
        events.Recovery,
        events.LimitChange,
        events.RawDocument,
        events.SlackFault,
    ],
    "Expectations": [
        expectations.Expectations,
        expectations.VerdictExpectation,
        expectations.ClusterExpectation,
        expectations.MessageExpectation,
        expectations.SilenceExpectation,
        expectations.EpisodeExpectation,
        expectations.RejectionExpectation,
        expectations.Backfill,
        expectations.BackfillExpectation,
    ],
}


def readme() -> str:
    """Return the text of README.md."""
    parts = [HEAD]
    for title, models in SECTIONS.items():
        parts.append(f"\n## {title}\n")
        parts += [_table(described) for described in models]
    return "".join(parts)


def _table(described: type[BaseModel]) -> str:
    doc = " ".join((described.__doc__ or "").split())
    lines = [
        f"\n### {described.__name__}\n",
        f"\n{doc}\n",
        "\n| field | type | default | meaning |\n|---|---|---|---|\n",
    ]
    hints = get_type_hints(described, include_extras=False)
    for name, field in described.model_fields.items():
        default = "required" if field.is_required() else _written(field.get_default(call_default_factory=True))
        lines.append(f"| `{name}` | {_type(hints[name])} | {default} | {_cell(field.description or '')} |\n")
    return "".join(lines)


def _written(value: Any) -> str:
    if isinstance(value, BaseModel) or value in (None, (), [], {}):
        return ""
    return f"`{value}`" if not isinstance(value, list | tuple) else f"`{', '.join(map(str, value))}`"


def _type(hint: Any) -> str:
    names = {"NoneType": "", "tuple": "cycles" if int in get_args(hint) else "one or several"}
    arguments = [argument for argument in get_args(hint) if argument is not Ellipsis]
    origin = getattr(hint, "__origin__", None)
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return "mapping"
    if origin is tuple:
        return names["tuple"]
    if arguments and all(isinstance(argument, str | int) for argument in arguments):
        return " \\| ".join(f"`{argument}`" for argument in arguments)
    if arguments:
        # typing keeps whichever of `int | str` and `str | int` it met first: the order says nothing.
        return " \\| ".join(sorted(text for text in map(_type, arguments) if text))
    name = names.get(hint.__name__, hint.__name__)
    return (
        f"[{name}](#{name.lower()})"
        if isinstance(hint, type) and issubclass(hint, Model) and _is_listed(hint)
        else name
    )


def _is_listed(described: type[BaseModel]) -> bool:
    return any(described in models for models in SECTIONS.values())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    (Path(__file__).parents[1] / "README.md").write_text(readme(), encoding="utf-8")
