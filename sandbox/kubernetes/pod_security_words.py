"""What the Pod Security admission plugin says of a pod that it refuses, word for word as Kubernetes 1.36 does.

Source: the policy checks of k8s.io/pod-security-admission, which are where the plugin's sentences are written.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from sandbox.kubernetes.pod_security import Violation

#: In the plugin's order: first the rules of ``baseline``, then those of ``restricted``, each by name.
_REASONS = {
    "appArmorProfile": "forbidden AppArmor profile",
    "hostNamespaces": "host namespaces",
    "hostPorts": "hostPort",
    "hostProbesAndHostLifecycle": "probe or lifecycle host",
    "privileged": "privileged",
    "procMount": "procMount",
    "seLinuxOptions": "seLinuxOptions",
    "sysctls": "forbidden sysctls",
    "allowPrivilegeEscalation": "allowPrivilegeEscalation != false",
    "unrestrictedCapabilities": "unrestricted capabilities",
    "restrictedVolumeTypes": "restricted volume types",
    "runAsNonRoot": "runAsNonRoot != true",
    "runAsUser": "runAsUser=0",
    "seccompProfile": "seccompProfile",
}
_ORDER = list(_REASONS)


def refusal(found: Iterable[Violation], level: str = "restricted:latest") -> str:
    """Return the plugin's sentence for these violations."""
    ordered = sorted(found, key=lambda violation: _ORDER.index(violation.check))
    parts = [
        f"{_REASONS[check]} ({_details(check, list(group))})"
        for check, group in groupby(ordered, key=lambda violation: violation.check)
    ]
    return f'violates PodSecurity "{level}": {", ".join(parts)}'


def _details(check: str, found: Sequence[Violation]) -> str:
    if check == "hostNamespaces":
        return ", ".join(f"{violation.field}=true" for violation in found)
    if check == "sysctls":
        return ", ".join(str(violation.value) for violation in found)
    if check == "restrictedVolumeTypes":
        return _volumes(found)
    # The pod's own word comes first, then the containers' by what is wrong with them, then what they leave out.
    ordered = sorted(found, key=lambda one: (one.container is not None, one.value is None, one.field, str(one.value)))
    sentences = []
    for (_, _, field, value), group in groupby(ordered, key=_kind):
        names = [violation.container for violation in group if violation.container is not None]
        sentences.append(_sentence(check, field, value, names))
    return "; ".join(sentences)


def _kind(violation: Violation) -> tuple[bool, bool, str, object]:
    # A list of capabilities that lacks ALL is as good as none.
    value = None if violation.field.endswith(".drop") else violation.value
    return violation.container is not None, value is None, violation.field, value


def _sentence(check: str, field: str, value: object, names: Sequence[str]) -> str:
    who = _quoted("container", names) if names else "pod"
    match check, value:
        case "runAsNonRoot", None:
            return f"pod or {who} must set securityContext.runAsNonRoot=true"
        case "seccompProfile", None:
            return f'pod or {who} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
        case "allowPrivilegeEscalation", _:
            return f"{who} must set securityContext.allowPrivilegeEscalation=false"
        case "unrestrictedCapabilities", None:
            return f'{who} must set securityContext.capabilities.drop=["ALL"]'
        case "unrestrictedCapabilities", _:
            return f'{who} must not include "{value}" in securityContext.capabilities.add'
        case "runAsUser", _:
            return f"{who} must not set runAsUser=0"
        case "hostPorts", _:
            return f"{who} use{'s' if len(names) == 1 else ''} hostPort {value}"
        case _, bool():
            return f"{who} must not set {field}={str(value).lower()}"
    return f'{who} must not set {field} to "{value}"'


def _volumes(found: Sequence[Violation]) -> str:
    names, types = [violation.field for violation in found], sorted({str(violation.value) for violation in found})
    verb = "uses" if len(names) == 1 else "use"
    return f"{_quoted('volume', names)} {verb} restricted volume {_quoted('type', types)}"


def _quoted(noun: str, names: Sequence[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"{noun}{'' if len(names) == 1 else 's'} {listed}"
