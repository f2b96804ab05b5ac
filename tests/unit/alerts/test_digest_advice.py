"""Advice in the digest: grouped by rule, for its team only, and nothing when there is none."""

import datetime as dt
from typing import Any

from pedwatch.alerts.digest import Digest, compose
from tests.golden_messages import found

DAY = dt.date(2026, 3, 2)


def advice(rule: str, team_id: str, detail: str) -> dict[str, Any]:
    return {
        "rule": rule,
        "team_id": team_id,
        "api_id": "checkout",
        "environment": "prod",
        "cluster": "eu-prod-1",
        "subject": "cluster/prod.a.checkout/eu-prod-1",
        "detail": detail,
    }


def digest(*rows: dict[str, Any]) -> Digest:
    return found(coverage=1.0, advisories=rows)


def test_advice_is_a_line_per_rule() -> None:
    message = compose(
        digest(advice("hpa_max_over_limit", "a", "HPA max 20, limit 10"), advice("near_limit", "b", "9 of 10")),
        "all teams",
        DAY,
        "UTC",
    )
    assert "Advice: HPA may go above the limit (1): checkout in eu-prod-1: HPA max 20, limit 10" in message.lines
    assert "Advice: Near the limit for hours (1): checkout in eu-prod-1: 9 of 10" in message.lines


def test_a_team_reads_its_own_advice() -> None:
    both = digest(advice("hpa_max_over_limit", "a", "HPA max 20, limit 10"), advice("near_limit", "b", "9 of 10"))
    [line] = compose(both.of_team("b"), "b", DAY, "UTC").lines
    assert line.startswith("Advice: Near the limit")


def test_the_head_of_the_chain_of_packs_is_posted() -> None:
    message = compose(found(coverage=1.0, chain_head="ab12"), "all teams", DAY, "UTC")
    assert ("Head of the evidence", "sha256 ab12") in message.facts
    assert not [name for name, _ in compose(digest(), "all teams", DAY, "UTC").facts if "evidence" in name]
    alone = compose(found(coverage=1.0, chain_head="ab12", is_head_kept_elsewhere=False), "all teams", DAY, "UTC")
    assert ("Head of the evidence", "sha256 ab12; kept in Slack alone: evidence_heads is not configured") in alone.facts


def test_evidence_that_is_missing_is_listed_with_what_makes_it_for_the_platform_alone() -> None:
    missing = found(coverage=1.0, evidence_gaps=[("2026-03-01: no evidence pack", "airflow backfill create …")])
    assert compose(missing, "all teams", DAY, "UTC").lines == [
        "Evidence that is missing (1): 2026-03-01: no evidence pack",
        "To make it: airflow backfill create …",
    ]
    assert not missing.is_clear and missing.of_team("a").is_clear


def test_without_advice_all_is_clear() -> None:
    assert digest().is_clear
    assert not digest(advice("contested", "a", "two")).is_clear
