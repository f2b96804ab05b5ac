"""What was judged of a subject in a cycle, and why there was a message or none, in lines of text. Pure; times in UTC.

The rows are those of ``verdicts/explain.sql`` and ``verdicts/explain_observations.sql``.
"""

import datetime as dt
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
    if row["rejection"]:
        meanwhile = "; the version before stays in force" if row["limit_id"] else ""
        yield f"  document     does not validate: {' '.join(row['rejection'].split())}{meanwhile}"
    if row["episode_id"]:
        yield f"  episode      {_episode(row)}"
    if row["told_cycle"]:
        when = f", sent {row['told_at']:%Y-%m-%d %H:%M} UTC" if row["told_at"] else ""
        yield (
            f"  last told    {row['told_reason']} of cycle {_moment(row['told_cycle'], row['cycle'])} in "
            f"{row['told_channel']}: {row['told_status']}{when}"
        )
    if row["revisions"] > 1:
        yield f"  re-judged    {row['revisions']} revisions; shown is the first, which is what alerts follow"


def unmatched(version: Mapping[str, Any], cycle: dt.datetime) -> Iterable[str]:
    """Tell a limit that was in force in a cycle and took nothing; a row of ``page/limit_versions.sql``."""
    yield f"{version['limit_id']}, cycle {cycle:%Y-%m-%d %H:%M} UTC"
    yield "  explanation  nothing to tell: the limit is in force, and no workload that it takes was seen"
    source = " ".join(filter(None, (version["source_repo"], version["source_path"])))
    yield (
        f"  limit        version {version['version']}: {counted(version['max_replicas'], 'pod')}, granted by "
        f"{version['approver']} ({version['ticket']}){', ' + source if source else ''}; in force from "
        f"{version['valid_from']:%Y-%m-%d %H:%M} UTC"
    )
    yield "  to mend      compare team_id, api_id and selectors with the labels of the workload"


def is_in_force(version: Mapping[str, Any], cycle: dt.datetime) -> bool:
    """Tell whether a version of a limit holds in a cycle."""
    return version["valid_from"] <= cycle < version["valid_to"] and not version["is_deleted"]


def _moment(moment: dt.datetime, cycle: dt.datetime) -> str:
    return f"{moment:%H:%M}" if moment.date() == cycle.date() else f"{moment:%Y-%m-%d %H:%M}"


def _episode(row: Mapping[str, Any]) -> str:
    """Say how far it had come in that cycle; what came after is said to be later."""
    cycle, fired, ended = row["cycle"], row["fired_cycle"], row["resolved_cycle"]
    later: list[str] = []
    then = [f"{row['episode_phase']}; began {row['started_cycle']:%Y-%m-%d %H:%M}"]
    if fired is None or fired > cycle:
        then.append("not fired")
    if fired is not None:
        (later if fired > cycle else then).append(f"fired {_moment(fired, cycle)}")
    if ended is not None:
        (later if ended > cycle else then).append(f"ended {_moment(ended, cycle)} ({row['end_reason']})")
    return ", ".join(then) + (f"; later: {', '.join(later)}" if later else "")


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
