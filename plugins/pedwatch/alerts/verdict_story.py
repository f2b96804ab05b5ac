"""What was judged of a subject in a cycle, and why there was a message or none, in lines of text. Pure; times in UTC.

The rows are those of ``verdicts/explain.sql`` and ``verdicts/explain_observations.sql``.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pedwatch.alerts.wording import counted

_COUNTERS = {"deployment": "Deployment", "statefulset": "StatefulSet", "rollout": "Rollout", "hpa": "HPA"}


def story(row: Mapping[str, Any]) -> Iterable[str]:
    """Tell one verdict in lines: what was judged, by which limit, what became of it."""
    yield f"{row['subject']}, cycle {row['cycle']:%Y-%m-%d %H:%M} UTC"
    yield f"  explanation  {row['explanation']}"
    yield f"  verdict      {row['verdict']} ({row['reason']}){_measured(row)}"
    yield f"  limit        {_limit(row)}"
    if row["exemption_id"]:
        ceiling = "any count" if row["ceiling"] is None else row["ceiling"]
        yield f"  exemption    {row['exemption_id']}: up to {ceiling}"
    if row["episode_id"]:
        fired = f", fired {row['fired_cycle']:%H:%M}" if row["fired_cycle"] else ", not fired"
        ended = f", ended {row['resolved_cycle']:%H:%M} ({row['end_reason']})" if row["resolved_cycle"] else ""
        yield f"  episode      {row['episode_phase']}; began {row['started_cycle']:%Y-%m-%d %H:%M}{fired}{ended}"
    if row["told_cycle"]:
        when = f", sent {row['told_at']:%Y-%m-%d %H:%M} UTC" if row["told_at"] else ""
        yield (
            f"  last told    {row['told_reason']} of cycle {row['told_cycle']:%H:%M} in {row['told_channel']}: "
            f"{row['told_status']}{when}"
        )
    if row["revisions"] > 1:
        yield f"  re-judged    {row['revisions']} revisions; shown is the first, which is what alerts follow"


def _measured(row: Mapping[str, Any]) -> str:
    if row["measured"] is None:
        return ""
    least = "at least " if row["is_lower_bound"] else ""
    offender = f" by the {_COUNTERS.get(row['offender'], row['offender'])}" if row["offender"] else ""
    surge = f", {counted(row['surge_allowance'], 'pod')} of a rollout forgiven" if row["surge_allowance"] else ""
    running = ""
    if row["offender"] == "hpa":
        running = ", what runs is not counted" if row["running"] is None else f", {row['running']} run"
    late = ", a rollout is past its deadline" if row["is_past_deadline"] else ""
    return f": {least}{counted(row['measured'], 'pod')}{offender}{running}{surge}{late}"


def _limit(row: Mapping[str, Any]) -> str:
    if row["limit_id"] is None:
        return "none matches"
    if row["limit_version"] is None:
        return f"{row['limit_id']}: not in force in this cycle"
    tolerated = f" (ceiling {row['ceiling']})" if row["ceiling"] not in (None, row["max_replicas"]) else ""
    source = " ".join(filter(None, (row["source_repo"], row["source_path"], (row["source_commit"] or "")[:10])))
    known = f"; known as of {row['limits_known_at']:%H:%M}" if row["limits_known_at"] else ""
    stale = ", stale" if row["is_limits_stale"] else ""
    granted = counted(row["max_replicas"], "pod")
    return (
        f"{row['limit_id']} version {row['limit_version']}: {granted}{tolerated}, granted by "
        f"{row['approver']} ({row['ticket']}){', ' + source if source else ''}{known}{stale}"
    )


def seen(row: Mapping[str, Any]) -> str:
    """Tell one observed object, or a cluster that could not be seen, in a line."""
    if row["name"] is None:
        return f"  {row['cluster']}: {row['status']} ({row['error_class'] or 'no reason given'})"
    place = f"  {row['cluster']} / {row['namespace']} / {row['resource_type']} {row['name']}"
    if row["resource_type"] == "hpa":
        target = f"{row['hpa_target_api_version'] or 'no group'} {row['hpa_target_kind']} {row['hpa_target_name']}"
        current = "not said" if row["hpa_current_replicas"] is None else row["hpa_current_replicas"]
        stale = f", AbleToScale {row['hpa_able_to_scale']}" if row["hpa_able_to_scale"] != "True" else ""
        reason = f" ({row['hpa_able_to_scale_reason']})" if stale and row["hpa_able_to_scale_reason"] else ""
        return f"{place} for {target}: current {current}, max {row['hpa_max_replicas']}{stale}{reason}"
    running = "not said" if row["status_replicas"] is None else row["status_replicas"]
    taken = f", takes over {row['workload_ref_kind']} {row['workload_ref_name']}" if row["workload_ref_name"] else ""
    scale_down = f" (scaleDown {row['workload_ref_scale_down'] or 'never'})" if taken else ""
    return (
        f"{place}: asked for {row['spec_replicas']}, running {running}, of the newest template "
        f"{row['updated_replicas']}, {row['strategy'] or 'no strategy'}, maxSurge {row['max_surge'] or 'not written'}"
        f"{taken}{scale_down}{', being deleted' if row['deleted_at'] else ''}"
    )
