"""What an API server holds against a pod that it could read: the causes of its 422."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sandbox.kubernetes.status import ApiFailure

Object = dict[str, Any]
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_VARIABLE = re.compile(r"[ -<>-~]+")  # printable ASCII but "="
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_VALUE}')"
)
_RESTART_POLICIES = ("Always", "Never", "OnFailure")
_LONGEST = 63


class Cause(NamedTuple):
    """One thing that is wrong: the field, in words, and by its machine-readable reason."""

    field: str
    message: str
    reason: str

    def __str__(self) -> str:
        """Return it as the message of a Status has it."""
        return f"{self.field}: {self.message}"


def invalid(kind: str, name: str, causes: list[Cause]) -> ApiFailure:
    """Return the 422 that names every cause."""
    listed = str(causes[0]) if len(causes) == 1 else f"[{', '.join(map(str, causes))}]"
    details = {"name": name, "kind": kind, "causes": [_detail(cause) for cause in causes]}
    return ApiFailure(422, "Invalid", f'{kind} "{name}" is invalid: {listed}', details=details)


def _detail(cause: Cause) -> Object:
    return {"reason": cause.reason, "message": cause.message, "field": cause.field}


def required(field: str, more: str = "") -> Cause:
    """Return the cause for a value that is missing."""
    return Cause(field, f"Required value{': ' if more else ''}{more}", "FieldValueRequired")


def refused(field: str, value: Any, rule: str) -> Cause:
    """Return the cause for a value that breaks a rule."""
    return Cause(field, f'Invalid value: "{value}": {rule}', "FieldValueInvalid")


def validate(pod: Object) -> None:
    """Refuse a pod, its defaults set, that an API server would not take; raises ApiFailure 422 with all causes."""
    if causes := [*_metadata(pod["metadata"]), *_spec(pod["spec"])]:
        raise invalid("Pod", pod["metadata"].get("name", ""), causes)


def _metadata(metadata: Object) -> Iterator[Cause]:
    name = metadata.get("name")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif not re.fullmatch(_SUBDOMAIN, name):
        yield refused("metadata.name", name, _SUBDOMAIN_RULE)
    elif len(name) > 253:
        yield Cause("metadata.name", f'Invalid value: "{name}": must be no more than 253 bytes', "FieldValueInvalid")
    for value in (metadata.get("labels") or {}).values():
        if len(value) > _LONGEST:
            yield refused("metadata.labels", value, f"must be no more than {_LONGEST} bytes")
        elif not re.fullmatch(_VALUE, value):
            yield refused("metadata.labels", value, _VALUE_RULE)


def _spec(spec: Object) -> Iterator[Cause]:
    volumes = {volume.get("name") for volume in spec.get("volumes") or []}
    containers = spec.get("containers") or []
    if not containers:
        yield required("spec.containers")
    seen: set[str] = set()
    for place, container in enumerate(containers):
        yield from _container(container, f"spec.containers[{place}]", volumes, seen)
    for place, volume in enumerate(spec.get("volumes") or []):
        if not volume.get("name"):
            yield required(f"spec.volumes[{place}].name")
        elif set(volume) == {"name"}:
            yield required(f"spec.volumes[{place}]", "must specify a volume type")
    if spec["restartPolicy"] not in _RESTART_POLICIES:
        supported = ", ".join(f'"{policy}"' for policy in _RESTART_POLICIES)
        message = f'Unsupported value: "{spec["restartPolicy"]}": supported values: {supported}'
        yield Cause("spec.restartPolicy", message, "FieldValueNotSupported")
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline < 2**31:
        yield refused("spec.activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive")


def _container(container: Object, path: str, volumes: set[Any], seen: set[str]) -> Iterator[Cause]:
    name = container.get("name")
    if not name:
        yield required(f"{path}.name")
    elif len(name) > _LONGEST or not re.fullmatch(_LABEL, name):
        yield refused(f"{path}.name", name, _LABEL_RULE)
    elif name in seen:
        yield Cause(f"{path}.name", f'Duplicate value: "{name}"', "FieldValueDuplicate")
    else:
        seen.add(name)
    if not container.get("image"):
        yield required(f"{path}.image")
    for place, variable in enumerate(container.get("env") or []):
        yield from _variable(variable, f"{path}.env[{place}]")
    for place, mount in enumerate(container.get("volumeMounts") or []):
        if mount.get("name") not in volumes:
            where = f"{path}.volumeMounts[{place}].name"
            yield Cause(where, f'Not found: "{mount.get("name", "")}"', "FieldValueNotFound")
        if not mount.get("mountPath"):
            yield required(f"{path}.volumeMounts[{place}].mountPath")


def _variable(variable: Mapping[str, Any], path: str) -> Iterator[Cause]:
    name = variable.get("name")
    if not name:
        yield required(f"{path}.name")
    elif not _VARIABLE.fullmatch(name):
        yield refused(f"{path}.name", name, "a valid environment variable name must consist only of printable ASCII")
    if variable.get("value") and variable.get("valueFrom"):
        yield refused(f"{path}.valueFrom", "", "may not be specified when `value` is not empty")
