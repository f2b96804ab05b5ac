"""What a pod is given before it starts: volumes as folders, variables, and mount paths that lead to the folders."""

import base64
import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from sandbox.kubernetes.clusters import Cluster
from sandbox.kubernetes.kinds import CONFIG_MAP, SECRET, Kind

Object = dict[str, Any]
NODE = "sandbox-node"
_VARIABLE = re.compile(r"\$(?:\$|\(([A-Za-z_.-][\w.-]*)\))")
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


class NotReady(Exception):
    """Something a pod needs is not there (yet): why, in the words a kubelet would choose."""

    def __init__(self, reason: str, message: str) -> None:
        """Remember the reason for the container's status and the text for the event."""
        super().__init__(message)
        self.reason, self.message = reason, message


def contents(kind: Kind, obj: Object) -> dict[str, bytes]:
    """Return the files a Secret or ConfigMap stands for."""
    data = obj.get("data") or {}
    if kind is SECRET:
        return {key: base64.b64decode(value) for key, value in data.items()}
    binary = {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}
    return {key: value.encode() for key, value in data.items()} | binary


def _files(cluster: Cluster, kind: Kind, namespace: str, name: str, optional: bool, reason: str) -> dict[str, bytes]:
    obj = cluster.stored[kind].get((namespace, name))
    if obj is not None:
        return contents(kind, obj)
    if optional:
        return {}
    raise NotReady(reason, f'{kind.kind.lower()} "{name}" not found')


def _write_files(folder: Path, files: Mapping[str, bytes], source: Object) -> None:
    """Lay out the files of a volume; ``items`` chooses some and names their paths."""
    items = source.get("items") or [{"key": key, "path": key} for key in files]
    for item in items:
        if item["key"] not in files:
            if source.get("optional"):
                continue
            raise NotReady("FailedMount", f"references non-existent key: {item['key']}")
        path = PurePosixPath(item["path"])
        if path.is_absolute() or ".." in path.parts:
            raise NotReady("FailedMount", f"path {item['path']!r} must be relative and must not contain '..'")
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        mode = item.get("mode") or source.get("defaultMode") or 0o644
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(files[item["key"]])
        target.chmod(mode)


def _volume(cluster: Cluster, namespace: str, volume: Object, root: Path) -> Path:
    folder = root / "volumes" / volume["name"]
    if path := (volume.get("hostPath") or {}).get("path"):
        return Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    if "emptyDir" in volume:
        return folder
    for field, kind, name_field in (("secret", SECRET, "secretName"), ("configMap", CONFIG_MAP, "name")):
        if source := volume.get(field):
            is_optional = bool(source.get("optional"))
            _write_files(
                folder, _files(cluster, kind, namespace, source[name_field], is_optional, "FailedMount"), source
            )
            return folder
    raise NotReady("FailedMount", f"the sandbox has no volumes of the type {', '.join(set(volume) - {'name'})}")


def make_volumes(cluster: Cluster, pod: Object, root: Path) -> dict[str, Path]:
    """Return the folder of each of the pod's volumes, filled."""
    namespace = pod["metadata"]["namespace"]
    return {v["name"]: _volume(cluster, namespace, v, root) for v in pod["spec"].get("volumes") or []}


def mounts_of(container: Object, volumes: dict[str, Path]) -> dict[str, Path]:
    """Return the container's mount paths and the folder or file each of them stands for."""
    found = {}
    for mount in container.get("volumeMounts") or []:
        if mount["name"] in volumes:
            found[mount["mountPath"].rstrip("/") or "/"] = volumes[mount["name"]] / mount.get("subPath", "")
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


def _field(pod: Object, path: str) -> str:
    meta, spec = pod["metadata"], pod["spec"]
    if match := _SUBSCRIPT.fullmatch(path):
        return str((meta.get(match[1]) or {}).get(match[2], ""))
    known = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta["namespace"],
        "metadata.uid": meta["uid"],
        "spec.nodeName": NODE,
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.podIP": "127.0.0.1",
        "status.hostIP": "127.0.0.1",
    }
    if path not in known:
        raise NotReady("CreateContainerConfigError", f"the sandbox has no field {path!r} for a variable")
    return str(known[path])


def _from_source(cluster: Cluster, pod: Object, name: str, source: Object) -> str | None:
    namespace, problem = pod["metadata"]["namespace"], "CreateContainerConfigError"
    if ref := source.get("fieldRef"):
        return _field(pod, ref["fieldPath"])
    for field, kind in (("secretKeyRef", SECRET), ("configMapKeyRef", CONFIG_MAP)):
        if ref := source.get(field):
            files = _files(cluster, kind, namespace, ref["name"], bool(ref.get("optional")), problem)
            if ref["key"] in files:
                return files[ref["key"]].decode()
            if ref.get("optional"):
                return None
            raise NotReady(problem, f"couldn't find key {ref['key']} in {kind.kind} {namespace}/{ref['name']}")
    raise NotReady(problem, f"variable {name}: the sandbox does not know {', '.join(source)}")


def make_environment(cluster: Cluster, pod: Object, container: Object, image_env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a container: the image's, then envFrom, then env."""
    env = dict(image_env)
    namespace = pod["metadata"]["namespace"]
    for source in container.get("envFrom") or []:
        for field, kind in (("secretRef", SECRET), ("configMapRef", CONFIG_MAP)):
            if ref := source.get(field):
                is_optional = bool(ref.get("optional"))
                files = _files(cluster, kind, namespace, ref["name"], is_optional, "CreateContainerConfigError")
                env |= {source.get("prefix", "") + key: value.decode() for key, value in files.items()}
    for variable in container.get("env") or []:
        name = variable["name"]
        if source := variable.get("valueFrom"):
            value = _from_source(cluster, pod, name, source)
        else:
            value = expand(variable.get("value") or "", env)
        if value is not None:
            env[name] = value
    return env
