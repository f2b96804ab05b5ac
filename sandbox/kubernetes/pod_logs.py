"""Logs of pods, whole or followed."""

from aiohttp import web

from sandbox.kubernetes.container_logs import stamped
from sandbox.kubernetes.pods import find_pod, truthy
from sandbox.kubernetes.status import bad_request


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


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the route."""
    return [web.get(f"{prefix}/namespaces/{{namespace}}/pods/{{name}}/log", log)]
