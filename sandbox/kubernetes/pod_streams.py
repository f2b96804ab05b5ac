"""Logs, and the two exec requests the operator makes. Nothing is ever executed on behalf of an exec request.

The operator ends its XCom sidecar with ``kill -2 $(pgrep -u $(id -u) -f 'sh')``: run outside of a container, that would
interrupt every shell of the user. So the sidecar is no process here, and both requests are answered from what we know.
"""

from pathlib import Path

import msgspec
from aiohttp import WSMsgType, web

from sandbox.kubernetes.container_logs import stamped
from sandbox.kubernetes.pod_process import SIDECAR, Pod
from sandbox.kubernetes.pods import find_pod, truthy
from sandbox.kubernetes.status import bad_request

RESULT = "/airflow/xcom"
NO_RESULT = b"__airflow_xcom_result_empty__\n"
STDOUT, STDERR, ERROR = b"\x01", b"\x02", b"\x03"
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
CANNOT_EXECUTE = 126


def _number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not text.isdigit():
        raise bad_request(f"{name}: {text!r} is not a number of zero or more")
    return int(text)


async def log(request: web.Request) -> web.StreamResponse:
    """Return or follow the log of a container."""
    pod = find_pod(request)
    name = request.query.get("container") or pod.containers[0]["name"]
    status = pod.status_of(name)
    if status is None and any(container["name"] == name for container in pod.containers):
        raise bad_request(f'container "{name}" in pod "{pod.key[1]}" is waiting to start: ContainerCreating')
    if status is None:
        raise bad_request(f"container {name} is not valid for pod {pod.key[1]}")
    if "waiting" in status["state"]:
        reason = status["state"]["waiting"]["reason"]
        raise bad_request(f'container "{name}" in pod "{pod.key[1]}" is waiting to start: {reason}')
    lines, stamps = pod.logs[name], truthy(request.query.get("timestamps"))
    position = lines.begin(_number(request, "tailLines"), _number(request, "sinceSeconds"))
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    while True:
        is_over = "terminated" in status["state"]
        batch, position = lines.since(position), lines.end
        if batch:
            await response.write(b"".join(stamped(line) if stamps else line[1] for line in batch))
        elif is_over or not truthy(request.query.get("follow")):
            break
        else:
            await pod.bell.wait()
    await response.write_eof()
    return response


def _outcome(code: int, message: str = "") -> bytes:
    if code == 0:
        return msgspec.json.encode({"metadata": {}, "status": "Success"})
    causes = [{"reason": "ExitCode", "message": str(code)}]
    failure = {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}
    return msgspec.json.encode({**failure, "message": message})


def _result_file(pod: Pod) -> Path | None:
    folder = pod.mounts.get(SIDECAR, {}).get(RESULT)
    return folder / "return.json" if folder else None


async def _finish(socket: web.WebSocketResponse, output: bytes = b"") -> None:
    if output:
        await socket.send_bytes(STDOUT + output)
    await socket.send_bytes(ERROR + _outcome(0))
    await socket.close()


async def _end_sidecar(socket: web.WebSocketResponse, pod: Pod) -> None:
    async for message in socket:
        data = message.data.encode() if message.type is WSMsgType.TEXT else message.data
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY) and b"kill -2" in data:
            pod.end_container(SIDECAR, 0, "Completed")
            await _finish(socket)
            return


async def execute(request: web.Request) -> web.WebSocketResponse:
    """Answer the operator's questions to its sidecar; refuse every other command without running it."""
    pod = find_pod(request)
    command = request.query.getall("command", [])
    socket = web.WebSocketResponse(protocols=PROTOCOLS)
    await socket.prepare(request)
    status = pod.status_of(SIDECAR) if request.query.get("container") == SIDECAR else None
    is_sidecar = status is not None and "running" in status["state"]
    if is_sidecar and command == ["/bin/sh"]:
        await _end_sidecar(socket, pod)
    elif is_sidecar and command and f"{RESULT}/return.json" in command[-1]:
        file = _result_file(pod)
        await _finish(socket, file.read_bytes() if file and file.is_file() and file.stat().st_size else NO_RESULT)
    else:
        reason = "the sandbox executes nothing on behalf of exec"
        await socket.send_bytes(STDERR + f"{reason}\n".encode())
        await socket.send_bytes(ERROR + _outcome(CANNOT_EXECUTE, reason))
        await socket.close()
    return socket


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes of logs and exec."""
    pod = f"{prefix}/namespaces/{{namespace}}/pods/{{name}}"
    return [web.get(f"{pod}/log", log), web.get(f"{pod}/exec", execute), web.post(f"{pod}/exec", execute)]
