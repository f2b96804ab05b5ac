"""The faults a scenario may order: the stand-ins know them, so that each list stands in one place."""

from typing import Any, get_args


def cluster_fault(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return a cluster's fault as its control API takes it.

    Raises:
        ValueError: sandbox.kubernetes knows no such fault or option.
    """
    import msgspec

    from sandbox.kubernetes.faults import Fault, FaultKind

    if kind not in get_args(FaultKind):
        raise ValueError(f"no fault {kind!r}: sandbox.kubernetes knows {', '.join(get_args(FaultKind))}")
    document = {"kind": kind, **options}
    try:
        msgspec.convert(document, Fault)
    except msgspec.ValidationError as error:
        raise ValueError(f"options of the fault {kind!r}: {error}") from None
    return document


def slack_fault(kind: str, method: str, channel: str | None, times: int, options: dict[str, Any]) -> dict[str, Any]:
    """Return Slack's fault as its control client takes it.

    Raises:
        ValueError: sandbox.slack knows no such fault or option.
    """
    from sandbox.slack.faults import Fault

    document = {"kind": kind, "method": method, "channel": channel, "times": times, **options}
    try:
        Fault(**document)
    except TypeError as error:
        raise ValueError(f"options of the fault {kind!r}: {error}") from None
    return document
