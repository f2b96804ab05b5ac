"""Plays the world's side of a scenario into the stand-ins: clocks, clusters, faults, limits. It runs no DAG."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sandbox.environment.servers import Servers
from sandbox.kubernetes.control import ControlClient as KubernetesControl
from sandbox.scenario.clocks import Clocks
from sandbox.scenario.events import Step
from sandbox.scenario.faults import slack_fault
from sandbox.scenario.limit_publishing import LimitPublisher
from sandbox.scenario.model import Scenario
from sandbox.scenario.world import CyclePlan, plan
from sandbox.slack.control import ControlClient as SlackControl

#: The scheduler starts a run this long after its cycle.
RUN_DELAY = dt.timedelta(seconds=20)
#: A change of this cycle's limits is made this share of a cycle before it, so that it holds in it.
CHANGE_LEAD = 0.4
#: The limits the scenario begins with were granted this long before.
GRANT_LEAD = dt.timedelta(days=1)


@dataclass
class Player:
    """Plays a scenario into running servers.

    Args:
        scenario: what to play.
        servers: where.
        clocks: told the time of each cycle; None leaves real time alone.
        publisher: publishes limits.
    """

    scenario: Scenario
    servers: Servers
    clocks: Clocks | None
    publisher: LimitPublisher

    def __post_init__(self) -> None:
        self.plans = plan(self.scenario)
        self._kubernetes = KubernetesControl(self.servers.kubeconfigs / "control.json")
        self._slack = SlackControl.from_folder(self.servers.data("slack"))
        self._shown: dict[str, Any] = {}
        self._moment: dt.datetime | None = None

    def begin(self) -> str:
        """Publish the limits the scenario begins with; returns what the publisher printed."""
        self._set_clocks(self.scenario.start - GRANT_LEAD)
        return self.publisher.publish(self.scenario.limits)

    def enter(self, cycle: CyclePlan) -> None:
        """Make the world what it is in a cycle, and let it be that time."""
        if cycle.actions:
            self._set_clocks(cycle.time - CHANGE_LEAD * self.scenario.period)
            for step in cycle.actions:
                self._act(step)
        self.show(cycle)
        self._set_clocks(cycle.time + RUN_DELAY)

    def show(self, cycle: CyclePlan) -> None:
        """Let the clusters hold, and fail, what they do in a cycle."""
        for name, state in cycle.clusters.items():
            self._send(f"state/{name}", state, lambda name=name, state=state: self._set_state(name, state))
        for name, fault in cycle.faults.items():
            self._send(f"fault/{name}", fault, lambda name=name, fault=fault: self._kubernetes.set_fault(name, fault))

    def leave(self) -> None:
        """Let time pass until no cycle of the scenario is fresh any more."""
        left = self.scenario.cycle_time(self.scenario.cycles) + 6 * self.scenario.period
        if self._moment is None or self._moment < left:  # clocks only go forward
            self._set_clocks(left)

    def be(self, moment: dt.datetime) -> None:
        """Let it be a moment after the scenario."""
        self._set_clocks(moment)

    def _set_state(self, name: str, state: dict[str, Any]) -> None:
        self._kubernetes.set_state(name, state["workloads"])

    def _send(self, key: str, value: Any, send: Any) -> None:
        """Send what has changed; an unchanged world keeps its resource versions, as a real one does."""
        if key not in self._shown or self._shown[key] != value:
            send()
            self._shown[key] = value

    def _set_clocks(self, moment: dt.datetime) -> None:
        self._moment = moment
        if self.clocks:
            self.clocks.set(moment)

    def _act(self, step: Step) -> None:
        event = step.event
        if step.kind == "change_limit":
            self.publisher.change(event.limit_id, event.set)
        elif step.kind == "put_document":
            self.publisher.put_raw(event.id, event.fields)
        elif step.kind == "slack_fault":
            fault = slack_fault(**event.model_dump())
            self._slack.order_fault(**fault)
