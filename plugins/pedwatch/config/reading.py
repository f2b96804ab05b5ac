"""Reads a configuration file: all its mistakes at once, and for each value where it comes from. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from pydantic import ValidationError

from pedwatch.config import cycle_length
from pedwatch.config.document import SHAPE, Config
from pedwatch.errors import ConfigurationError
from pedwatch.written.problems import document_problems, explanations
from pedwatch.written.variables import expand
from pedwatch.written.yaml_text import Location, YamlDocument, YamlProblem, read_documents


@dataclass(frozen=True)
class WrittenConfig:
    """A configuration, and the text that it was read from: lines, and variables in values."""

    config: Config
    document: YamlDocument
    source: str


def read_config(raw: bytes, environment: Mapping[str, str], source: str) -> WrittenConfig:
    """Read a configuration file as PED files are read, its variables replaced in values.

    Raises:
        ConfigurationError: a line for each mistake: file, line, field, value and fix.
    """
    try:
        documents = read_documents(raw, partial(expand, environment=environment))
    except YamlProblem as problem:
        place = f"{source}:{problem.line}" if problem.line else source
        raise ConfigurationError(f"{place}: {problem}") from None
    if not documents:
        raise ConfigurationError(f"{source}: holds nothing: docs/configuration.md says what it is to hold")
    if len(documents) > 1:
        raise ConfigurationError(
            f"{source}:{documents[1].line}: a second document begins here, and only one would count: take out the ---"
        )
    document = documents[0]
    wrong: list[tuple[Location, str]] = []
    config = None
    if not isinstance(document.value, dict):
        wrong.append(((), "must be a block of keys such as bucket: ped-evidence"))
    else:
        try:
            config = Config.model_validate(document.value)
        except ValidationError as error:
            wrong += explanations(error, SHAPE)
    if config is not None and (objection := cycle_length.objection(config)):
        wrong.append((("cycle_minutes",), objection))
    problems = document_problems(document, wrong, source)
    if config is None or problems:
        raise ConfigurationError("\n".join(str(problem) for problem in problems))
    return WrittenConfig(config, document, source)
