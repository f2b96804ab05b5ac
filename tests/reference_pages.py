"""Writes docs/tables.md, configuration.md and evidence.md from code and data: ``python -m tests.reference_pages``.

`tests/test_docs.py` compares what stands there with what this would write.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import sqlglot
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from sqlglot import exp

from pedwatch import config, sql

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SQL_ROOT = ROOT / "include" / "sql"
DATASET = "ped_watch"
NOTICE = "<!-- Written by `python -m tests.reference_pages` from {source}; tests/test_docs.py compares. -->"

#: What the models leave unsaid.
EXPLAINED = {
    "Config.project": "Google Cloud project of the dataset and the bucket",
    "Config.dataset": "BigQuery dataset of all tables",
    "Config.location": "Location of the dataset and of every job",
    "Config.report_timezone": "Sets the digest's hour and the audit's day, printed on every report; all times stay UTC",
    "Config.label_keys": "Labels that say whose a workload is",
    "Config.connections": "Airflow connections",
    "Config.firestore": "Where the limits are kept",
    "Config.collector": "The pod that lists a cluster",
    "Config.clusters": "What is watched; every one of them is expected in every cycle",
    "Config.retired_clusters": "Names of clusters that are gone on purpose: expected no longer",
    "Config.policy": "How strictly: everything that weakens detection, nowhere else",
    "Config.slack": "Who is told",
    "Cluster.name": "Part of every identity; never reuse one",
    "Cluster.environment": "Limits count within one environment, never across",
    "Cluster.auth": "How the collector proves who it is",
    "Cluster.token_file": "With `auth: token_file`: path in the pod, read again for every request",
    "Collector.image": "Image by digest or version, never `latest`",
    "Collector.namespace": "Composer runs pods only here",
    "Collector.page_size": "Objects a page; sets memory, hardly CPU",
    "Collector.budget_seconds": "Hard limit for one cluster; a cluster that needs longer is dark",
    "Collector.cpu": "Requested CPU",
    "Collector.memory": "Requested memory, and its limit",
    "PolicyOverride.tolerance_count": "Pods over the limit that are let pass; the greater of the two tolerances counts",
    "PolicyOverride.tolerance_ratio": "The same as a share of the limit, rounded down; at most nine decimal places",
    "PolicyOverride.grace_minutes": "For so long after its first sighting a new workload is `in_grace`",
    "PolicyOverride.surge_budget_minutes": "For so long in any six hours a rollout's surge is forgiven, per workload",
    "PolicyOverride.for_observations": "Fire at so many overs …",
    "PolicyOverride.window_observations": "… in the last so many complete observations",
    "PolicyOverride.clear_observations": "Clean observations in a row that end an episode",
    "PolicyOverride.gross_ratio": "Fire at once from this multiple of the ceiling (limit, tolerance, exemption) …",
    "PolicyOverride.gross_count": "… and at least so many pods over it",
    "PolicyOverride.critical_ratio": "From this multiple of the ceiling an episode is `critical` instead of `warning`",
    "TeamPolicy.apis": "Overrides for single APIs, by api_id",
    "Approver.id": "As it stands in `approver` of an exemption",
    "Approver.team_id": "Nobody approves an exemption of their own team",
    "PolicyConfig.defaults": "For everybody",
    "PolicyConfig.teams": "Overrides by team_id",
    "PolicyConfig.approvers": "Whose approval makes an exemption count",
    "Slack.platform_channel": "Required: blind clusters, unknown teams and teams without a route are told here",
    "Slack.canary_channel": "Where teams with `mode: canary` are told",
    "Slack.teams": "Routes by team_id",
    "Firestore.project": "Project of the database",
    "Firestore.database": "Of its own, so that a role can be bound to it alone",
    "Firestore.collection": "One document per limit",
    "Connections.google": "BigQuery, Firestore, Cloud Storage",
    "Connections.kubernetes": "Where the collector's pods run",
    "Connections.slack": "The bot's token",
    "LabelKeys.api_id": "Label key that names the API",
    "LabelKeys.team_id": "Label key that names the team",
}
#: The environment variables read by `pedwatch.settings`, and what they are.
VARIABLES = {
    "PEDWATCH_CONFIG": "Path of the configuration file; default `config/pedwatch.yaml` in the include folder",
    "PEDWATCH_INCLUDE": "Path of the include folder; default: found in the package, or beside `plugins/`",
    "PEDWATCH_ENVIRONMENT": "Name of this environment, in the dataset's owner row and in Slack messages' metadata; "
    "default on Composer: its whole name, from the three variables below",
    "GCP_PROJECT": "Set by Composer",
    "COMPOSER_LOCATION": "Set by Composer",
    "COMPOSER_ENVIRONMENT": "Set by Composer",
    "PEDWATCH_CLOCK": "A time, or a file that holds one. Refused unless an emulator variable is set",
    "BIGQUERY_EMULATOR_HOST": "Stand-in for BigQuery, with scheme. Never set on Composer",
    "FIRESTORE_EMULATOR_HOST": "Stand-in for Firestore, without scheme. Never set on Composer",
    "STORAGE_EMULATOR_HOST": "Stand-in for Cloud Storage, with scheme. Never set on Composer",
}


def table_names() -> list[str]:
    """Return the tables in the order of their names."""
    return sorted(path.stem for path in (SQL_ROOT / "ddl" / "tables").glob("*.sql"))


def view_names() -> list[str]:
    """Return the views in the order of their names."""
    return sorted(path.stem for path in (SQL_ROOT / "ddl" / "views").glob("*.sql"))


@dataclass(frozen=True)
class Column:
    """A column, or a field of one: ``exemptions.ticket``."""

    name: str
    type: str
    is_required: bool
    description: str | None


def _statement(kind: str, name: str) -> exp.Create:
    text = sql.render(SQL_ROOT, f"ddl/{kind}/{name}.sql", dataset=DATASET)
    found = sqlglot.parse_one(text, dialect="bigquery")
    assert isinstance(found, exp.Create), f"{name} creates nothing"
    return found


def _options(properties: exp.Expression | None) -> dict[str, str]:
    found = properties.expressions if properties else []
    return {option.this.name: option.args["value"].name for option in found if type(option) is exp.Property}


def _columns(definitions: list[exp.ColumnDef], prefix: str = "") -> Iterator[Column]:
    for definition in definitions:
        kinds = [constraint.args["kind"] for constraint in definition.args.get("constraints") or []]
        options = next((kind for kind in kinds if isinstance(kind, exp.Properties)), None)
        is_required = any(isinstance(kind, exp.NotNullColumnConstraint) for kind in kinds)
        kind = definition.args["kind"]
        is_array = kind.this == exp.DataType.Type.ARRAY
        inner = kind.expressions[0] if is_array else kind
        fields = inner.expressions if inner.this == exp.DataType.Type.STRUCT else []
        name = f"{prefix}{definition.name}"
        shown = "STRUCT" if fields else inner.sql("bigquery")
        yield Column(
            name, f"ARRAY of {shown}" if is_array else shown, is_required, _options(options).get("description")
        )
        yield from _columns(fields, f"{name}.")


def columns(table: str) -> list[Column]:
    """Return the columns of a table, the fields of structs behind theirs."""
    return columns_of(_statement("tables", table).this.expressions)


def columns_of(definitions: list[exp.ColumnDef]) -> list[Column]:
    """Return columns of a CREATE TABLE or ADD COLUMN, the fields of structs behind theirs."""
    return list(_columns(definitions))


def description(kind: str, name: str) -> str:
    """Return what a table or view is for."""
    return _options(_statement(kind, name).args.get("properties"))["description"]


def layout(table: str) -> str:
    """Return how a table is partitioned, clustered and kept, in words."""
    statement = _statement("tables", table)
    options = _options(statement.args["properties"])
    parts = []
    if partitioned := statement.find(exp.PartitionedByProperty):
        parts.append(f"partitioned by `{partitioned.this.sql('bigquery')}`")
    if clustered := statement.find(exp.ClusterProperty):
        parts.append(f"clustered by `{', '.join(column.sql('bigquery') for column in clustered.expressions)}`")
    if "require_partition_filter" in options:
        parts.append("queries must filter by partition")
    if days := config.Retention().tables.model_dump().get(table):
        parts.append(f"kept for {days} days (`retention.tables.{table}`)")
    return "; ".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _filters(view: str) -> str:
    from tests.sql.view_filters import filters_of

    found = filters_of(view)
    return ", ".join(f"`{column}`" for column in found.columns) + (", required" if found.is_required else "")


def tables_page() -> str:
    """Return docs/tables.md."""
    lines = [
        "# Tables",
        "",
        NOTICE.format(source="include/sql/ddl"),
        "",
        f"Dataset `{DATASET}`. Views are for people and dashboards; start there. All times are UTC.",
        "",
        "## Views",
        "",
        "A filter on the column named here reads only the partitions asked about. Where it is required, BigQuery",
        "refuses a query without. The other views look back for a fixed time, or read what is not partitioned.",
        "",
        "| view | | filter on |",
        "|---|---|---|",
        *(f"| `{name}` | {_cell(description('views', name))} | {_filters(name)} |" for name in view_names()),
    ]
    for name in table_names():
        lines += ["", f"## {name}", "", f"{description('tables', name)}."]
        if words := layout(name):
            lines += ["", f"{words[0].upper()}{words[1:]}."]
        lines += ["", "| column | type | |", "|---|---|---|"]
        for column in columns(name):
            nullable = "" if column.is_required or "ARRAY" in column.type else ", may be NULL"
            lines.append(f"| `{column.name}` | {column.type}{nullable} | {_cell(column.description or '')} |")
    return "\n".join(lines) + "\n"


def models() -> list[type[BaseModel]]:
    """Return the models of the configuration, the whole first, each before its parts."""
    found: list[type[BaseModel]] = []

    def visit(model: type[BaseModel]) -> None:
        if model not in found:
            found.append(model)
            for field in model.model_fields.values():
                for part in _parts(field.annotation):
                    visit(part)

    visit(config.Config)
    return found


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) is list:
        return f"list of {_type(get_args(annotation)[0])}"
    if get_origin(annotation) is dict:
        return f"mapping of {_type(get_args(annotation)[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    if get_origin(annotation) is not None and hasattr(annotation, "__metadata__"):
        return _type(get_args(annotation)[0])
    if arguments := [a for a in get_args(annotation) if a is not type(None)]:
        return " or ".join(_type(argument) for argument in arguments)
    return {"str": "text", "int": "whole number", "float": "number", "bool": "yes or no"}.get(
        annotation.__name__, str(annotation)
    )


def _default(model: type[BaseModel], name: str, field: FieldInfo) -> str:
    if issubclass(model, config.PolicyOverride) and name in config.Policy.model_fields:
        return f"next wider level, at last `{config.Policy.model_fields[name].default}`"
    if field.default_factory is not None or isinstance(field.default, BaseModel):
        return ""
    if field.default is PydanticUndefined:
        return "required"
    return "" if field.default is None else f"`{field.default}`"


def explanation(model: type[BaseModel], name: str) -> str:
    """Return what a field means: its own description, else the one given here."""
    for owner in model.__mro__:
        if text := EXPLAINED.get(f"{owner.__name__}.{name}"):
            return text
    return model.model_fields[name].description or ""


def configuration_page() -> str:
    """Return docs/configuration.md."""
    lines = [
        "# Configuration",
        "",
        NOTICE.format(source="plugins/pedwatch/config/"),
        "",
        "Everything a deployment decides is in `include/config/pedwatch.yaml`. While something is wrong with it, or a",
        "variable is not set, all DAGs are there, with the tag `configuration wrong`; the first task of each run fails",
        "and names all of it: file, line, field, value and fix. Schedules are what the file says meanwhile, and where",
        "it does not say it what they are by default: [0074](decisions/0074-a-run-says-what-is-missing.md).",
        "It is read as PED files are: plain values, `no` and `1:30` are text, no anchors, no tags. Unknown keys, keys",
        "written twice and values of another type are errors: neither a typo nor a guess may weaken detection.",
        "",
        "`${NAME}` and `${NAME:-default}` in a value are replaced from the environment. Whatever a variable holds is",
        'one value; unquoted it has the type that its text has, `"${NAME}"` is always text, and within `{…}` and `[…]`',
        "it needs the quotes.",
        "",
        "```",
        ".venv/bin/pedwatch config validate --allow-unset  # every mistake, before a bundle; `make bundle` does it",
        ".venv/bin/pedwatch config validate                # where the variables are set",
        ".venv/bin/pedwatch config validate --online       # and does anybody know the teams and APIs it names?",
        ".venv/bin/pedwatch config show                    # with its defaults, and where each value comes from",
        "```",
        "",
        "## Environment variables",
        "",
        "| variable | |",
        "|---|---|",
        *(f"| `{name}` | {text} |" for name, text in VARIABLES.items()),
        "",
        "Besides these, whatever the configuration file itself names with `${…}`; the shipped one names",
        f"{', '.join(f'`{name}`' for name in shipped_variables())}.",
        "",
        "Secrets are in Airflow connections only: `google_cloud_default`, `kubernetes_default`, `slack_ped`, or what",
        "`connections` names instead.",
    ]
    for model in models():
        # The first line of its docstring.
        summary = (model.__doc__ or "").strip().splitlines()[0]
        lines += ["", f"## {model.__name__}", "", summary, "", "| field | type | default | |", "|---|---|---|---|"]
        for name, field in model.model_fields.items():
            cells = (_type(field.annotation), _default(model, name, field), explanation(model, name))
            lines.append(f"| `{name}` | " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join(lines) + "\n"


def shipped_variables() -> list[str]:
    """Return the variables that the shipped configuration takes from the environment, in order."""
    text = (ROOT / "include" / "config" / "pedwatch.yaml").read_text()
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return list(dict.fromkeys(re.findall(r"\$\{(\w+)", code)))


ATTACKS = ROOT / "tests" / "evidence" / "attacks.yaml"
_OF = {
    "verdict": "Verdicts, and what is counted from them",
    "observation": "Observations",
    "manifest": "What collectors told",
    "pack": "Packs",
    "day": "Days",
    "chain": "The chain, and what is recorded of it",
    "head": "Heads that are kept",
    "limit": "Limits",
    "policy": "The policy",
    "message": "Messages",
}


_ABOUT_ATTACKS = """
Each line is done by a test, `tests/evidence/test_attacks.py`, to a small shop with two audited days: with the
rights that `deploy/iam/bindings.yaml` grants; or as `bucket-admin`, who administers the bucket of evidence and not
that of heads; or as `bigquery-writer`, who edits the dataset. What is found was seen to be found, by each that is
named. Where nothing finds it, all were run, and the reason is given. The bucket of heads is in a project of its
own, unless a line says otherwise.

| found by | is |
|---|---|
| verify | `python -m pedwatch audit verify` of the label, without any head |
| posted head | the same with `--head`, as a digest in Slack had posted it |
| kept heads | the same with the bucket of heads |
| export | `verify.py` on an export of the days, with the posted head |
| next link | `ped_replica_audit`, when it links a pack the next time: it holds the chain against `audit_reports` |
| re-audit | an audit of the day again: it comes to other files, so that it writes a new revision, with the cause |
| sample | `python -m pedwatch audit sample`, where it draws what was changed |
| calendar | days without a pack, packs older than their data: in housekeeping, the digest and `audit verify` |
| housekeeping | the invariants that `ped_housekeeping` checks every night |

What was loaded is held against what the collectors wrote by a sample alone, so an auditor should draw one. And
whoever is the environment can have it write anything of the present: what evidence proves begins with its head, in
Slack and in the bucket of heads. [audit.md](audit.md) has the commands.
"""


def _comes_of(attack: dict[str, Any]) -> str:
    if "refused" in attack:
        return f"**refused**: {attack['refused']}"
    if "unseen" in attack:
        return f"**not found**: {attack['unseen']}"
    return f"**found** by {', '.join(attack['found'])}"


def evidence_page() -> str:
    """Return docs/evidence.md."""
    attacks = yaml.safe_load(ATTACKS.read_text())
    notice = NOTICE.format(source="tests/evidence/attacks.yaml")
    lines = ["# Evidence: who can change what, and what finds it", "", notice, "", *_ABOUT_ATTACKS.strip().splitlines()]
    for what, heading in _OF.items():
        lines += ["", f"## {heading}", "", "| with the rights of | somebody | what comes of it |", "|---|---|---|"]
        own = [attack for attack in attacks if attack["what"] == what]
        lines += [f"| {attack['as']} | {_cell(attack['does'])} | {_cell(_comes_of(attack))} |" for attack in own]
    return "\n".join(lines) + "\n"


PAGES = {"tables.md": tables_page, "configuration.md": configuration_page, "evidence.md": evidence_page}


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
        print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
