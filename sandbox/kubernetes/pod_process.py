"""The life of one pod: from Pending over Running to its end, reported as a kubelet would."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

from sandbox.kubernetes.bell import Bell
from sandbox.kubernetes.clusters import Cluster, Key
from sandbox.kubernetes.container_process import ContainerProcess
from sandbox.kubernetes.images import Command, Runtime, missing_program
from sandbox.kubernetes.last_words import LastWords
from sandbox.kubernetes.pod_inputs import (
    NODE,
    NotReady,
    expand,
    make_environment,
    make_volumes,
    mounts_of,
    redirect_paths,
)
from sandbox.kubernetes.pod_status import is_over, now, set_condition, set_phase, statuses, waiting

Object = dict[str, Any]
RETRY_SECONDS = 0.5
KUBELET_SECONDS = 0.02
"""How long a scheduled pod has no status of its containers; whoever reads it meanwhile has to bear that."""
START_FAILED = 128


class Pod:
    """One pod and, while it runs, its processes."""

    def __init__(self, cluster: Cluster, runtime: Runtime, obj: Object) -> None:
        """Take a pod that was just accepted; ``start`` begins its life."""
        self.cluster, self.runtime, self.obj = cluster, runtime, obj
        self.folder = runtime.folder / obj["metadata"]["uid"]
        self.containers: list[Object] = obj["spec"]["containers"]
        self.bell = Bell()
        self._processes: dict[str, ContainerProcess] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._life: asyncio.Task[None] | None = None
        self._is_ending = False

    @property
    def key(self) -> Key:
        """Return namespace and name."""
        return self.obj["metadata"]["namespace"], self.obj["metadata"]["name"]

    def status_of(self, container: str) -> Object | None:
        """Return the status of a container by name."""
        return next((status for status in statuses(self.obj["status"]) if status["name"] == container), None)

    @property
    def is_over(self) -> bool:
        """Return whether every container has ended."""
        return is_over(self.obj["status"])

    def start(self) -> None:
        """Begin the pod's life in the background."""
        self._life = asyncio.create_task(self._live(), name=f"pod {'/'.join(self.key)}")

    async def stop(self, grace: float) -> None:
        """End whatever runs, politely for ``grace`` seconds."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait([self._life])
        if not self.is_over:
            self.cluster.event(self.obj, "Killing", "Stopping the pod's containers")
        await self._end_containers(grace)

    def remove(self) -> None:
        """Forget the pod and its files."""
        if self.cluster.pods.get(self.key) is self:
            del self.cluster.pods[self.key]
        shutil.rmtree(self.folder, ignore_errors=True)
        self.bell.ring()

    async def _live(self) -> None:
        deadline = self.obj["spec"].get("activeDeadlineSeconds")
        self.cluster.event(self.obj, "Scheduled", f"Successfully assigned {'/'.join(self.key)} to {NODE}")
        self.obj["spec"]["nodeName"] = NODE
        set_condition(self.obj["status"], "PodScheduled", True)
        self._touch()
        try:
            async with asyncio.timeout(deadline):
                await asyncio.sleep(KUBELET_SECONDS)
                self._report_first()
                commands = await self._prepare()
                self._start_containers(commands)
                while not self.is_over:
                    await self.bell.wait()
        except TimeoutError:
            await self._exceed_deadline()
        except Exception as error:  # noqa: BLE001 - what is wrong with a spec has to show on the pod, not get lost
            self.cluster.event(self.obj, "Failed", f"Error: {error!r}", "Warning")
            await self._end_containers(0)
            self.obj["status"].update(phase="Failed", reason="SandboxError", message=repr(error))
            self._touch()

    def _report_first(self) -> None:
        """Report as a kubelet does when it has seen the pod."""
        self.obj["status"] |= {"startTime": now(), "containerStatuses": [waiting(c) for c in self.containers]}
        for condition in ("Ready", "ContainersReady"):
            set_condition(self.obj["status"], condition, False, "ContainersNotReady")
        self._touch()

    async def _exceed_deadline(self) -> None:
        message = "Pod was active on the node longer than the specified deadline"
        self.cluster.event(self.obj, "DeadlineExceeded", message, "Warning")
        await self._end_containers(self.grace)
        self.obj["status"].update(phase="Failed", reason="DeadlineExceeded", message=message)
        self._touch()

    @property
    def grace(self) -> float:
        """Return how long the pod's containers may take to end."""
        seconds = self.obj["spec"].get("terminationGracePeriodSeconds")
        return 30.0 if seconds is None else float(seconds)

    async def _prepare(self) -> dict[str, Command]:
        """Return what to start for each container, as soon as all it needs is there."""
        told = ""
        while True:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                volumes = make_volumes(self.cluster, self.obj, self.folder)
                return {c["name"]: self._command(c, volumes) for c in self.containers}
            except NotReady as problem:
                if problem.message != told:
                    told = problem.message
                    self._report_not_ready(problem)
            await asyncio.sleep(RETRY_SECONDS)

    def _report_not_ready(self, problem: NotReady) -> None:
        is_mount = problem.reason == "FailedMount"
        for status in statuses(self.obj["status"]):
            reason = "ContainerCreating" if is_mount else problem.reason
            status["state"] = {"waiting": {"reason": reason, **({} if is_mount else {"message": problem.message})}}
        self.cluster.event(self.obj, problem.reason if is_mount else "Failed", problem.message, "Warning")
        self._touch()

    def _command(self, container: Object, volumes: dict[str, Path]) -> Command:
        mounts = mounts_of(container, volumes)
        image = self.runtime.image(container["image"])
        if image is None:
            raise NotReady(
                "ErrImagePull", f"failed to pull image {container['image']}: images.json has no stand-in for it"
            )
        env = make_environment(container, image.env)
        container = {
            **container,
            **{
                field: [expand(t, env) for t in container[field]]
                for field in ("command", "args")
                if container.get(field)
            },
        }
        env = {variable: redirect_paths(value, mounts) for variable, value in env.items()}
        for field in ("command", "args"):
            container[field] = [redirect_paths(text, mounts) for text in container.get(field) or []]
        return self.runtime.command(container, image, env, self.key[1], self.folder)

    def _start_containers(self, commands: dict[str, Command]) -> None:
        for condition in ("Initialized", "Ready", "ContainersReady"):
            set_condition(self.obj["status"], condition, True)
        self.obj["status"].update(podIP="127.0.0.1", hostIP="127.0.0.1")
        for name, command in commands.items():
            self._tasks.add(asyncio.create_task(self._run_container(name, command)))

    async def _run_container(self, name: str, command: Command) -> None:
        started = now()
        problem = missing_program(command)
        if problem is None:
            try:
                process = await ContainerProcess.start(command)
            except OSError as error:
                problem = str(error)
        if problem is not None:
            self.cluster.event(self.obj, "Failed", f"Error: {problem}", "Warning")
            self._end_container(name, START_FAILED, "StartError", problem, started)
            return
        self._processes[name] = process
        if self._is_ending:  # the pod was stopped while this container was being started
            await process.stop(0)
        self.cluster.event(self.obj, "Started", f"Started container {name}")
        self._set_state(name, running={"startedAt": started})
        words = LastWords()
        code = await process.read(words)
        policy = next(c.get("terminationMessagePolicy") for c in self.containers if c["name"] == name)
        message = words.text() if code and policy == "FallbackToLogsOnError" else ""
        self._end_container(name, code, "Error" if code else "Completed", message, started)

    def _end_container(self, name: str, code: int, reason: str, message: str = "", started: str | None = None) -> None:
        """Report the end of a container."""
        state = {"exitCode": code, "reason": reason, "startedAt": started or now(), "finishedAt": now()}
        self._set_state(name, terminated={**state, **({"message": message} if message else {})})

    async def _end_containers(self, grace: float) -> None:
        self._is_ending = True
        await asyncio.gather(*(process.stop(grace) for process in self._processes.values()))
        if self._tasks:
            await asyncio.wait(self._tasks)  # they report how their containers ended

    def _set_state(self, name: str, **state: Object) -> None:
        status = self.status_of(name)
        assert status is not None
        is_running = "running" in state
        status.update(state=state, ready=is_running, started=is_running)
        set_phase(self.obj["status"])
        self._touch()

    def _touch(self) -> None:
        self.cluster.changed(self.obj)
        self.bell.ring()
