"""What is allowed in a limit but will not do what its author expects: said before it is published, never refused."""

from collections.abc import Iterable, Iterator

from pedwatch.config import Config, PolicyConfig
from pedwatch.limits.document import PedLimit


def warnings_about(limits: Iterable[PedLimit], config: Config) -> list[str]:
    """Return a sentence for each exemption that will not count, and each label that is never collected."""
    return [
        warning
        for limit in limits
        for warning in (*_approvals(limit, config.policy), *_labels(limit, config.label_keys.also))
    ]


def _approvals(limit: PedLimit, policy: PolicyConfig) -> Iterator[str]:
    """An exemption counts only with the approval of somebody on the allow-list who is not of the team."""
    teams = {approver.id: approver.team_id for approver in policy.approvers}
    for exemption in limit.exemptions:
        if exemption.approver not in teams:
            reason = f"{exemption.approver} is not on the allow-list (policy.approvers in pedwatch.yaml)"
        elif teams[exemption.approver] == limit.team_id:
            reason = f"{exemption.approver} is of the team itself"
        else:
            continue
        yield f"{limit.limit_id}: exemption {exemption.id} will not count: {reason}"


def _labels(limit: PedLimit, collected: list[str]) -> Iterator[str]:
    for key in sorted(limit.selectors.labels.keys() - set(collected)):
        yield (
            f"{limit.limit_id}: selectors.labels.{key} will match nothing: this label is never collected. "
            f"Ask the platform team to add it to label_keys.also in pedwatch.yaml, or select by something else"
        )
