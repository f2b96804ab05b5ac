"""The only module that reads the environment: where the configuration is, what time it is.

Variables:
    PEDWATCH_CONFIG   path of the configuration file (default: ``config/pedwatch.yaml`` in the include folder)
    PEDWATCH_INCLUDE  path of the include folder (default: found in the package, or beside ``plugins/``)
    PEDWATCH_ENVIRONMENT  name of this environment; on Composer its whole name, from what Composer sets
    PEDWATCH_CLOCK    an RFC 3339 time, or a file that holds one; allowed only with emulators (docs/design.md#d9)

``${NAME}`` and ``${NAME:-default}`` in values of the configuration file are replaced from the environment.
"""

import datetime as dt
import functools
import importlib.resources
import os
from collections.abc import Mapping
from pathlib import Path

from pedwatch.config import Config, commits
from pedwatch.config.reading import Reading, WrittenConfig, examine, read_config
from pedwatch.config.wiring import Wiring, wiring_of, wiring_where_wrong
from pedwatch.errors import ConfigurationError

EMULATOR_VARIABLES = ("BIGQUERY_EMULATOR_HOST", "FIRESTORE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST")


def parse_config(text: str, environment: Mapping[str, str], source: str = "pedwatch.yaml") -> Config:
    """Parse and validate the text of a configuration file.

    Raises:
        ConfigurationError: a line for each mistake: file, line, field, value and fix.
    """
    return read_config(text.encode(), environment, source).config


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
def _load(path: Path, modified_ns: int, environment: tuple[tuple[str, str], ...]) -> WrittenConfig:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} is not readable: {error}") from None
    return read_config(raw, dict(environment), str(path))


def config_path() -> Path:
    """Return where the configuration file is: PEDWATCH_CONFIG, or in the include folder."""
    named = os.environ.get("PEDWATCH_CONFIG")
    return Path(named) if named else include_dir() / "config" / "pedwatch.yaml"


def load_written_config(path: Path | None = None) -> WrittenConfig:
    """Load a configuration file with its text, by default the one in force; cached as `load_config` is.

    Raises:
        ConfigurationError: the file is missing or wrong.
    """
    path = path or config_path()
    try:
        modified_ns = path.stat().st_mtime_ns
    except OSError:
        raise ConfigurationError(f"no configuration at {path}: deploy it, or point PEDWATCH_CONFIG at it") from None
    return _load(path, modified_ns, tuple(sorted(os.environ.items())))


def examine_config(path: Path | None = None, *, may_be_unset: bool = False) -> Reading:
    """Read a configuration file, by default the one in force, and return all that is wrong with it.

    Raises:
        ConfigurationError: there is no file, or it cannot be opened.
    """
    path = path or config_path()
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} is not readable: {error.strerror}; check the path") from None
    return examine(raw, os.environ, str(path), may_be_unset=may_be_unset)


def load_config() -> Config:
    """Load the configuration file; cached until the file or the environment changes.

    Raises:
        ConfigurationError: the file is missing or wrong.
    """
    return load_written_config().config


def policy_commits() -> commits.PolicyCommits:
    """Return the commits that made the policy of the configuration in force, or why nobody knows; it never raises."""
    try:
        path = config_path()
        listed = path.with_name(commits.FILE)
        text = listed.read_text(encoding="utf-8") if listed.is_file() else None
        return commits.read_commits(text, path.read_bytes())
    except (OSError, UnicodeDecodeError, ConfigurationError) as error:
        return commits.PolicyCommits(unknown=str(error))


def wiring() -> Wiring:
    """Return what DAG files take from the configuration; it never raises, whatever is wrong or missing."""
    try:
        return wiring_of(load_config())
    except ConfigurationError:
        pass
    try:
        return wiring_where_wrong(examine_config())
    except ConfigurationError:
        return wiring_where_wrong(None)


def environment() -> str | None:
    """Return which environment this is, ``projects/…/locations/…/environments/…`` on Composer; None at a desk.

    By it two environments that were given one dataset, or one Slack app, tell each other apart.
    """
    if named := os.environ.get("PEDWATCH_ENVIRONMENT"):
        return named
    parts = (os.environ.get("GCP_PROJECT"), os.environ.get("COMPOSER_LOCATION"), os.environ.get("COMPOSER_ENVIRONMENT"))
    return "projects/{}/locations/{}/environments/{}".format(*parts) if all(parts) else None


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
