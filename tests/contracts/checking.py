"""All traffic of a folder, checked."""

from collections import Counter
from pathlib import Path

from tests.contracts.deviations import Findings
from tests.contracts.exchanges import recorded
from tests.contracts.google import GoogleCheck
from tests.contracts.kubernetes import KubernetesCheck
from tests.contracts.slack import SlackCheck


def check(folder: Path) -> Findings:
    """Hold what a folder has recorded against the descriptions."""
    findings = Findings()
    checks = {
        **{service: GoogleCheck(service, findings) for service in ("bigquery", "container", "storage")},
        "kubernetes": KubernetesCheck(findings),
        "slack": SlackCheck(findings),
    }
    counts: Counter[str] = Counter()
    unchecked: Counter[str] = Counter()
    for exchange, times in recorded(folder):
        if exchange.request is None or exchange.response is None:
            unchecked[exchange.service] += times
        counts[checks[exchange.service].check(exchange)] += times
    findings.exchanges, findings.unchecked = dict(sorted(counts.items())), dict(unchecked)
    return findings
