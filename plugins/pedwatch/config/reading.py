"""Reads a configuration file: all its mistakes at once, and for each value where it comes from. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import ValidationError

from pedwatch.config import cycle_length
from pedwatch.config.document import SHAPE, Config
from pedwatch.errors import ConfigurationError
from pedwatch.written.problems import Problem, document_problems, explanations
from pedwatch.written.variables import UnsetVariableError, expand
from pedwatch.written.yaml_text import Location, YamlDocument, YamlProblem, read_documents


@dataclass(frozen=True)
class WrittenConfig:
    """A configuration, and the text that it was read from: lines, and variables in values."""

    config: Config
    document: YamlDocument
    source: str


@dataclass(frozen=True)
class Reading:
    """What was read: a configuration, or what is wrong."""

    written: WrittenConfig | None
    problems: tuple[Problem, ...] = ()
    unset: tuple[str, ...] = ()
    """Variables that are not set here."""
    value: Any = None
    """What the file holds, with variables replaced; None where it cannot be read to its end."""
    wrong: tuple[Location, ...] = ()
    """Places in it with which something is wrong."""


def examine(raw: bytes, environment: Mapping[str, str], source: str, *, may_be_unset: bool = False) -> Reading:
    """Read a configuration file as PED files are read, its variables replaced in values; it never raises.

    Args:
        raw: the file.
        environment: the variables.
        source: its name, for messages.
        may_be_unset: whether a variable that is not set here is no mistake: what it stands for is left unchecked.
    """
    try:
        documents = read_documents(raw, partial(expand, environment=environment))
    except YamlProblem as problem:
        return Reading(None, (Problem(source, str(problem), line=problem.line),))
    if not documents:
        message = "holds nothing: docs/configuration.md says what it is to hold"
        return Reading(None, (Problem(source, message),))
    if len(documents) > 1:
        message = "a second document begins here, and only one would count: take out the ---"
        return Reading(None, (Problem(source, message, line=documents[1].line),))
    config, wrong = _validated(documents[0])
    places = (*(at for at, _ in wrong), *(one.field for one in documents[0].problems))
    problems = document_problems(documents[0], wrong, source)
    unset = [one for one in documents[0].problems if isinstance(one.cause, UnsetVariableError)]
    if may_be_unset:
        rest = replace(documents[0], problems=tuple(one for one in documents[0].problems if one not in unset))
        unread = [one.field for one in unset]
        seen = [(at, told) for at, told in wrong if not any(at[: len(where)] == where for where in unread)]
        problems = document_problems(rest, seen, source)
    names = tuple(dict.fromkeys(one.cause.name for one in unset if isinstance(one.cause, UnsetVariableError)))
    if config is None or problems or unset:
        return Reading(None, tuple(problems), names, documents[0].value, places)
    return Reading(WrittenConfig(config, documents[0], source), value=documents[0].value)


def _validated(document: YamlDocument) -> tuple[Config | None, list[tuple[Location, str]]]:
    if not isinstance(document.value, dict):
        return None, [((), "must be a block of keys such as bucket: ped-evidence")]
    try:
        config = Config.model_validate(document.value)
    except ValidationError as error:
        return None, list(explanations(error, SHAPE))
    objection = cycle_length.objection(config)
    return config, [(("cycle_minutes",), objection)] if objection else []


def read_config(raw: bytes, environment: Mapping[str, str], source: str) -> WrittenConfig:
    """Read a configuration file.

    Raises:
        ConfigurationError: a line for each mistake: file, line, field, value and fix.
    """
    reading = examine(raw, environment, source)
    if reading.written is None:
        raise ConfigurationError("\n".join(str(problem) for problem in reading.problems))
    return reading.written
