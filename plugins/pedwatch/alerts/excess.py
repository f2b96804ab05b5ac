"""How far over its limit a subject is: so far that it fires at once, or that it is critical. Pure."""

from pedwatch.alerts.observed import Observation
from pedwatch.config import Policy


def is_gross(observation: Observation, policy: Policy) -> bool:
    """Tell whether the excess fires at once: from gross_ratio × the ceiling that judged and ceiling + gross_count."""
    runs, ceiling = observation.runs, observation.judged_by
    if runs is None or ceiling is None:
        return False
    return runs >= policy.gross_ratio * ceiling and runs >= ceiling + policy.gross_count


def severity_of(observation: Observation, policy: Policy) -> str:
    """Return critical from critical_ratio × the ceiling that judged, warning below."""
    runs, ceiling = observation.runs, observation.judged_by
    if runs is None or ceiling is None:
        return "warning"
    return "critical" if runs >= policy.critical_ratio * ceiling else "warning"
