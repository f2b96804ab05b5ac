"""What messages tell a team that never heard of pedwatch: what a PED limit is, what to do, when it ends. Pure."""

import datetime as dt

from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.wording import counted, duration, pods
from pedwatch.config import Policy

WHAT_IT_IS = "PED limit: the most replicas that the platform team has granted an API"
NOTHING_IS_BLOCKED = "Nothing is blocked: pedwatch only tells"
CONTACT = "the platform team"
"""Whom messages say to ask, unless the configuration names somebody."""

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_MEND = {
    "no_limit_matches": "Publish a limit that matches it again",
    "limit_withdrawn": "Publish its limit again",
    "document_rejected": "Correct its limit's document and publish it",
    "labels_removed": "Put its labels back",
    "labels_missing": "Give it its labels",
    "hpa_is_stale": "Delete the HPA if what it scales is gone, or correct its scaleTargetRef",
}


def clean_cycles(policy: Policy, period: dt.timedelta) -> str:
    """Say how many clean cycles end an alert, and how long that takes: ``two clean cycles (10 minutes)``."""
    count = policy.clear_observations
    words = counted(count, "clean cycle")
    if count < len(_NUMBERS):
        words = words.replace(str(count), _NUMBERS[count], 1)
    span = count * period
    in_words = f"{span.seconds // 60} minutes" if span.total_seconds() < 3600 else duration(span)
    return f"{words}{' in a row' if count > 1 else ''} ({in_words})"


def when_over(episode: Episode, contact: str, hpa_max: int | None = None) -> str:
    """Say what a team does about an API over its limit."""
    limit, ceiling = episode.max_replicas or 0, episode.ceiling or episode.max_replicas or 0
    to = f"Bring it to {pods(limit)}{' or fewer' if limit else ''}"
    if episode.memory.is_over_exemption:
        to = f"Bring it to the {pods(ceiling)} that its exemption allows"
    if hpa_max is not None and hpa_max > ceiling:
        to += f" (its HPA may go to {hpa_max}: lower maxReplicas)"
    return f"{to}, or ask {contact} for more. {NOTHING_IS_BLOCKED}"


def when_frozen(reason: str | None, contact: str) -> str:
    """Say what somebody does so that an API is judged again."""
    mend = _MEND.get(reason or "")
    return f"{mend}, or ask {contact}, so that it is judged again. {NOTHING_IS_BLOCKED}" if mend else ""


def when_many_over(contact: str) -> str:
    """Say what a team does about many APIs over their limits."""
    return f"Bring each to its limit, or ask {contact} for more. {NOTHING_IS_BLOCKED}"
