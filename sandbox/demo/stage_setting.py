"""Sets the stage: stand-ins, the product's configuration, Airflow's database; all in one folder."""

import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.environment.airflow import Airflow
from sandbox.environment.process import StartError
from sandbox.environment.product_config import write_product_config
from sandbox.environment.servers import Ports, Servers
from sandbox.scenario.clocks import Clocks
from sandbox.scenario.limit_publishing import LimitPublisher
from sandbox.scenario.model import Scenario
from sandbox.scenario.player import Player

#: Says that a folder is ours to empty.
MARKER = ".made-by-pedwatch-sandbox"

SHELL_VARIABLES = "shell.env"


@dataclass(frozen=True)
class Stage:
    """Everything a scenario is played with."""

    folder: Path
    servers: Servers
    airflow: Airflow
    player: Player


def empty_folder(folder: Path) -> None:
    """Make an empty folder of what is one of ours, or is not there yet.

    Raises:
        StartError: it holds something else, which is not to be deleted.
    """
    marker = folder / MARKER
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise StartError(f"{folder} is not empty and was not made by the sandbox: name another folder, or empty it")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    marker.touch()


def write_shell_variables(folder: Path, variables: Mapping[str, str]) -> Path:
    """Write what points a shell's ``python -m pedwatch`` at the stand-ins; only its owner may read it."""
    path = folder / SHELL_VARIABLES
    path.touch(mode=0o600)
    path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))
    return path


def shell_hint(folder: Path) -> str:
    """Say how to ask what runs with the product's own command line."""
    return f"At a shell  source {folder / SHELL_VARIABLES}; {sys.executable} -m pedwatch --help"


@contextmanager
def set_stage(
    scenario: Scenario,
    folder: Path,
    *,
    ports: Ports | None = None,
    airflow_port: int = 0,
    is_live: bool = False,
) -> Iterator[Stage]:
    """Start everything in a fresh folder; stop it all at the end.

    Args:
        scenario: whose clusters, channels and limits there are.
        folder: emptied first.
        ports: of the stand-ins; free ones when omitted.
        airflow_port: of Airflow's API server; 0 picks a free one.
        is_live: real time and a scheduler that schedules, instead of the scenario's time and runs on request.
    """
    empty_folder(folder)
    airflow = Airflow(folder / "airflow", {}, port=airflow_port, is_scheduling=is_live)
    with ExitStack() as stack:
        stack.callback(airflow.stop)
        migration = airflow.begin_migration()  # needs nothing of the servers, so it runs beside their start
        stack.callback(migration.stop)
        servers = stack.enter_context(
            Servers(folder / "sandbox", scenario.cluster_names(), scenario.channels(), ports or Ports())
        )
        config, clock = folder / "pedwatch.yaml", folder / "clock"
        write_product_config(config, scenario, servers)
        airflow.variables = {
            **servers.client_environment(),
            **servers.connections(),
            "PEDWATCH_CONFIG": str(config),
            **({} if is_live else {"PEDWATCH_CLOCK": str(clock)}),
        }
        write_shell_variables(folder, airflow.shell_variables() | servers.identity_environment())
        clocks = None if is_live else Clocks(clock, servers)
        publisher = LimitPublisher(folder / "limits", airflow.variables)
        player = Player(scenario, servers, clocks, publisher)
        airflow.finish_migration(migration)
        yield Stage(folder, servers, airflow, player)
