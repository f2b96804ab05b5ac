"""Writes tests/golden/<situation>.json, what each situation looks like in Slack: ``python -m tests.golden_messages``.

``tests/unit/alerts/test_golden_messages.py`` compares what stands there with what the code says, and holds every
message against Slack's limits. Run this after a change that is meant, and read the difference.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pedwatch.alerts import (
    api_storm_messages,
    block_kit,
    digest,
    failed_sends,
    foreign_messages,
    limit_messages,
    notifications,
    platform_messages,
    silence,
    welcome,
)
from pedwatch.alerts.acknowledgements import Acknowledgement
from pedwatch.alerts.channels.slack_refusals import CHANNEL
from pedwatch.alerts.delivery_messages import cannot_edit
from pedwatch.alerts.delivery_messages import odd_answer as odd_answer_of
from pedwatch.alerts.episodes import Episode, Evidence, Subject
from pedwatch.alerts.fold import fold_period
from pedwatch.alerts.ledger import from_clusters, from_limits_known
from pedwatch.alerts.limit_messages import Rejected
from pedwatch.alerts.message_lookup import Exemption, Known, LimitSource, Links, Site
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Told
from pedwatch.alerts.observed import Observation, SubjectObservation
from pedwatch.alerts.reconcile import reconcile
from pedwatch.alerts.surroundings import Surroundings
from pedwatch.config import Cluster, Config, PolicyConfig, Slack
from pedwatch.cycles import PERIOD, cycles_between
from pedwatch.observations.discovery import unaccepted_run
from pedwatch.observations.pins import settle
from pedwatch.observations.places import KnownCluster, Listed, Place
from pedwatch.page_urls import now_url

FOLDER = Path(__file__).parent / "golden"
START = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
SLACK = Slack.model_validate(
    {
        "platform_channel": "C0PLATFORM",
        "teams": {"orders": {"channel": "C0ORDERS", "mention": "<!subteam^S0ORDERS>", "mode": "team"}},
    }
)
ORDERS = Subject(
    fingerprint="3f2a9c",
    name="cluster/prod.orders.checkout/eu-prod-1",
    scope="cluster",
    environment="prod",
    cluster="eu-prod-1",
    namespace="shop",
    workload_kind="Deployment",
    workload_name="checkout",
    api_id="checkout",
    team_id="orders",
    limit_id="prod.orders.checkout",
)
SOURCE = LimitSource("dana", "PED-112", "https://github.com/shop/ped-limits.git", "prod/orders.yaml", "8c1f0d2b77aa")
LINKS = Links(
    "shop-prod",
    "https://console.cloud.google.com/kubernetes/{kind}/{location}/{cluster}/{namespace}/{name}/overview?project={project}",
    "https://airflow.example/dags/ped_replica_watch/runs/scheduled__2026-03-02T10:05:00+00:00",
    {"eu-prod-1": Site("shop-prod", "europe-west1")},
    "https://shop.example/ask-for-replicas",
    "https://slack.com/app_redirect?channel=C0PLATFORM",
    "https://wiki.shop.example/ped-limits",
    "https://airflow.example/ped-replicas",
)
CALM = (8, 8, 8, 7, 8, 8, 8, 9, 8, 8, 8, 8, None, 8, 8, 8, 8, 8)
SALE = Exemption("winter-sale", START + dt.timedelta(days=2), "winter sale", "ana@platform", "T-77", 20)
Shown = dict[str, Any]


def at(cycle: int) -> dt.datetime:
    """Return the cycle with this number, from 1."""
    return START + cycle * PERIOD


def seen(cycle: int, measured: int | None, limit: int = 10, subject: Subject = ORDERS, **fields: Any) -> Any:
    """Return an observation: over, clean or, without a count, not seen; ``seen`` says otherwise."""
    how = "unseen" if measured is None else "over" if measured > limit else "clean"
    given = {
        "cycle": at(cycle),
        "seen": how,
        "measured": measured,
        "max_replicas": limit,
        "ceiling": limit,
        "limit_version": 3,
        "offender": "deployment",
        "before": Evidence(10, 3, 8, 10),
        "now": Evidence(limit, 3, measured, 20),
    }
    return SubjectObservation(subject, Observation(**(given | fields)))


def told(rows: Iterable[Notification]) -> dict[str, Told]:
    """Return what the fold would read back."""
    return {
        row.episode_id: Told(row.episode_id, row.sequence, row.channel, row.destination, json.loads(row.told_state))
        for row in rows
    }


def story(
    *items: Any, around: Surroundings | None = None, cycles: int = 0, acknowledged: Acknowledgement | None = None
) -> list[Notification]:
    """Fold observations cycle by cycle; return the newest word of each episode and storm.

    ``acknowledged``: who takes care of all that was told, from the third cycle on.
    """
    by_cycle: dict[dt.datetime, list[Any]] = {}
    for item in items:
        by_cycle.setdefault(item.observation.cycle, []).append(item)
    episodes: dict[str, Episode] = {}
    newest: dict[str, Notification] = {}
    known = {ORDERS.fingerprint: Known((*CALM, 14, 14), 0, SOURCE, asked_for=18, hpa_max=20)}
    around = around or Surroundings(known, LINKS)
    for number in range(1, max(cycles, len(by_cycle)) + 1):
        latest = {e.subject.fingerprint: e for e in sorted(episodes.values(), key=lambda e: e.started_cycle)}
        changed = fold_period(
            latest.values(),
            by_cycle.get(at(number), []),
            cycles_between(at(number - 1), at(number), PERIOD),
            PolicyConfig(),
        )
        episodes |= {e.episode_id: e for e in changed}
        holding = {name: [acknowledged] for name in newest} if acknowledged else {}
        surroundings = replace(around, acknowledged=holding)
        rows = reconcile(episodes.values(), told(newest.values()), at(number), SLACK, surroundings)
        newest |= {row.episode_id: row for row in rows}
    return [row for row in newest.values() if not row.told_by]


def shown(message: Message, has_thread: bool = True) -> Shown:
    """Return what goes to Slack."""
    parent = {"text": block_kit.text_of(message), "blocks": block_kit.parent_blocks(message)}
    if not has_thread:
        return {"parent": parent}
    reply = {"text": block_kit.thread_text(message), "blocks": block_kit.thread_blocks(message)}
    return {"parent": parent, "thread": reply}


def only(rows: list[Notification], reason: str) -> Shown:
    """Return the one message that was told last, for the reason that the situation is about."""
    [row] = rows
    assert row.reason == reason, f"told because {row.reason}, not {reason}"
    return shown(row.message, has_thread=row.sequence > 1 and reason != notifications.SOME_BACK)


def known(**fields: Any) -> Surroundings:
    """Return surroundings in which this is known of the subject."""
    given = {"recent": (*CALM, 14, 14), "source": SOURCE} | fields
    return Surroundings({ORDERS.fingerprint: Known(**given)}, LINKS)


def hostile(text: str) -> Subject:
    """Return a subject whose labels and names are all this text."""
    names = dict.fromkeys(("name", "cluster", "namespace", "workload_name", "api_id", "limit_id"), text)
    return replace(ORDERS, **names)


def over_by_name(text: str) -> list[Notification]:
    """Return what is told of a subject with such names."""
    return story(*(seen(n, 14, subject=hostile(text)) for n in (1, 2)))


def crowd(count: int) -> list[Subject]:
    """Return many APIs of the team."""
    return [
        replace(ORDERS, fingerprint=f"f{n}", name=f"s{n}", api_id=f"api-{n:03}", workload_name=f"api-{n:03}")
        for n in range(count)
    ]


def storm(count: int) -> list[Any]:
    """Return two cycles in which many go over, each by another number."""
    return [seen(c, 12 + (n % 7) * (c - 1), subject=subject) for c in (1, 2) for n, subject in enumerate(crowd(count))]


def blind(statuses: str) -> list[Any]:
    """Return how a cluster was seen: ``c`` complete, ``f`` failed."""
    row = {"cluster": "us-prod-1", "environment": "prod", "error_message": None}
    words = {"c": ("complete", None), "f": ("failed", "connect_timeout")}
    return from_clusters(
        (
            row | {"cycle": at(n), "status": words[letter][0], "error_class": words[letter][1]}
            for n, letter in enumerate(statuses, 1)
        ),
        [],
    )


def changed_labels(seens: str) -> list[Any]:
    """Return how an API's workload was seen: ``o`` under another API's labels, ``c`` under its own."""
    subject = seen(1, 14).subject
    about = replace(subject, fingerprint="relabelled", name="relabelled", kind="relabelled")
    words: dict[str, Any] = {"o": "over", "c": "clean"}
    return [SubjectObservation(about, Observation(at(n), words[letter])) for n, letter in enumerate(seens, 1)]


def dark(statuses: str, count: int = 200, first: int = 0) -> list[Any]:
    """Return how many clusters were seen: ``c`` complete, ``f`` failed for one cause."""
    words = {"c": ("complete", None), "f": ("failed", "forbidden")}
    environments = ("prod", "prod", "prod", "staging", "dev")
    rows = [
        {
            "cycle": at(cycle),
            "cluster": f"eu-{environments[number % 5]}-{number:03}",
            "environment": environments[number % 5],
            "status": words[letter][0],
            "error_class": words[letter][1],
            "error_message": None,
        }
        for cycle, letter in enumerate(statuses, 1)
        for number in range(first, first + count)
    ]
    return from_clusters(rows, [])


def waiting(outcome: str, cycles: int = 1) -> list[Any]:
    """Return how a cluster waited to be accepted for some cycles, and was seen after them."""
    here = Place("shop-prod", "europe-west1", "main")
    there = Place("pay-prod", "us-east1", "main")
    sighting = Cluster(name="main", environment="prod")
    known = [KnownCluster(cluster=sighting, project=here.project, location=here.location, listed_at=START)]
    relabelled = sighting.model_copy(update={"environment": "dev"})
    sightings = {"moved": {here: relabelled}, "ambiguous": {here: sighting, there: sighting}, "project_removed": {}}
    projects = ["pay-prod"] if outcome == "project_removed" else ["shop-prod", "pay-prod"]
    config = Config.model_validate(
        {
            "project": "p",
            "bucket": "evidence",
            "firestore": {"project": "p"},
            "collector": {"image": "i:1"},
            "discovery": {"projects": projects},
            "slack": {"platform_channel": "C0PLATFORM"},
        }
    )
    [one] = settle(config, Listed(sightings[outcome]), known, at(1)).unaccepted
    rows = [unaccepted_run(one, at(n), at(n)) for n in range(1, cycles + 1)]
    last = {"cycle": at(cycles + 1), "status": "complete", "error_class": None, "error_message": None}
    return from_clusters([*rows, rows[-1] | last] if cycles > 1 else rows, [])


def found(**fields: Any) -> digest.Digest:
    """Return what a digest is made of: nothing, unless said."""
    lists: dict[str, Any] = dict.fromkeys(("firing", "near", "without", "exemptions", "late_changes"), ())
    proof = {"unsent": 0, "dead": 0, "coverage": 0.997, "judged": START, "asked_at": START + PERIOD}
    return digest.Digest(**(lists | proof | fields))


def busy(firing: int = 2) -> digest.Digest:
    """Return a digest with something of everything."""
    row = {"team_id": "orders", "cluster": "eu-prod-1", "namespace": "shop", "workload_name": "x", "subject": "s"}
    link = "https://shop.slack.com/archives/C0ORDERS/p1772"
    names = [f"api-{n}" for n in range(firing)]
    over = {"measured": 14, "max_replicas": 10, "since": START, "is_told": True, "permalink": link}
    soon = {"team_id": "orders", "api_id": "checkout", "exemption_id": "winter-sale", "ends_at": SALE.ends_at}
    late = {"team_id": "orders", "api_id": "basket", "max_replicas": 6}
    mended = {"cluster": "us-prod-1", "cycles": 3, "recorded_at": START + dt.timedelta(hours=1), "team_ids": ["orders"]}
    return found(
        firing=[row | over | {"api_id": name} for name in names],
        near=[row | {"api_id": "sessions", "measured": 19, "ceiling": 20}],
        without=[
            row | {"api_id": "search", "verdict": "no_limit"},
            row | {"api_id": None, "workload_name": "cron-7", "verdict": "unlabelled"},
            row | {"api_id": "old-shop", "verdict": "unknown"},
        ],
        exemptions=[soon],
        late_changes=[late | {"valid_from": START - dt.timedelta(days=1), "recorded_from": START}],
        late_observations=[mended | {"first_cycle": at(1), "last_cycle": at(3)}],
    )


def late_only() -> digest.Digest:
    """Return a digest of a calm morning after observations came late, for one cluster over midnight."""
    rows = [
        {"cluster": "us-prod-1", "cycles": 1, "first_cycle": at(1), "last_cycle": at(1), "recorded_at": at(4)},
        {
            "cluster": "eu-prod-1",
            "cycles": 7,
            "first_cycle": START - dt.timedelta(hours=12),
            "last_cycle": START - dt.timedelta(hours=10),
            "recorded_at": START - dt.timedelta(hours=9),
        },
    ]
    return found(late_observations=[row | {"team_ids": []} for row in rows])


def digest_of(value: digest.Digest, whose: str = "all teams") -> Shown:
    """Return a digest as it is shown."""
    page = now_url(LINKS.pages or "", "orders")
    return shown(digest.compose(value, whose, START.date(), "Europe/Berlin", page), has_thread=False)


def dag_failed(reason: str, progress: platform_messages.Progress | None = None) -> Shown:
    """Return what is said of a run of the watch that failed."""
    tasks = ["verdicts.compare"] if progress is None else ["alerts.notify"]
    run = "scheduled__2026"
    message = platform_messages.dag_failed("ped_replica_watch", run, at(1), tasks, reason, LINKS.run, None, progress)
    return shown(message, has_thread=False)


def rejected(step: int) -> Shown:
    """Return what a team is told of its limit's document: not valid, not valid otherwise, valid again."""
    reasons = ["max_replicas: must be a whole number, not 'ten'", "api_id: is missing", None]
    told_of: dict[str, Told] = {}
    message = Message("", "", "")
    for number, reason in enumerate(reasons[:step], 1):
        standing = {"prod.orders.checkout": Rejected(reason, True)} if reason else {}
        documents = {"prod.orders.checkout": "orders"}
        [row] = limit_messages.rows(documents, standing, told_of, SLACK, at(number), PERIOD, LINKS.for_help)
        told_of, message = {"prod.orders.checkout": told([row])[row.episode_id]}, row.message
    return shown(message, has_thread=step > 1)


def foreign(step: int) -> Shown:
    """Return what the platform hears of another environment in its channel: that it posts, another too, none."""
    staging, old = ("projects/shop/locations/europe-west1/environments/" + each for each in ("staging", "old"))
    told_of: dict[str, Told] = {}
    message = Message("", "", "")
    for number, others in enumerate([{staging}, {staging, old}, set()][:step], 1):
        [row] = foreign_messages.rows({"C0ORDERS": frozenset(others)}, told_of, SLACK, at(number))
        told_of, message = {"C0ORDERS": told([row])[row.episode_id]}, row.message
    return shown(message, has_thread=step > 1)


def silent(heard: silence.Heard, before: silence.Word | None = None, kind: silence.Kind = "judged") -> Shown:
    """Return what is said of a watch that is not heard, or is heard again."""
    now = ((before and before.first_after) or at(4)) + dt.timedelta(seconds=30)
    row = silence.row_to_write(kind, heard, before, "C0PLATFORM", now, "https://airflow.example/dags/ped_replica_watch")
    assert row is not None
    return shown(row.message, has_thread=row.sequence > 1)


def told_silent(first_after: dt.datetime) -> silence.Word:
    """Return what the channel was told at the fourth cycle, of a silence that is over since then."""
    row = silence.row_to_write("judged", silence.Heard(START, START, START, period=PERIOD), None, "C0PLATFORM", at(4))
    assert row is not None
    return silence.Word(told([row])[row.episode_id], first_after)


def dead_letter() -> Shown:
    """Return the alert about two messages that could not be delivered."""
    message = Message(":red_circle:", "Over limit", "checkout runs 14 pods in eu-prod-1, its limit is 10")
    leased = [
        {"notification_id": n, "channel": "C0ORDERS", "cycle": at(1), "message": json.dumps(message.to_json())}
        for n in ("n1", "n2")
    ]
    error = f"chat.postMessage: is_archived: {CHANNEL['is_archived']}"
    sends = [{"notification_id": n, "status": "dead", "error": error} for n in ("n1", "n2")]
    [row] = failed_sends.alerts_of(leased, sends, {}, "C0PLATFORM", at(1))
    return shown(Message.from_json(json.loads(row["message"])), has_thread=False)


def odd_answer() -> Shown:
    """Return the word about an answer that nobody here knows."""
    message = odd_answer_of("C0ORDERS", "chat.postMessage: channel_is_paused", ["Over limit: checkout runs 14 pods"])
    return shown(message, has_thread=False)


def cannot_be_edited() -> Shown:
    """Return the end of an episode whose parent stays as it is."""
    [*_, ended] = story(*OVER, seen(3, 8), seen(4, 8))
    return shown(cannot_edit(ended.message, "edit_window_closed"))


OVER = (seen(1, 14), seen(2, 14))
EXEMPT = {"seen": "exempt", "ceiling": 20}
WELCOMING = Config.model_validate(
    {
        "project": "shop-prod",
        "bucket": "evidence",
        "firestore": {"project": "shop-prod"},
        "collector": {"image": "i:1"},
        "clusters": [{"name": "eu-prod-1", "environment": "prod"}],
        "slack": SLACK.model_dump() | {"help_url": LINKS.help, "request_url": LINKS.request},
    }
)
CARED_FOR = Acknowledgement("a1", "e1", "U0MAYA", "reaction", "critical", at(3) - dt.timedelta(minutes=2))
MILDER = replace(CARED_FOR, severity="warning")
AT_SHELL = Acknowledgement(
    "a2",
    "e1",
    "dana@shop.example",
    "command",
    "warning",
    at(3) - dt.timedelta(minutes=2),
    "scaling down after the sale",
)
SALE_GOES_ON = replace(SALE, ends_at=START + dt.timedelta(days=9))
SALE_ENDS = replace(SALE, ends_at=at(4) + dt.timedelta(days=3))
MARKUP = "<!channel> *bold* _it_ `code` <http://x|y> & :tada: \x07\n#general @here https://evil.example"
RTL = "متجر-\u202eمرتفع-🛒-عربة"

SITUATIONS: dict[str, Callable[[], Shown]] = {
    "first": lambda: only(story(*OVER), "first"),
    "first_counted_by_the_hpa": lambda: only(
        story(
            seen(1, 13, offender="hpa", ceiling=12, running=8),
            seen(2, 13, offender="hpa", ceiling=12, running=8),
            around=known(surge_allowance=2),
        ),
        "first",
    ),
    "resolved_after_more_was_asked_for_than_ran": lambda: only(
        story(
            *(seen(n, 13, offender="hpa", ceiling=12, running=8) for n in (1, 2)),
            *(seen(n, 8, running=8) for n in (3, 4)),
        ),
        "resolved",
    ),
    "first_of_a_kind_that_is_not_counted": lambda: only(story(*(seen(n, 13, offender="hpa") for n in (1, 2))), "first"),
    "first_past_its_deadline": lambda: only(
        story(*(seen(n, 13, offender="rollout", running=13) for n in (1, 2)), around=known(is_past_deadline=True)),
        "first",
    ),
    "first_limit_lowered": lambda: only(
        story(*(seen(n, 14, before=Evidence(16, 2, 14, 20), now=Evidence(10, 3, 14, 20)) for n in (1, 2))), "first"
    ),
    "first_unknown_team": lambda: only(
        story(*(seen(n, 14, subject=replace(ORDERS, team_id="newcomers")) for n in (1, 2))), "first"
    ),
    "first_of_a_part": lambda: only(story(*(seen(n, 14, is_lower_bound=True) for n in (1, 2))), "first"),
    "worse": lambda: only(story(*OVER, seen(3, 19)), "worse"),
    "acknowledged": lambda: only(story(*OVER, seen(3, 14), acknowledged=CARED_FOR), "acknowledged"),
    "acknowledged_by_command": lambda: only(story(*OVER, seen(3, 14), acknowledged=AT_SHELL), "acknowledged"),
    "acknowledged_storm": lambda: only(
        story(*storm(12), *(seen(3, 14, subject=s) for s in crowd(12)), acknowledged=CARED_FOR), "storm"
    ),
    "acknowledged_blind": lambda: only(story(*blind("ffff"), acknowledged=CARED_FOR), "acknowledged"),
    "worse_after_it_was_acknowledged": lambda: only(
        story(*OVER, seen(3, 14), seen(4, 19), acknowledged=MILDER), "worse"
    ),
    "reminder": lambda: only(story(*(seen(n, 14) for n in range(1, 52))), "reminder"),
    "resolved_replicas_fell": lambda: only(story(*OVER, seen(3, 8), seen(4, 8)), "resolved"),
    "resolved_limit_raised": lambda: only(story(*OVER, seen(3, 14, 16), seen(4, 14, 16)), "resolved"),
    "resolved_workload_gone": lambda: only(story(*OVER, seen(3, 0, seen="gone")), "resolved"),
    "resolved_api_changed": lambda: only(story(*OVER, seen(3, None, seen="handed_over")), "resolved"),
    "resolved_kind_changed": lambda: only(story(*OVER, seen(3, None, seen="moved")), "resolved"),
    "resolved_environment_changed": lambda: only(story(*OVER, seen(3, None, seen="elsewhere")), "resolved"),
    "resolved_after_an_exemption": lambda: only(
        story(*OVER, seen(3, 14, **EXEMPT), seen(4, 8), seen(5, 8), around=known(exemption=SALE)), "resolved"
    ),
    "limits_stale": lambda: only(
        story(*OVER, around=replace(known(), limits_as_of=START - dt.timedelta(minutes=20))), "first"
    ),
    "limits_blind": lambda: only(
        story(*(from_limits_known(at(n), START - dt.timedelta(minutes=20), PERIOD) for n in (1, 2))), "first"
    ),
    "frozen": lambda: only(story(*OVER, seen(3, 14, seen="unseen", reason="limit_withdrawn")), "frozen"),
    "frozen_by_a_stale_hpa": lambda: only(story(*OVER, seen(3, 0, seen="unseen", reason="hpa_is_stale")), "frozen"),
    "judged_again": lambda: only(
        story(*OVER, seen(3, 14, seen="unseen", reason="limit_withdrawn"), seen(4, 14)), "judged_again"
    ),
    "steady": lambda: only(
        story(
            *(seen(n, 14 if n % 2 else 8) for n in range(1, 12)), *(seen(n, 14) for n in range(12, 18)), around=known()
        ),
        "steady",
    ),
    "flapping": lambda: only(story(*(seen(n, 14 if n % 2 else 8) for n in range(1, 11)), around=known()), "flapping"),
    "storm": lambda: only(story(*storm(12)), "storm"),
    "storm_some_resolved": lambda: only(
        story(*storm(12), *(seen(c, 9, subject=s) for c in (3, 4) for s in crowd(5))), "storm"
    ),
    "storm_over": lambda: only(
        story(*storm(12), *(seen(c, 9, subject=s) for c in (3, 4) for s in crowd(12))), "resolved"
    ),
    "storm_of_500_workloads": lambda: only(story(*storm(500)), "storm"),
    "blind": lambda: only(story(*blind("fff")), "first"),
    "clusters_blind": lambda: only(story(*dark("fff")), "storm"),
    "some_back": lambda: only(story(*dark("fffc", 50), *dark("ffff", 150, 50)), "some_back"),
    "shadowed": lambda: shown(api_storm_messages.left_in_shadow("orders", 12, at(2), at(3)), has_thread=False),
    "clusters_blind_some_stay": lambda: only(story(*dark("fff" + "c" * 4, 198), *dark("f" * 7, 2, 198)), "storm"),
    "clusters_blind_over": lambda: only(story(*dark("fffc")), "resolved"),
    "blind_resolved": lambda: only(story(*blind("fffc")), "resolved"),
    "cluster_moved": lambda: only(story(*waiting("moved")), "first"),
    "cluster_name_taken": lambda: only(story(*waiting("ambiguous")), "first"),
    "cluster_without_a_project": lambda: only(story(*waiting("project_removed")), "first"),
    "labels_changed": lambda: only(story(*changed_labels("o")), "first"),
    "labels_put_back": lambda: only(story(*changed_labels("oc")), "resolved"),
    "cluster_settled": lambda: only(story(*waiting("moved", 3)), "resolved"),
    "exempted": lambda: only(story(*OVER, seen(3, 14, **EXEMPT), around=known(exemption=SALE_GOES_ON)), "exempted"),
    "exemption_ending": lambda: only(
        story(*OVER, *(seen(n, 14, **EXEMPT) for n in (3, 4)), around=known(exemption=SALE_ENDS)), "exemption_ending"
    ),
    "exemption_ending_unasked": lambda: only(
        story(seen(1, 14, **EXEMPT), around=known(exemption=SALE)), "exemption_ending"
    ),
    "exemption_exceeded": lambda: only(
        story(*OVER, seen(3, 14, **EXEMPT), seen(4, 31, ceiling=20, has_exemption=True), around=known(exemption=SALE)),
        "exemption_exceeded",
    ),
    "exemption_ended": lambda: only(
        story(*OVER, seen(3, 14, **EXEMPT), seen(4, 14), around=known(exemption=SALE)), "exemption_ended"
    ),
    "dag_failed": lambda: dag_failed("task_failure"),
    "dag_timed_out": lambda: dag_failed("timed_out"),
    "dag_timed_out_while_telling": lambda: dag_failed("timed_out", platform_messages.Progress(48, True, True, 34)),
    "dag_recovered": lambda: shown(platform_messages.dag_recovered("ped_replica_watch", at(1), at(4), LINKS.run)),
    "welcome": lambda: shown(welcome.compose("orders", WELCOMING), has_thread=False),
    "limit_rejected": lambda: rejected(1),
    "limit_rejected_for_another_reason": lambda: rejected(2),
    "limit_accepted": lambda: rejected(3),
    "foreign_messages": lambda: foreign(1),
    "foreign_messages_of_others_too": lambda: foreign(2),
    "foreign_messages_over": lambda: foreign(3),
    "silence": lambda: silent(silence.Heard(START, START, START, period=PERIOD)),
    "silence_from_the_start": lambda: silent(silence.Heard(None, None, START - dt.timedelta(hours=3), period=PERIOD)),
    "silence_of_runs_that_do_not_finish": lambda: silent(
        silence.Heard(at(3), START, START, period=PERIOD), kind="finished"
    ),
    "silence_over": lambda: silent(silence.Heard(at(24), at(24), START, period=PERIOD), told_silent(at(24))),
    "dead_letter": dead_letter,
    "odd_answer": odd_answer,
    "cannot_be_edited": cannot_be_edited,
    "digest": lambda: digest_of(busy()),
    "digest_of_a_bad_day": lambda: digest_of(busy(40)),
    "digest_of_late_observations": lambda: digest_of(late_only()),
    "digest_of_silence": lambda: digest_of(replace(busy(), coverage=0.412, asked_at=START + dt.timedelta(hours=12))),
    "all_clear": lambda: digest_of(found(), "orders"),
    "very_long_names": lambda: only(over_by_name("very-long-" * 1000), "first"),
    "markup_in_labels": lambda: only(over_by_name(MARKUP), "first"),
    "right_to_left_and_emoji": lambda: only(over_by_name(RTL), "first"),
}


def text_of(value: Shown) -> str:
    """Return a golden file's text."""
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Write all golden files, and remove those of situations that are gone."""
    for path in FOLDER.glob("*.json"):
        if path.stem not in SITUATIONS:
            path.unlink()
    for name, situation in SITUATIONS.items():
        (FOLDER / f"{name}.json").write_text(text_of(situation()), encoding="utf-8")
    print(f"wrote {len(SITUATIONS)} messages to tests/golden")


if __name__ == "__main__":
    main()
