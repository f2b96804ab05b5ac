"""The standard ``restricted``: a pod that keeps it, and what each departure from it is refused for."""

import copy
from typing import Any

import pytest

from sandbox.kubernetes.pod_security import refusal, violations

OBEDIENT: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {"name": "base", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}
    ],
    "volumes": [{"name": "scratch", "emptyDir": {}}, {"name": "config", "secret": {"secretName": "s"}}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the obedient pod with one field set, or left out where the value is None; ``0`` is a place in a list."""
    spec = copy.deepcopy(OBEDIENT)
    *parents, last = path.split(".")
    place: Any = spec
    for parent in parents:
        place = place[int(parent)] if isinstance(place, list) else place.setdefault(parent, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return spec


@pytest.mark.parametrize(
    "spec",
    [
        OBEDIENT,
        changed("containers.0.securityContext.runAsNonRoot", True),
        changed("containers.0.securityContext.capabilities.add", ["NET_BIND_SERVICE"]),
        changed("containers.0.ports", [{"containerPort": 8080}]),
        changed("securityContext.sysctls", [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]),
        changed("containers.0.readinessProbe", {"httpGet": {"path": "/", "port": 80}}),
    ],
)
def test_what_passes(spec: dict[str, Any]) -> None:
    assert violations(spec) == []


def test_a_container_may_say_what_the_pod_leaves_out() -> None:
    spec = changed("securityContext", None)
    assert {violation.check for violation in violations(spec)} == {"runAsNonRoot", "seccompProfile"}
    spec["containers"][0]["securityContext"] |= {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert violations(spec) == []


@pytest.mark.parametrize(
    ("path", "value", "check"),
    [
        ("hostNetwork", True, "hostNamespaces"),
        ("hostPID", True, "hostNamespaces"),
        ("containers.0.securityContext.privileged", True, "privileged"),
        ("containers.0.ports", [{"containerPort": 80, "hostPort": 80}], "hostPorts"),
        ("containers.0.livenessProbe", {"httpGet": {"host": "10.0.0.1"}}, "hostProbesAndHostLifecycle"),
        ("securityContext.appArmorProfile", {"type": "Unconfined"}, "appArmorProfile"),
        ("securityContext.seLinuxOptions", {"type": "spc_t"}, "seLinuxOptions"),
        ("containers.0.securityContext.procMount", "Unmasked", "procMount"),
        ("securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}], "sysctls"),
        ("containers.0.securityContext.allowPrivilegeEscalation", None, "allowPrivilegeEscalation"),
        ("containers.0.securityContext.capabilities", None, "unrestrictedCapabilities"),
        ("containers.0.securityContext.capabilities.add", ["NET_ADMIN"], "unrestrictedCapabilities"),
        ("securityContext.runAsNonRoot", None, "runAsNonRoot"),
        ("containers.0.securityContext.runAsNonRoot", False, "runAsNonRoot"),
        ("securityContext.runAsUser", 0, "runAsUser"),
        ("securityContext.seccompProfile", None, "seccompProfile"),
        ("securityContext.seccompProfile.type", "Unconfined", "seccompProfile"),
        ("volumes", [{"name": "scratch", "hostPath": {"path": "/"}}], "restrictedVolumeTypes"),
    ],
)
def test_what_is_refused(path: str, value: Any, check: str) -> None:
    assert {violation.check for violation in violations(changed(path, value))} == {check}


def test_a_refusal_names_what_is_violated_and_where() -> None:
    said = refusal(violations({"containers": [{"name": "base"}], "hostNetwork": True}))
    assert said.startswith('violates PodSecurity "restricted:latest": allowPrivilegeEscalation (container "base": ')
    assert "hostNamespaces (hostNetwork), " in said
