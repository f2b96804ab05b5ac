"""The messages to the platform's channel: a cluster nobody sees, limits nobody reads, a DAG that failed. Pure."""

import datetime as dt

from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.messages import Message
from pedwatch.alerts.wording import clock_time, duration


def compose(episode: Episode, reason: str, cycle: dt.datetime, run_url: str | None = None) -> Message:
    """Write the message about a blind cluster, or about limits that are not read."""
    since, is_limits = clock_time(episode.started_cycle, cycle), episode.subject.kind == "limits_blind"
    links = [("Airflow run", run_url)] if run_url else []
    if episode.state == "resolved":
        ended = episode.resolved_cycle or episode.last_cycle
        lasted = duration(ended - episode.started_cycle)
        back = "the limits are read again" if is_limits else f"{episode.subject.cluster} is seen again"
        summary = f"{back} after {lasted}, {since} to {clock_time(ended)}"
        return Message(":large_green_circle:", "Resolved", summary, thread=f"Resolved: {summary}.", links=links)
    if is_limits:
        title, what = "Limits blind", "the limits have not been read from Firestore"
        notes = ["verdicts go on with the limits known last"]
    else:
        title, what = "Cluster blind", f"{episode.subject.cluster} could not be seen whole"
        notes = [
            "its APIs are unknown, not within their limits; until it is back, no other message about them "
            "but of what is over its limit in the part that was seen"
        ]
    facts = [("Since", since)]
    if episode.offender:
        facts.insert(0, ("Why", episode.offender))
    summary = f"{what} since {since}" + (f" ({episode.offender})" if episode.offender else "")
    still = f"Still: {what}, {duration(cycle - episode.started_cycle)} by now."
    return Message(":black_circle:", title, summary, facts, notes, still if reason == "reminder" else "", links=links)


def dag_failed(
    dag_id: str, run_id: str, cycle: dt.datetime, tasks: list[str], run_url: str | None, cause: str | None = None
) -> Message:
    """Write that a DAG's run failed, and why where that is known; it stays until a later run succeeds."""
    consequence = {
        "ped_replica_watch": "replica counts of this cycle were not judged; later cycles go on",
        "ped_limits_sync": "limits are as old as the last good run; after 15 minutes messages say so",
        "ped_housekeeping": "tables or invariants need a look; alerts go on",
        "ped_digest": "the digest of this day is missing",
        "ped_replica_audit": "the evidence of that day is missing; the run may be cleared",
    }
    which = f", in {', '.join(tasks)}" if tasks else ""
    summary = f"the run of {dag_id} for {clock_time(cycle)} failed{which}" + (f": {cause}" if cause else "")
    facts = [("DAG", dag_id), ("Run", run_id), ("What it means", consequence.get(dag_id, "nothing was done"))]
    links = [("Airflow run", run_url)] if run_url else []
    notes = ["one message until a run succeeds again; docs/runbooks/a-task-failed.md"]
    return Message(":black_circle:", "DAG failed", summary, facts, notes, links=links)


def dag_recovered(dag_id: str, since: dt.datetime, cycle: dt.datetime, run_url: str | None) -> Message:
    """Write that a DAG succeeds again."""
    summary = f"{dag_id} runs again after {duration(cycle - since)}, since {clock_time(cycle)}"
    links = [("Airflow run", run_url)] if run_url else []
    return Message(":large_green_circle:", "Resolved", summary, thread=f"Resolved: {summary}.", links=links)
