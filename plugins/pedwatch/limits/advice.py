"""What is allowed in a limit but will not do what its author expects: said before it is published, never refused."""

import datetime as dt
from collections.abc import Iterable, Iterator

from pedwatch.config import Config, PolicyConfig
from pedwatch.limits.document import PedLimit
from pedwatch.written.spelling import meant

LONG_AGO = dt.timedelta(days=365)
"""A ceiling that begins longer ago is rather a year that was mistyped."""


def warnings_about(limits: Iterable[PedLimit], config: Config, now: dt.datetime) -> list[str]:
    """Return a sentence for each exemption, grant, time and label that will hardly do what was meant."""
    return [
        warning
        for limit in limits
        for warning in (
            *_approvals(limit, config.policy),
            *_grant(limit, config.policy),
            *_beginning(limit, now),
            *_labels(limit, config.label_keys.also),
        )
    ]


def _grant(limit: PedLimit, policy: PolicyConfig) -> Iterator[str]:
    """The allow-list is for exemptions; a grant by somebody else counts, and is worth a look."""
    known = {approver.id for approver in policy.approvers}
    if known and limit.grant.approver not in known:
        yield (
            f"{limit.limit_id}: granted by {limit.grant.approver}, whom policy.approvers in pedwatch.yaml does not name"
            f"{meant(limit.grant.approver, known)}; the ceiling counts all the same"
        )


def _beginning(limit: PedLimit, now: dt.datetime) -> Iterator[str]:
    if limit.effective_from is not None and now - limit.effective_from > LONG_AGO:
        years = (now - limit.effective_from) / LONG_AGO
        yield (
            f"{limit.limit_id}: effective_from {limit.effective_from:%Y-%m-%d} is {years:.1f} years ago: audits of "
            "that time, as known now, will count it. Is the year right?"
        )


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
