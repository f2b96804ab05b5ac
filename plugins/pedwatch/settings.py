"""The only module that reads the environment: where the configuration is, what time it is.

Variables:
    PEDWATCH_CONFIG   path of the configuration file (default: ``config/pedwatch.yaml`` in the include folder)
    PEDWATCH_INCLUDE  path of the include folder (default: found in the package, or beside ``plugins/``)
    PEDWATCH_CLOCK    an RFC 3339 time, or a file that holds one; allowed only with emulators (docs/design.md#d9)

``${NAME}`` and ``${NAME:-default}`` in the configuration file are replaced from the environment.
"""

import datetime as dt
import functools
import importlib.resources
import os
import re
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from pedwatch.config import Config, cycle_length, describe_errors
from pedwatch.errors import ConfigurationError

EMULATOR_VARIABLES = ("BIGQUERY_EMULATOR_HOST", "FIRESTORE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST")
# A comment to whoever reviews the file, and two lines to the parser, which reads YAML 1.1.
_SEPARATOR = re.compile(r"[\x85\u2028\u2029]")
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}")


def expand_variables(text: str, environment: Mapping[str, str], source: str) -> str:
    """Replace ``${NAME}`` and ``${NAME:-default}``; comment lines are left alone.

    Raises:
        ConfigurationError: a variable without a default is not set; names file, line and variable.
    """

    def replace(match: re.Match[str], line_number: int) -> str:
        name, default = match.group(1), match.group(2)
        value = environment.get(name) or default
        if value is None:
            raise ConfigurationError(
                f"{source}, line {line_number}: environment variable {name} is not set. Set it in the Composer "
                f"environment (Environment variables) or give a default: ${{{name}:-value}}."
            )
        return value

    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        is_comment = line.lstrip().startswith("#")
        lines.append(line if is_comment else _VARIABLE.sub(functools.partial(replace, line_number=number), line))
    return "\n".join(lines)


def parse_config(text: str, environment: Mapping[str, str], source: str = "pedwatch.yaml") -> Config:
    """Parse and validate a configuration file.

    Raises:
        ConfigurationError: names the file, the field and what is wrong with it.
    """
    if separator := _SEPARATOR.search(text):
        line, character = text.count("\n", 0, separator.start()) + 1, ord(separator[0])
        raise ConfigurationError(
            f"{source}: line {line} holds U+{character:04X}, which ends no line in YAML 1.2: end it as others"
        )
    try:
        document = yaml.safe_load(expand_variables(text, environment, source))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a ValueError: a date such as 2026-13-01
        raise ConfigurationError(f"{source} is not valid YAML: {error}") from None
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        details = describe_errors(error.errors(include_url=False, include_input=False))
        raise ConfigurationError(f"{source} does not validate:\n{details}") from None
    if objection := cycle_length.objection(config):
        raise ConfigurationError(f"{source}: {objection}")
    return config


def include_dir() -> Path:
    """Return the folder with ``sql/``, ``config/``, ``report/`` and ``schemas/``.

    It ships inside the package, because the web server of Composer has ``plugins/`` and never ``dags/``; in the
    repository it stands beside ``dags/`` and ``plugins/``.

    Raises:
        ConfigurationError: there is none; says where it was looked for.
    """
    named = os.environ.get("PEDWATCH_INCLUDE")
    package = Path(str(importlib.resources.files("pedwatch")))
    candidates = [Path(named)] if named else [package / "include", package.parents[1] / "include"]
    for candidate in candidates:
        if (candidate / "sql").is_dir():
            return candidate
    looked = ", ".join(str(candidate / "sql") for candidate in candidates)
    raise ConfigurationError(
        f"the SQL folder is missing; looked for {looked}. Deploy include/ inside plugins/pedwatch."
    )


@functools.lru_cache(maxsize=4)
def _load(path: Path, modified_ns: int, environment: tuple[tuple[str, str], ...]) -> Config:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8 text: save it as UTF-8" if isinstance(error, ValueError) else f"is not readable: {error}"
        raise ConfigurationError(f"{path} {reason}") from None
    return parse_config(text, dict(environment), str(path))


def load_config() -> Config:
    """Load the configuration file; cached until the file or the environment changes.

    Raises:
        ConfigurationError: the file is missing or wrong.
    """
    named = os.environ.get("PEDWATCH_CONFIG")
    path = Path(named) if named else include_dir() / "config" / "pedwatch.yaml"
    try:
        modified_ns = path.stat().st_mtime_ns
    except OSError:
        raise ConfigurationError(f"no configuration at {path}: deploy it, or point PEDWATCH_CONFIG at it") from None
    return _load(path, modified_ns, tuple(sorted(os.environ.items())))


def is_emulated(*variables: str) -> bool:
    """Tell whether a client of this process is pointed at a local stand-in: any, or that of the variables named."""
    return any(os.environ.get(name) for name in variables or EMULATOR_VARIABLES)


def forgo_bucket_metadata() -> None:
    """Have Google's Storage client ask for no bucket's metadata by itself, unless somebody decided otherwise.

    The client knows this switch as a variable of the process only (google-cloud-storage 3.17).
    """
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")


def keeps_its_own_time() -> bool:
    """Tell whether Firestore is a stand-in, which keeps a scenario's time and not the machine's."""
    return is_emulated("FIRESTORE_EMULATOR_HOST")


def now() -> dt.datetime:
    """Return the current time, aware, in UTC: the wall clock, or PEDWATCH_CLOCK while emulator hosts are set.

    Raises:
        ConfigurationError: PEDWATCH_CLOCK is set without emulators, or does not hold a time with an offset.
    """
    override = os.environ.get("PEDWATCH_CLOCK")
    if not override:
        return dt.datetime.now(dt.UTC)
    if not is_emulated():
        raise ConfigurationError(
            "PEDWATCH_CLOCK is set but no emulator host is: outside the sandbox time cannot be overridden. Unset it."
        )
    text = Path(override).read_text(encoding="utf-8").strip() if os.path.exists(override) else override
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"PEDWATCH_CLOCK holds {text!r}, not a time like 2026-03-02T10:05:00Z") from None
    if moment.tzinfo is None:
        raise ConfigurationError(f"PEDWATCH_CLOCK holds {text!r} without an offset: append Z")
    return moment.astimezone(dt.UTC)
