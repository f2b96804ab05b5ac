"""What stands around pedwatch: alert policies that watch it from outside, and quotas at the length of its cycle."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from pedwatch import deadlines
from pedwatch.config import Config
from pedwatch.doctor.findings import Finding
from pedwatch.doctor.google_rest import Ask, refusal

ALERTS, QUOTAS = "Alerts", "Quotas"
MONITORING = "https://monitoring.googleapis.com/v3"
SERVICE_USAGE = "https://serviceusage.googleapis.com/v1beta1"
MONITORING_RIGHT = "monitoring.alertPolicies.list (roles/monitoring.viewer)"
QUOTA_RIGHT = "serviceusage.quotas.get (roles/servicemanagement.quotaViewer)"
SILENCE = ("sync_silent", "watch_silent")
"""The dead-man's alerts, by the label that Terraform gives them: without these nobody hears that all stands still."""
OTHERS = (
    "callback_failed",
    "channel_failing",
    "dead_letter",
    "failed_runs",
    "half_of_the_quota",
    "parse_errors",
    "second_eye",
    "slack_read_refused",
)
USAGE = "bigquery.googleapis.com/quota/query/usage"
"""BigQuery's quota of what a project's queries may read in a day, in MiB."""
LEAST_MIB_A_CYCLE = 290
"""What a cycle and its sync bill in the smallest fleet: ten megabytes for each of twenty-nine tables (docs/cost.md)."""


def alert_findings(project: str, ask: Ask) -> Iterator[Finding]:
    """Look for the alert policies that Terraform makes: are they there, enabled, and does somebody hear them."""
    answer = ask(f"{MONITORING}/projects/{project}/alertPolicies?pageSize=500")
    if found := refusal(ALERTS, "policies", answer, MONITORING_RIGHT, f"correct the project: {project}"):
        yield found
        return
    policies: dict[str, Mapping[str, Any]] = {}
    for policy in answer.body.get("alertPolicies", []):
        if name := (policy.get("userLabels") or {}).get("pedwatch"):
            policies[str(name)] = policy
    for name in SILENCE:
        yield _alert(name, policies.get(name), "failed")
    missing = sorted(set(OTHERS) - policies.keys())
    if missing:
        fix = "watched = true, then terraform apply: docs/deployment.md, step 10"
        yield Finding(ALERTS, "other policies", "warning", f"missing: {', '.join(missing)}", fix)
    for name in sorted(policies.keys() & {*OTHERS}):
        yield _alert(name, policies[name], "warning")


def _alert(name: str, policy: Mapping[str, Any] | None, grade: Any) -> Finding:
    if policy is None:
        fix = "watched = true, then terraform apply: docs/deployment.md, step 10"
        return Finding(ALERTS, name, grade, "not there: nobody hears that all stands still", fix)
    if policy.get("enabled") is False:
        return Finding(ALERTS, name, grade, "switched off", "enable it in Monitoring, or terraform apply")
    if not policy.get("notificationChannels"):
        fix = "alert_emails or notification_channels in Terraform, not Slack's bot"
        return Finding(ALERTS, name, grade, "no channel: it opens and nobody hears it", fix)
    return Finding(ALERTS, name, "ok", f"{len(policy['notificationChannels'])} channels")


def load_finding(config: Config) -> Finding:
    """Say how many of BigQuery's loads into one table a day of cycles takes: that quota cannot be raised."""
    a_day = dt.timedelta(days=1) // config.period
    worst = a_day * (1 + deadlines.load_retries(config.period))
    detail = f"{a_day} a day, {worst} when each fails once or twice; BigQuery takes {deadlines.LOADS_A_DAY:,}"
    if worst <= deadlines.LOADS_A_DAY:
        return Finding(QUOTAS, "loads into observations", "ok", detail)
    return Finding(QUOTAS, "loads into observations", "failed", detail, "set a longer cycle_minutes")


def usage_findings(config: Config, ask: Ask) -> Iterator[Finding]:
    """Compare the daily quota of query usage with the least that a day of cycles bills."""
    what, project = "query usage a day", config.project
    metric = quote(USAGE, safe="")
    answer = ask(f"{SERVICE_USAGE}/projects/{project}/services/bigquery.googleapis.com/consumerQuotaMetrics/{metric}")
    if found := refusal(QUOTAS, what, answer, QUOTA_RIGHT, "enable bigquery.googleapis.com in the project"):
        yield found
        return
    limit = _limit(answer.body)
    least = dt.timedelta(days=1) // config.period * LEAST_MIB_A_CYCLE
    needs = f"the smallest fleet's cycles need {least / 1024 / 1024:.2f} TiB"
    if limit is None:
        yield Finding(QUOTAS, what, "warning", f"without an end; {needs}", "daily_query_tib in Terraform: a hard stop")
    elif limit < least:
        fix = "raise daily_query_tib in Terraform, or set a longer cycle_minutes: at the limit no cycle is judged"
        yield Finding(QUOTAS, what, "failed", f"{limit / 1024 / 1024:.2f} TiB; {needs}", fix)
    else:
        yield Finding(QUOTAS, what, "ok", f"{limit / 1024 / 1024:.2f} TiB; {needs}")


def _limit(body: Mapping[str, Any]) -> int | None:
    """The limit for the whole project, in MiB; None where there is none, which Google writes as -1."""
    for limit in body.get("consumerQuotaLimits", []):
        if str(limit.get("unit", "")).endswith("/d/{project}"):
            for bucket in limit.get("quotaBuckets", []):
                found = int(bucket.get("effectiveLimit", -1))
                if not bucket.get("dimensions"):
                    return found if found >= 0 else None
    return None
