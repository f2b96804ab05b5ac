"""The judge's word on a soak."""

from dataclasses import dataclass

from soak.judge import growth
from soak.judge.evidence import Evidence, Finding
from soak.judge.ledger import Ledger
from soak.judge.told import Told


@dataclass(frozen=True)
class Verdict:
    """What was found, and over how much.

    Attributes:
        findings: what is wrong; none where all is well.
        counts: how much was looked at.
    """

    findings: list[Finding]
    counts: dict[str, int]


def judge(evidence: Evidence) -> Verdict:
    """Judge everything."""
    ledger = Ledger(evidence)
    found = list(ledger.findings())
    told = Told(evidence, ledger)
    found += told.findings()
    found += growth.findings(evidence)
    found += [Finding("pack", "audit", problem) for problem in evidence.pack_problems]
    counts = {
        "cycles": evidence.cycles,
        "verdicts compared": ledger.verdicts,
        "cycles judged before late files": ledger.late,
        "breaches that lasted": sum(breach.fired is not None for breach in told.breaches),
        "breaches that did not": sum(breach.fired is None for breach in told.breaches),
        "messages in Slack": len(evidence.messages),
        "words in the outbox": len(evidence.tables["notifications"]),
    }
    return Verdict(found, counts)
