"""Kubernetes' Pod Security Standard ``restricted`` as data: what an admission plugin asks of a pod.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ for Kubernetes 1.36, Linux pods. The rules
of the standard ``baseline`` are part of ``restricted``; those for Windows and user namespaces are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
_MISSING = None


@dataclass(frozen=True)
class Rule:
    """What one field may hold.

    Args:
        check: the admission plugin's name for it.
        field: path below a pod's spec or below a container; ``*`` goes through a list.
        allowed: values that pass. A field that is left out holds None.
        on: where the field is: in every container, in the pod, or in both; ``inherited`` is a field of containers that
            the pod's own stands in for where a container leaves it out.
    """

    check: str
    field: str
    allowed: tuple[Any, ...]
    on: str = "containers"


_SELINUX_TYPES = (None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_SECCOMP = ("RuntimeDefault", "Localhost")
_APPARMOR = (None, "RuntimeDefault", "Localhost")
_SYSCTLS = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
)

RULES = (
    Rule("hostNamespaces", "hostNetwork", (None, False), "pod"),
    Rule("hostNamespaces", "hostPID", (None, False), "pod"),
    Rule("hostNamespaces", "hostIPC", (None, False), "pod"),
    Rule("privileged", "securityContext.privileged", (None, False)),
    Rule("hostPorts", "ports.*.hostPort", (None, 0)),
    Rule("hostProbesAndHostLifecycle", "livenessProbe.httpGet.host", (None, "")),
    Rule("hostProbesAndHostLifecycle", "readinessProbe.httpGet.host", (None, "")),
    Rule("hostProbesAndHostLifecycle", "startupProbe.httpGet.host", (None, "")),
    Rule("hostProbesAndHostLifecycle", "livenessProbe.tcpSocket.host", (None, "")),
    Rule("hostProbesAndHostLifecycle", "readinessProbe.tcpSocket.host", (None, "")),
    Rule("hostProbesAndHostLifecycle", "startupProbe.tcpSocket.host", (None, "")),
    Rule("hostProbesAndHostLifecycle", "lifecycle.postStart.httpGet.host", (None, "")),
    Rule("hostProbesAndHostLifecycle", "lifecycle.preStop.httpGet.host", (None, "")),
    Rule("appArmorProfile", "securityContext.appArmorProfile.type", _APPARMOR, "both"),
    Rule("seLinuxOptions", "securityContext.seLinuxOptions.type", _SELINUX_TYPES, "both"),
    Rule("seLinuxOptions", "securityContext.seLinuxOptions.user", (None, ""), "both"),
    Rule("seLinuxOptions", "securityContext.seLinuxOptions.role", (None, ""), "both"),
    Rule("procMount", "securityContext.procMount", (None, "", "Default")),
    Rule("sysctls", "securityContext.sysctls.*.name", _SYSCTLS, "pod"),
    Rule("allowPrivilegeEscalation", "securityContext.allowPrivilegeEscalation", (False,)),
    Rule("unrestrictedCapabilities", "securityContext.capabilities.add.*", ("NET_BIND_SERVICE",)),
    Rule("runAsNonRoot", "securityContext.runAsNonRoot", (True,), "inherited"),
    Rule("seccompProfile", "securityContext.seccompProfile.type", _SECCOMP, "inherited"),
)
#: Every container gives up all capabilities.
DROPPED = "ALL"
_DROP = "securityContext.capabilities.drop"
#: Anyone but root; a uid that is left out is the image's.
ROOT = 0
VOLUME_TYPES = frozenset(
    ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")
)
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


@dataclass(frozen=True)
class Violation:
    """One field of a pod that ``restricted`` refuses.

    Args:
        check: the rule it breaks.
        container: whose field it is; None for the pod's own.
        field: its path below the container or the pod's spec; a volume's name for its type.
        value: what it holds, None where it is left out.
    """

    check: str
    container: str | None
    field: str
    value: Any


def refusal(found: list[Violation]) -> str:
    """Return what the plugin says of these violations: by check and field; the advice that it adds is left out."""
    places: dict[str, list[str]] = {}
    for one in found:
        place = f'container "{one.container}": {one.field}' if one.container is not None else one.field
        places.setdefault(one.check, []).append(place)
    said = ", ".join(f"{check} ({'; '.join(fields)})" for check, fields in sorted(places.items()))
    return f'violates PodSecurity "restricted:latest": {said}'


def violations(spec: Object) -> list[Violation]:
    """Return what of a pod's spec ``restricted`` refuses; a spec that passes has none."""
    containers = [(c.get("name", ""), c) for kind in _CONTAINERS for c in spec.get(kind) or []]
    found = [violation for rule in RULES for violation in _broken(rule, spec, containers)]
    for name, container in containers:
        dropped = ((container.get("securityContext") or {}).get("capabilities") or {}).get("drop") or []
        if DROPPED not in dropped:
            found.append(Violation("unrestrictedCapabilities", name, _DROP, dropped or None))
    for holder_name, holder in [(None, spec), *containers]:
        if (holder.get("securityContext") or {}).get("runAsUser") == ROOT:
            found.append(Violation("runAsUser", holder_name, "securityContext.runAsUser", ROOT))
    for volume in spec.get("volumes") or []:
        kinds = {kind for kind, source in volume.items() if kind != "name" and source is not _MISSING}
        found += [Violation("restrictedVolumeTypes", None, volume["name"], kind) for kind in kinds - VOLUME_TYPES]
    return found


def _broken(rule: Rule, spec: Object, containers: list[tuple[str, Object]]) -> Iterator[Violation]:
    holders: list[tuple[str | None, Object]] = list(containers) if rule.on != "pod" else []
    if rule.on in ("pod", "both"):
        holders.append((None, spec))
    inherited = next(_values(spec, rule.field)) if rule.on == "inherited" else _MISSING
    if inherited is not _MISSING:
        holders.append((None, spec))
    for name, holder in holders:
        for value in _values(holder, rule.field):
            if value is _MISSING and inherited is not _MISSING:
                continue  # the pod's own word stands for the container, and is looked at itself
            if not any(value == allowed and type(value) is type(allowed) for allowed in rule.allowed):
                yield Violation(rule.check, name, rule.field, value)


def _values(holder: Any, path: str) -> Iterator[Any]:
    """Values at a path: one, or one for each element of a list; a list that is left out has none."""
    head, _, rest = path.partition(".")
    if head == "*":
        for element in holder or []:
            yield from _values(element, rest) if rest else [element]
        return
    value = holder.get(head) if isinstance(holder, dict) else _MISSING
    if rest:
        yield from _values(value, rest)
    else:
        yield value
