"""The process behind ``make up``: starts everything, plays the scenario in real time, stops everything."""

import contextlib
import datetime as dt
import os
import time
from pathlib import Path
from typing import Any

from pedwatch.cycles import floor_to_cycle
from pedwatch.errors import ConfigurationError
from pedwatch.settings import parse_config
from sandbox.demo.interruption import exit_on_signals
from sandbox.demo.performance import HOUSEKEEPING
from sandbox.demo.stage_setting import Stage, set_stage
from sandbox.environment.airflow import LIVE
from sandbox.environment.loopback import free_port, is_listening
from sandbox.environment.process import StartError
from sandbox.environment.servers import Ports
from sandbox.live.state import LiveState
from sandbox.scenario.model import Scenario
from sandbox.scenario.player import Player
from sandbox.scenario.rebasing import rebased

#: The world is made what it is in a cycle this long before the scheduler looks.
LEAD = dt.timedelta(seconds=20)
#: Of a cycle: then it has been judged.
JUDGED_WITHIN = 0.2
AIRFLOW_PORT, SLACK_PORT = 8080, 8090


def preferred(port: int) -> int:
    """Return the port, or a free one when somebody listens there."""
    return free_port() if is_listening(port) else port


def next_cycle(now: dt.datetime, period: dt.timedelta) -> dt.datetime:
    """Return the first mark of cycles of that length that leaves time to prepare for it."""
    return floor_to_cycle(now + LEAD, period) + period


def supervise(scenario: Scenario, state: LiveState, folder: Path) -> None:
    """Run until told to stop.

    Raises:
        StartError: something did not come up.
    """
    exit_on_signals()
    ports = Ports(slack=preferred(SLACK_PORT))
    with set_stage(scenario, folder, ports=ports, airflow_port=preferred(AIRFLOW_PORT), is_live=True) as stage:
        _create_tables(stage)
        # Limits first: the scheduler's very first sync is to find them.
        player = _begin(scenario, stage)
        player.show(player.plans[0])  # the first run comes at once, before the first cycle
        stage.airflow.start(LIVE)
        while True:
            state.write(_shown(player, stage))
            _play(player)
            player = _begin(scenario, stage)


def _shown(player: Player, stage: Stage) -> dict[str, Any]:
    """Return what whoever asks is shown of what runs."""
    return {
        "pid": os.getpid(),
        "phase": "running",
        "scenario": player.scenario.name,
        "cycle_minutes": player.scenario.cycle_minutes,
        "airflow": stage.airflow.url,
        "slack": f"{stage.servers.addresses['slack']}/",
        "folder": str(stage.folder),
        **{name: address for name, address in stage.servers.addresses.items() if name != "slack"},
    }


def _create_tables(stage: Stage) -> None:
    runner = stage.airflow.dag_runner()
    try:
        run = runner.run(HOUSEKEEPING, dt.datetime.now(dt.UTC).replace(microsecond=0))
    finally:
        runner.stop()  # never beside a scheduler that uses the same database
    if not run.is_success:
        raise StartError(f"{run.describe()}; see {runner.log}")


def _begin(scenario: Scenario, stage: Stage) -> Player:
    """Return a player whose first cycle is the next one, with its limits published.

    How long cycles are the product's configuration says, which somebody may have edited since.
    """
    with contextlib.suppress(ConfigurationError):  # the UI shows what is wrong with it; the scene goes on as it was
        config = parse_config((stage.folder / "pedwatch.yaml").read_text(), os.environ)
        scenario = scenario.model_copy(update={"cycle_minutes": config.cycle_minutes})
    moved = rebased(scenario, next_cycle(dt.datetime.now(dt.UTC), scenario.period))
    player = Player(moved, stage.servers, None, stage.player.publisher)
    print(player.begin(), flush=True)
    return player


def _play(player: Player) -> None:
    for plan in player.plans:
        wait = (plan.time - LEAD - dt.datetime.now(dt.UTC)).total_seconds()
        time.sleep(max(0.0, wait))
        player.enter(plan)
        print(f"{plan.time:%H:%M} cycle {plan.number}: {'; '.join(plan.says) or 'nothing happens'}", flush=True)
    # The last cycle is to be judged as it is, before the world begins anew.
    time.sleep((LEAD + JUDGED_WITHIN * player.scenario.period).total_seconds())
