"""What a pod is given before it starts: volumes as folders, variables, and mount paths that lead to the folders."""

import base64
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.kubernetes.clusters import Cluster

Object = dict[str, Any]
NODE = "sandbox-node"
_VARIABLE = re.compile(r"\$(?:\$|\(([A-Za-z_.-][\w.-]*)\))")


class NotReady(Exception):
    """Something a pod needs is not there (yet): why, in the words a kubelet would choose."""

    def __init__(self, reason: str, message: str) -> None:
        """Remember the reason for the container's status and the text for the event."""
        super().__init__(message)
        self.reason, self.message = reason, message


def _write_files(folder: Path, files: Mapping[str, bytes], mode: int) -> None:
    for name, content in files.items():
        target = folder / name
        target.unlink(missing_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        target.chmod(mode)


def _volume(cluster: Cluster, namespace: str, volume: Object, root: Path) -> Path:
    folder = root / "volumes" / volume["name"]
    folder.mkdir(parents=True, exist_ok=True)
    if "emptyDir" in volume:
        return folder
    source = volume.get("secret")
    if not source:
        raise NotReady("FailedMount", f"the sandbox has no volumes of the type {', '.join(set(volume) - {'name'})}")
    if unknown := set(source) - {"secretName", "defaultMode"}:
        raise NotReady("FailedMount", f"the sandbox has no volumes of Secrets with {', '.join(sorted(unknown))}")
    secret = cluster.secrets.get((namespace, source["secretName"]))
    if secret is None:
        raise NotReady("FailedMount", f'secret "{source["secretName"]}" not found')
    files = {key: base64.b64decode(value) for key, value in secret["data"].items()}
    _write_files(folder, files, source.get("defaultMode") or 0o644)
    return folder


def make_volumes(cluster: Cluster, pod: Object, root: Path) -> dict[str, Path]:
    """Return the folder of each of the pod's volumes, filled."""
    namespace = pod["metadata"]["namespace"]
    return {v["name"]: _volume(cluster, namespace, v, root) for v in pod["spec"].get("volumes") or []}


def mounts_of(container: Object, volumes: dict[str, Path]) -> dict[str, Path]:
    """Return the container's mount paths and the folder each of them stands for."""
    found = {}
    for mount in container.get("volumeMounts") or []:
        if mount["name"] in volumes:
            found[mount["mountPath"].rstrip("/") or "/"] = volumes[mount["name"]]
    return found


def redirect_paths(text: str, mounts: dict[str, Path]) -> str:
    """Replace mount paths by real ones: a local process has no mount namespace of its own.

    Only whole path prefixes count: ``/data`` is found in ``file:///data/x``, not in ``/database`` or ``/srv/data``.
    """
    if not mounts:
        return text
    longest_first = sorted(mounts, key=len, reverse=True)
    pattern = rf"(?<![\w.-])({'|'.join(map(re.escape, longest_first))})(?![\w.-])"
    return re.sub(pattern, lambda match: str(mounts[match[1]]), text)


def expand(text: str, env: Mapping[str, str]) -> str:
    """Resolve ``$(NAME)`` the way Kubernetes does: unknown names stay, ``$$`` is a dollar sign."""
    return _VARIABLE.sub(lambda match: "$" if match[1] is None else env.get(match[1], match[0]), text)


def make_environment(container: Object, image_env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a container: the image's, then env."""
    env = dict(image_env)
    if container.get("envFrom"):
        raise NotReady("CreateContainerConfigError", "the sandbox does not know envFrom")
    for variable in container.get("env") or []:
        if source := variable.get("valueFrom"):
            unknown = f"variable {variable['name']}: the sandbox does not know {', '.join(source)}"
            raise NotReady("CreateContainerConfigError", unknown)
        env[variable["name"]] = expand(variable.get("value") or "", env)
    return env
