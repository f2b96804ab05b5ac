"""How an environment comes from one build to another: paused, snoozed, copied, waited for, and set going again."""

import contextlib
import datetime as dt
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from deploy.composer import Composer, DagState, Described
from deploy.gcloud import GcloudError
from deploy.releases import Releases, State
from pedwatch.build import tag_of
from pedwatch.config.wiring import WRONG

WATCH, HOUSEKEEPING = "ped_replica_watch", "ped_housekeeping"
POLL_SECONDS = 20
RUN_ENDS_WITHIN, ARRIVES_WITHIN, HOUSEKEEPING_ENDS_WITHIN = 65, 25, 40
"""Minutes: a run of the watch lasts 0.9 cycles, a build takes Composer three to five minutes and sometimes many."""
SNOOZE_MINUTES = 90


class DeployError(Exception):
    """A deploy was stopped; the message says where, in which state it left the watch, and what to run."""


def assumed(files: Iterable[str], build_id: str) -> list[DagState]:
    """Return what a dry run takes for granted of DAGs: all are there, run, and have arrived."""
    dag_ids = [Path(file).stem for file in files if re.fullmatch(r"dags/\w+\.py", file)]
    return [DagState(dag_id, False, frozenset({tag_of(build_id)})) for dag_id in dag_ids]


class Activation:
    """One deploy or rollback, from the folder of releases on.

    Args:
        composer: the environment.
        releases: the builds it has had.
        described: what it is.
        quiet_minutes: after so many without a heartbeat the absence policies tell.
        say: told what goes on.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        composer: Composer,
        releases: Releases,
        described: Described,
        quiet_minutes: int,
        say: Callable[[str], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._composer, self._releases, self._described = composer, releases, described
        self._quiet_minutes, self._say, self._sleep = quiet_minutes, say, sleep
        self._is_paused, self._is_changed = False, False

    def bring(
        self, build_id: str, files: Sequence[str], state: State, dags: dict[str, DagState], now: dt.datetime
    ) -> None:
        """Pause, copy, wait until it has arrived, bring the tables up to it, go on.

        Args:
            build_id: of a build that is in the folder of releases.
            files: its files for Composer's folders.
            state: what is known of the environment.
            dags: its DAGs before anything is changed.
            now: names the run of ped_housekeeping.

        Raises:
            DeployError: it was stopped, or a run of ped_housekeeping failed; says what is so now.
        """
        releases = self._releases
        runs = WATCH in dags and not dags[WATCH].is_paused
        unpause = runs or (state.unfinished is not None and state.unpause)
        self._is_paused = unpause and not runs
        self._is_changed = state.unfinished is not None
        if self._is_paused:
            self._say(f"{WATCH} is paused by a deploy of {state.unfinished} that was stopped; it will run again")
        try:
            snooze = self._quieten(build_id)
            state = state.begun(build_id, files, unpause)
            releases.remember(state)
            if runs:
                self._is_paused = True
                self._composer.set_paused(WATCH, True)
            if WATCH in dags:
                self._until(self._watch_has_ended, RUN_ENDS_WITHIN, f"a run of {WATCH} has not ended")
            self._upgrade()
            self._is_changed = True
            releases.clean(state, build_id, files)
            releases.ignore()
            releases.bring(build_id)
            self._await_arrival(build_id, files)
            self._pause_gone(files, state, dags)
            complaint = self._housekeep(build_id, files, dags, now)
            if unpause:
                self._composer.set_paused(WATCH, False)
                self._is_paused = False
            releases.remember(releases.forget_old(state.done()))
            if snooze:
                self._composer.end_snooze(snooze, self._quiet_minutes)
        except (GcloudError, DeployError, ValueError, KeyboardInterrupt) as error:
            raise DeployError(self._afterwards(error)) from error
        if complaint:
            raise DeployError(complaint)
        if not unpause:
            self._say(f"{WATCH} is paused, as it was: unpause it in Airflow when it is to run")
        self._say(f"{self._composer.target.environment} runs build {build_id}")

    def _quieten(self, build_id: str) -> str | None:
        policies = self._composer.target.absence_policies
        if not policies:
            self._say("absence_policies is empty: an alert on missing heartbeats will fire while the watch is paused")
            return None
        is_upgrade = self._composer.target.image not in (None, self._described.image)
        minutes = SNOOZE_MINUTES * (2 if is_upgrade else 1) + self._quiet_minutes
        return self._composer.snooze(policies, f"pedwatch {build_id} is deployed", minutes)

    def _upgrade(self) -> None:
        image = self._composer.target.image
        if image in (None, self._described.image):
            return
        self._say(f"the image goes from {self._described.image} to {image}; a snapshot first")
        self._composer.save_snapshot()
        self._composer.upgrade(image)

    def _watch_has_ended(self) -> str | None:
        going = [run for run, state in self._composer.runs(WATCH).items() if state in ("running", "queued")]
        return ", ".join(going) or None

    def _await_arrival(self, build_id: str, files: Sequence[str]) -> None:
        names = {path.rpartition("/")[2]: path for path in files if re.fullmatch(r"dags/\w+\.py", path)}

        def missing() -> str | None:
            errors = self._composer.import_errors()
            wrong = [f"{file}: {why}" for file, why in errors.items() if file.rpartition("/")[2] in names]
            dags = self._composer.dags(assumed(files, build_id))
            dag_ids = [name.removesuffix(".py") for name in names]
            old = [one for one in dag_ids if one not in dags or tag_of(build_id) not in dags[one].tags]
            told = [f"not yet serialized: {', '.join(old)}"] if old else []
            if any(WRONG in dags[one].tags for one in dag_ids if one in dags):
                told.append(f"the DAGs say {WRONG}: the log of any run's first task says what, and what mends it")
            return "; ".join([*wrong, *told]) or None

        self._until(missing, ARRIVES_WITHIN, "the build has not arrived")

    def _pause_gone(self, files: Sequence[str], state: State, dags: dict[str, DagState]) -> None:
        """Pause DAGs that the build no longer has: their files stay until the next deploy, and no task may begin."""
        for path in sorted({*state.known} - {*files}):
            dag_id = Path(path).stem
            if path.startswith("dags/") and dag_id in dags and not dags[dag_id].is_paused:
                self._say(f"{dag_id} is not in build {state.unfinished} and is paused; its file goes with the next")
                self._composer.set_paused(dag_id, True)

    def _housekeep(
        self, build_id: str, files: Sequence[str], dags: dict[str, DagState], now: dt.datetime
    ) -> str | None:
        """Bring the tables up to the build, on a worker; returns what to look at when that failed."""
        if f"dags/{HOUSEKEEPING}.py" not in files or HOUSEKEEPING not in dags or dags[HOUSEKEEPING].is_paused:
            self._say(f"{HOUSEKEEPING} is paused: trigger it yourself, it brings the tables up to this build")
            return None
        run_id = f"deploy__{build_id}__{now:%Y%m%dT%H%M%S.%f}"
        self._composer.trigger(HOUSEKEEPING, run_id)
        state = ""

        def pending() -> str | None:
            nonlocal state
            state = self._composer.runs(HOUSEKEEPING, [{"run_id": run_id, "state": "success"}]).get(run_id, "not there")
            return None if state in ("success", "failed") else f"{run_id} is {state}"

        with contextlib.suppress(DeployError):
            self._until(pending, HOUSEKEEPING_ENDS_WITHIN, f"{HOUSEKEEPING} has not ended")
        if state == "success":
            return None
        return (
            f"build {build_id} is in place and {WATCH} is as it was, but {HOUSEKEEPING} is {state}: look at its run "
            f"{run_id} (docs/runbooks/an-invariant-does-not-hold.md), then clear it"
        )

    def _until(self, obstacle: Callable[[], str | None], minutes: int, what: str) -> None:
        told = None
        for _ in range(minutes * 60 // POLL_SECONDS):
            if (found := obstacle()) is None:
                return
            if found != told:
                self._say(f"waiting: {found}")
            told = found
            self._sleep(POLL_SECONDS)
        raise DeployError(f"{what} within {minutes} minutes: {told}")

    def _afterwards(self, error: BaseException) -> str:
        """Say what happened and what is so now; where nothing was changed, let the watch run again."""
        told = [str(error) or "interrupted"]
        if self._is_paused and not self._is_changed:
            try:
                self._composer.set_paused(WATCH, False)
            except GcloudError as refused:
                told.append(str(refused))
            else:
                self._is_paused = False
                told.append(f"Nothing was changed, and {WATCH} runs again.")
        name = self._composer.target.name
        if self._is_paused:
            unpause = shlex.join(["gcloud", *self._composer.airflow_words("dags", "unpause", WATCH)])
            told.append(f"{WATCH} IS PAUSED: nothing is watched until one of these has run:")
            told += [f"  make deploy ENV={name}", f"  make rollback ENV={name}", f"  {unpause}"]
        else:
            told.append(f"Run make deploy ENV={name} again: it goes on from here.")
        return "\n".join(told)
