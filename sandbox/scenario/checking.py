"""Holds expectations against evidence; an expectation that does not hold says what was seen instead. Pure."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.scenario.expectations import (
    ClusterExpectation,
    EpisodeExpectation,
    Expectation,
    MessageExpectation,
    RejectionExpectation,
    SilenceExpectation,
    VerdictExpectation,
)
from sandbox.scenario.invariants import check_backfill, check_invariants
from sandbox.scenario.left_behind import LeftBehind, Outcome, Row, SlackMessage
from sandbox.scenario.model import Scenario

MAX_SHOWN = 4


def check(scenario: Scenario, evidence: LeftBehind) -> list[Outcome]:
    """Return the outcome of every expectation, those that hold for any scenario included."""
    outcomes = [_CHECKS[type(item)](item, evidence) for item in scenario.expect.all]
    outcomes += check_invariants(scenario, evidence)
    if scenario.backfill and evidence.backfill:
        outcomes += check_backfill(scenario.backfill, evidence.backfill)
        known_now = LeftBehind(verdicts=evidence.backfill.verdicts)
        for item in scenario.backfill.expect.verdicts:
            outcome = _check_verdict(item, known_now)
            outcomes.append(Outcome(f"backfill: as known now, {item.title}", outcome.held, outcome.detail))
    return outcomes


def _outcome(expectation: Expectation, wrong: list[str], right: str) -> Outcome:
    if not wrong:
        return Outcome(expectation.title, True, right)
    more = f" (+{len(wrong) - MAX_SHOWN} more)" if len(wrong) > MAX_SHOWN else ""
    return Outcome(expectation.title, False, "; ".join(wrong[:MAX_SHOWN]) + more)


def _matches(row: Row, columns: dict[str, Any]) -> bool:
    return all(row.get(column) == value for column, value in columns.items())


def _check_verdict(item: VerdictExpectation, evidence: LeftBehind) -> Outcome:
    wrong, seen = [], 0
    for cycle in item.cycles:
        rows = [row for row in evidence.verdicts if row["cycle"] == cycle and _matches(row, item.selection)]
        if not rows:
            wrong.append(f"cycle {cycle}: no verdict at all on it")
        if item.subjects is not None and len(rows) != item.subjects:
            wrong.append(f"cycle {cycle}: {len(rows)} subjects, not {item.subjects}")
        seen += len(rows)
        wrong += [f"cycle {cycle}: {_verdict_in_words(row)}" for row in rows if not _matches(row, item.columns)]
    return _outcome(item, wrong, f"{seen} verdicts")


def _verdict_in_words(row: Row) -> str:
    return (
        f"{row['subject']} is {row['verdict']} (measured {row.get('measured')}, limit {row.get('max_replicas')}, "
        f"reason {row.get('reason')})"
    )


def _check_cluster(item: ClusterExpectation, evidence: LeftBehind) -> Outcome:
    wanted = {"status": item.status} | ({"error_class": item.error_class} if item.error_class else {})
    wrong = []
    for cycle in item.cycles:
        rows = [row for row in evidence.collection_runs if row["cycle"] == cycle and row["cluster"] == item.cluster]
        if not rows:
            wrong.append(f"cycle {cycle}: no row in collection_runs")
        wrong += [
            f"cycle {cycle}: {row['status']} ({row.get('error_class')})" for row in rows if not _matches(row, wanted)
        ]
    return _outcome(item, wrong, item.status)


def _mentions(message: SlackMessage, api: str) -> bool:
    """Tell whether a message, in any version, names an API: as a word, not as a part of a longer name."""
    text = f"{message.text}\n{message.posted_text}\n{message.content}"
    return message.api_id == api or re.search(rf"(?<![\w.-]){re.escape(api)}(?![\w-])", text) is not None


def _is_about(item: MessageExpectation, message: SlackMessage) -> bool:
    return all(
        [
            item.channel in (None, message.channel, message.channel_name),
            item.kind in (None, message.kind),
            item.api is None or message.api_id == item.api or (message.api_id is None and _mentions(message, item.api)),
            item.cluster in (None, message.cluster),
            item.cycles is None or message.cycle in item.cycles,
            item.in_thread is None or item.in_thread == (message.thread_ts not in (None, message.ts)),
        ]
    )


def _check_message(item: MessageExpectation, evidence: LeftBehind) -> Outcome:
    about = [message for message in evidence.messages if _is_about(item, message)]
    found = [message for message in about if all(text.lower() in message.posted_text.lower() for text in item.text)]
    if len(found) == item.count:
        return Outcome(item.title, True, f"{item.count} found")
    seen = found or about or evidence.messages
    what = "these" if found or about else "none of that kind; all there is"
    shown = [f"#{message.channel_name} {message.kind}: {message.posted_text[:160]!r}" for message in seen]
    return _outcome(item, [f"{len(found)} found, not {item.count}; {what}:", *shown], "")


def _check_silence(item: SilenceExpectation, evidence: LeftBehind) -> Outcome:
    wrong = [
        f"cycle {message.cycle}, #{message.channel_name}: {message.posted_text[:160]!r}"
        for message in evidence.messages
        if _mentions(message, item.api) and (item.cycles is None or message.cycle in item.cycles)
    ]
    return _outcome(item, wrong, "silence")


def _check_episode(item: EpisodeExpectation, evidence: LeftBehind) -> Outcome:
    named = {
        "kind": item.kind,
        "state": item.state,
        "end_reason": item.end_reason,
        "severity": item.severity,
        "fired_cycle": item.fired,
        "resolved_cycle": item.resolved,
        "peak_measured": item.peak,
    }
    wanted = {column: value for column, value in named.items() if value is not None}
    about = [row for row in evidence.episodes if _matches(row, item.selection)]
    found = [row for row in about if _matches(row, wanted)]
    if len(found) == item.count:
        return Outcome(item.title, True, f"{item.count} found")
    shown = [_episode_in_words(row) for row in about] or ["no episode of it"]
    return _outcome(item, [f"{len(found)} found, not {item.count}:", *shown], "")


def _episode_in_words(row: Row) -> str:
    return (
        f"{row['kind']} {row['subject']}: {row['state']}, fired in {row.get('fired_cycle')}, resolved in "
        f"{row.get('resolved_cycle')} ({row.get('end_reason')}), {row.get('severity')}, peak {row.get('peak_measured')}"
    )


def _check_rejection(item: RejectionExpectation, evidence: LeftBehind) -> Outcome:
    rows = [row for row in evidence.rejections if row["document_id"] == item.document]
    if not rows:
        known = ", ".join(row["document_id"] for row in evidence.rejections) or "none"
        return _outcome(item, [f"not among the rejected documents: {known}"], "")
    wrong = [
        f"the reason lacks {text!r}: {row['reason']}"
        for row in rows
        for text in item.text
        if text.lower() not in row["reason"].lower()
    ]
    return _outcome(item, wrong, rows[0]["reason"])


_CHECKS: dict[type[Expectation], Callable[[Any, LeftBehind], Outcome]] = {
    VerdictExpectation: _check_verdict,
    ClusterExpectation: _check_cluster,
    MessageExpectation: _check_message,
    SilenceExpectation: _check_silence,
    EpisodeExpectation: _check_episode,
    RejectionExpectation: _check_rejection,
}


def not_held(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes that did not hold."""
    return [outcome for outcome in outcomes if not outcome.held]
