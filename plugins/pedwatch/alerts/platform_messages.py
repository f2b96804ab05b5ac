"""The messages to the platform's channel: a cluster nobody sees, limits nobody reads, a DAG that failed. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pedwatch.alerts.acknowledgements import SHOWN, Acknowledgement, fact_of, people_of, thread_of
from pedwatch.alerts.causes import in_words
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.messages import Message
from pedwatch.alerts.wording import api_of, clock_time, duration, name, place

_LIMITS, _UNACCEPTED, _RELABELLED = "limits_blind", "unaccepted_cluster", "relabelled"
_TITLES = {
    "moved": "Cluster moved",
    "ambiguous": "Cluster name taken",
    "project_removed": "Cluster without a project",
}


def compose(
    episode: Episode,
    reason: str,
    cycle: dt.datetime,
    run_url: str | None = None,
    acknowledged: Acknowledgement | None = None,
) -> Message:
    """Write the message about a blind cluster, one that waits to be accepted, changed labels, or limits not read."""
    links = [("Airflow run", run_url)] if run_url else []
    if episode.state == "resolved":
        return _resolved(episode, cycle, links)
    is_unaccepted = episode.subject.kind == _UNACCEPTED
    write = _not_accepted if is_unaccepted else _relabelled if episode.subject.kind == _RELABELLED else _blind
    message = write(episode, reason, cycle, links)
    if reason == "reminder":
        message = replace(message, thread=f"{message.thread} React with {SHOWN} to quiet these reminders.")
    if acknowledged is None:
        return message
    fact = fact_of(acknowledged, cycle) or ""
    is_news = reason == "acknowledged"
    return replace(
        message,
        facts=[*message.facts, ("Acknowledged by", fact)],
        thread=thread_of(acknowledged) if is_news else message.thread,
        people=people_of(acknowledged),
    )


def _blind(episode: Episode, reason: str, cycle: dt.datetime, links: list[tuple[str, str]]) -> Message:
    since = clock_time(episode.started_cycle, cycle)
    why = ""
    if episode.subject.kind == _LIMITS:
        title, what = "Limits blind", "the limits have not been read from Firestore"
        notes = ["verdicts go on with the limits known last"]
        advice = "Look at the newest runs of ped_limits_sync; see docs/runbooks/limits-are-stale.md"
    else:
        title, what = "Cluster blind", f"{episode.subject.cluster} could not be seen whole"
        why = f": {in_words(episode.offender)}"
        advice = "Look up what mends this cause in docs/runbooks/a-cluster-is-blind.md"
        notes = [
            "what its APIs run is not known, which does not mean that they are within their limits; until it is back, "
            "only those that are over in the part that was seen are told of"
        ]
    facts = [("Since", since)]
    if episode.subject.environment and episode.subject.kind != _LIMITS:
        facts.append(("Environment", episode.subject.environment))
    still = f"Still: {what}, {duration(cycle - episode.started_cycle)} by now{why}."
    return Message(
        mark=":black_circle:",
        title=title,
        summary=f"{what} since {since}{why}",
        advice=advice,
        facts=facts,
        notes=notes,
        thread=still if reason == "reminder" else "",
        links=links,
    )


def _resolved(episode: Episode, cycle: dt.datetime, links: list[tuple[str, str]]) -> Message:
    ended = episode.resolved_cycle or episode.last_cycle
    back = {
        _LIMITS: "the limits are read again",
        _UNACCEPTED: f"{episode.subject.cluster} is where it was, was accepted, or is gone, and waits no longer",
    }.get(episode.subject.kind, f"{episode.subject.cluster} is seen again")
    if episode.subject.kind == _RELABELLED:
        back = f"{api_of(episode)} in {place(episode)} no longer runs under another API's labels"
    if episode.end_reason == "cluster_retired":
        back = f"{episode.subject.cluster} was retired by name, and is not watched any more"
    lasted = duration(ended - episode.started_cycle)
    summary = f"{back} after {lasted}, {clock_time(episode.started_cycle, cycle)} to {clock_time(ended)}"
    return Message(":large_green_circle:", "Resolved", summary, thread=f"Resolved: {summary}.", links=links)


def _relabelled(episode: Episode, reason: str, cycle: dt.datetime, links: list[tuple[str, str]]) -> Message:
    since = clock_time(episode.started_cycle, cycle)
    what = f"{api_of(episode)} in {place(episode)} runs on under the labels of an API without a limit"
    still = f"Still: {what}, {duration(cycle - episode.started_cycle)} by now."
    return Message(
        mark=":black_circle:",
        title="Labels changed",
        summary=f"{what} since {since}",
        advice="Have the labels put back, or give the API that they name a limit",
        facts=[("Since", since), ("Team", name(episode.subject.team_id or "unknown"))],
        notes=["its alert neither goes on nor ends: a label ends no alert"],
        thread=still if reason == "reminder" else "",
        links=links,
    )


def _not_accepted(episode: Episode, reason: str, cycle: dt.datetime, links: list[tuple[str, str]]) -> Message:
    outcome = episode.offender or ""
    still = f"Still: {in_words(outcome)}, {duration(cycle - episode.started_cycle)} by now."
    return Message(
        mark=":black_circle:",
        title=_TITLES.get(outcome, "Cluster not accepted"),
        summary=episode.memory.detail or f"{episode.subject.cluster} is not where it was first seen",
        advice="Say in the configuration where it is, or retire it; see docs/runbooks/a-cluster-is-not-accepted.md",
        facts=[("Why", in_words(outcome)), ("Since", clock_time(episode.started_cycle, cycle))],
        notes=[
            "it is not collected until the configuration says where it is: its APIs are unknown, alerts there "
            "neither go on nor end"
        ],
        thread=still if reason == "reminder" else "",
        links=links,
    )


_HOW = {"timed_out": "timed out", "all_tasks_deadlocked": "could not go on (its tasks wait for each other)"}
_CONSEQUENCES = {
    "ped_replica_watch": "replica counts of this cycle were not judged; later cycles go on",
    "ped_limits_sync": "limits are as old as the last good run; after 15 minutes, or three cycles, messages say so",
    "ped_limits_sync.listen": "limits are read all the same; what else the platform has to hear waits",
    "ped_housekeeping": "tables or invariants need a look; alerts go on",
    "ped_digest": "the digest of this day is missing",
    "ped_replica_audit": "the evidence of that day is missing; the run may be cleared",
}


@dataclass(frozen=True)
class Progress:
    """How far a cycle of the watch came whose run failed."""

    clusters_seen: int
    is_judged: bool
    is_folded: bool
    waiting_messages: int
    pool: str | None = None
    """Where its pods may have waited for ever: of a run that timed out, unless the pool is Airflow's own."""

    def told(self) -> tuple[str, str]:
        """Say what was done, and what was not."""
        clusters = "1 cluster" if self.clusters_seen == 1 else f"{self.clusters_seen} clusters"
        messages = "1 message waits" if self.waiting_messages == 1 else f"{self.waiting_messages} messages wait"
        waited = f" (its pods wait for the pool {self.pool}: does it exist?)" if self.pool else ""
        steps = [
            (self.clusters_seen > 0, f"{clusters} collected", f"collected{waited}"),
            (self.is_judged or self.is_folded, "replica counts judged", "replica counts judged"),
            (self.is_folded, "alerts brought up to date", "alerts brought up to date (the next cycle makes up for it)"),
        ]
        done = [said for is_done, said, _ in steps if is_done]
        missing = [said for is_done, _, said in steps if not is_done]
        if self.waiting_messages:
            missing.append(f"{messages} for the next run")
        return "; ".join(done) or "nothing", "; ".join(missing) or "nothing is missing but the run's end"


def dag_failed(
    dag_id: str,
    run_id: str,
    cycle: dt.datetime,
    tasks: Sequence[str],
    reason: str,
    run_url: str | None,
    cause: str | None = None,
    progress: Progress | None = None,
) -> Message:
    """Write that a DAG's run failed; it stays until later runs finish.

    Args:
        dag_id: the DAG.
        run_id: the run.
        cycle: of the run, UTC.
        tasks: those that failed; of a run that timed out those that had not ended.
        reason: Airflow's word for how it ended.
        run_url: its page.
        cause: why, where that is known.
        progress: how far its cycle came; None where nobody knows.
    """
    which = (
        f", in {', '.join(tasks)}" if tasks and reason != "timed_out" else f" in {', '.join(tasks)}" if tasks else ""
    )
    summary = f"the run of {dag_id} for {clock_time(cycle)} {_HOW.get(reason, 'failed')}{which}" + (
        f": {cause}" if cause else ""
    )
    means = next((_CONSEQUENCES[f"{dag_id}.{task}"] for task in tasks if f"{dag_id}.{task}" in _CONSEQUENCES), None)
    means = means or _CONSEQUENCES.get(dag_id, "nothing was done")
    facts = [("DAG", dag_id), ("Run", run_id)]
    if progress is None:
        facts.append(("What it means", means))
    else:
        facts += zip(("Done", "Not done"), progress.told(), strict=True)
    links = [("Airflow run", run_url)] if run_url else []
    notes = ["one message until its runs finish again; docs/runbooks/a-task-failed.md"]
    return Message(":black_circle:", "DAG failed", summary, facts, notes, links=links)


def dag_recovered(dag_id: str, since: dt.datetime, cycle: dt.datetime, run_url: str | None) -> Message:
    """Write that a DAG's runs finish again."""
    summary = f"{dag_id} runs again after {duration(cycle - since)}, since {clock_time(cycle)}"
    links = [("Airflow run", run_url)] if run_url else []
    return Message(":large_green_circle:", "Resolved", summary, thread=f"Resolved: {summary}.", links=links)
