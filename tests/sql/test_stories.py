"""Stories over cycles: compared by the statement that ships, folded by the task that ships, one cycle after the other.

What one cycle shows is a case; what takes time is a story: an episode begins, freezes, ends, or must not begin at all.
"""

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from pedwatch.alerts import silence
from pedwatch.alerts.live.live_fold import fold_alerts
from pedwatch.hooks.warehouse import Warehouse
from tests.sql.case_files import comparable
from tests.sql.story_files import Story, configured, read_stories, retimed
from tests.sql.test_cases import CASES, _load

STORIES = read_stories()
TRAPS = {
    "same deployment name in two clusters": ["story same_name_in_two_clusters", "same_name_in_two_clusters"],
    "limit raised between observation and comparison": [
        "story limit_raised_between_observation_and_comparison",
        "limit_valid_at_that_minute",
    ],
    "max_replicas 0": ["limit_zero", "limit_zero_and_one_pod"],
    "labels changed mid-episode": [
        "story labels_changed_mid_episode",
        "story labels_changed_of_one_of_several",
        "story labels_changed_within_a_total",
        "story labels_changed_where_each_is_a_subject",
        "story other_api_gets_a_limit",
        "story label_changed_out_of_the_selector",
        "labels_of_another_api_end_nothing",
        "label_changed_out_of_the_selector",
    ],
    "a workload deleted and re-created under the same name": [
        "story recreated_under_the_same_name",
        "recreating_does_not_renew_grace",
    ],
    "HPA without Deployment": [
        "story hpa_and_deployment_without_each_other",
        "hpa_of_a_missing_target_is_unknown",
        "hpa_that_cannot_read_its_target",
        "hpa_where_deployments_were_not_listed",
    ],
    "a team that moves from one kind to another": ["story team_moves_to_a_rollout", "other_kinds_are_counted"],
    "an HPA's count that is stale": ["hpa_that_cannot_read_its_target", "hpa_of_a_target_at_zero_or_going"],
    "Deployment without HPA": ["story hpa_and_deployment_without_each_other", "one_more_is_over"],
    "HPA current over the limit with the Deployment under": [
        "story hpa_and_deployment_without_each_other",
        "hpa_over_while_the_deployment_is_under",
    ],
    "maxSurge as a percentage": ["rollout_surge_is_forgiven"],
    "maxSurge as a number": ["surge_forgives_only_what_max_surge_allows"],
    "a rollout stuck for hours": ["story rollout_stuck_for_hours", "stuck_rollout_outlives_its_budget"],
    "rollouts repeated to renew the allowance": ["story rollouts_repeated_to_renew_the_allowance"],
    "a crash loop": ["story crash_loop"],
    "a plain scale-up is no rollout": ["story scale_up_within_the_limit", "scale_up_is_no_rollout"],
    "over/within/over/within": ["story over_and_within_by_turns"],
    "a label removed while firing": ["story label_removed_while_firing", "label_removed_freezes"],
    "a label left empty while firing": ["story label_emptied_while_firing", "empty_label_is_no_label"],
    "a count above an exemption": ["story exemption_makes_nothing_hastier"],
    "a limit given another key while firing": ["story limit_rekeyed_while_firing"],
    "a limit deleted while firing": ["story limit_deleted_while_firing", "limit_withdrawn_while_it_runs"],
    "a cluster gone from discovery while firing": [
        "story cluster_gone_from_discovery_while_firing",
        "cluster_no_longer_watched",
    ],
    "a cluster retired while firing": ["story cluster_retired_while_firing"],
    "a total whose cluster is retired": ["story total_with_a_retired_cluster"],
    "a rejection learnt late": ["story rejection_learnt_late", "rejected_document_is_an_invalid_limit"],
    "nothing judged for days": ["story paused_over_a_weekend"],
    "a cluster's label removed or mistyped while firing": [
        "story cluster_label_removed_while_firing",
        "story cluster_label_mistyped_and_accepted",
        "story cluster_accepted_in_another_environment",
    ],
    "a namesake of a cluster": ["story namesake_of_a_cluster_while_firing"],
    "a project taken off discovery": ["story project_taken_off_while_firing"],
    "a total-scope sum with one dark cluster, over and under": [
        "story total_with_one_dark_cluster",
        "total_with_a_dark_cluster_is_unknown",
        "total_with_a_dark_cluster_may_still_be_over",
    ],
    "a proven excess in a cluster that is seen only in part": [
        "story cluster_seen_only_in_part",
        "partial_cluster_proves_only_over",
    ],
    "a cycle missing altogether": ["story cycle_missing_altogether"],
}
"""Every way known to be misled, and what shows that pedwatch is not: stories, and cases of ``verdicts/compare``."""


LENGTHS = (1, 5, 60)
"""What every run of the tests has stories of."""
CHEAP = 3
"""A story of so many judged cycles is told at all lengths; a longer one at one of them."""


def dealt(stories: list[Story]) -> list[Any]:
    """Return which story is told at which length: the same in every run, and each length has its share."""
    found = []
    turn = 0
    for story in stories:
        lengths: tuple[int, ...] = LENGTHS
        if len(story.cycles) > CHEAP:
            lengths, turn = (LENGTHS[turn % len(LENGTHS)],), turn + 1
        if story.minutes_matter:
            lengths = (5,)
        found += [pytest.param(story, minutes, id=f"{story.name}-{minutes}") for minutes in lengths]
    return found


def _table(warehouse: Warehouse, name: str) -> list[dict[str, Any]]:
    table = f"{warehouse.config.project}.{warehouse.config.dataset}.{name}"
    return [dict(row.items()) for row in warehouse.client.list_rows(table)]


def _subjects(warehouse: Warehouse, cycle: dt.datetime) -> list[dict[str, Any]]:
    """A row per subject that has a verdict in the cycle or an open episode: both, side by side."""
    episodes = sorted(_table(warehouse, "episodes"), key=lambda row: row["started_cycle"])
    newest = {row["fingerprint"]: row for row in episodes if row["kind"] == "over_limit"}
    verdicts = {row["fingerprint"]: row for row in _table(warehouse, "verdicts") if row["cycle"] == cycle}
    still_open = {key for key, row in newest.items() if row["state"] in ("pending", "firing", "recovering")}
    subjects = []
    for key in sorted(verdicts.keys() | still_open):
        episode = newest.get(key, {})
        about = {"episode": episode.get("state"), "end_reason": episode.get("end_reason")}
        subjects.append(verdicts.get(key, {}) | about)
    return subjects


def _told(warehouse: Warehouse) -> list[str]:
    """All messages, as a story writes them; those that are not about a limit with what they are about.

    That cycles were missed is left out: hours are made short by judging nothing in them.
    """
    kinds = {row["episode_id"]: row["kind"] for row in _table(warehouse, "episodes")}
    rows = _table(warehouse, "notifications")
    messages = sorted(rows, key=lambda row: (row["cycle"], row["reason"], kinds.get(row["episode_id"], "")))
    return [
        f"{row['cycle']:%H:%M} {kinds[row['episode_id']]} {row['reason']}".replace(" over_limit ", " ")
        for row in messages
        if row["reason"] != silence.OVER
    ]


def test_every_trap_has_its_story_or_case() -> None:
    written = {f"story {story.name}" for story in STORIES}
    written |= {case.name.rpartition("/")[2] for case in CASES if case.statement == "verdicts/compare.sql"}
    missing = {trap: found for trap, names in TRAPS.items() if (found := set(names) - written)}
    assert not missing


@pytest.mark.parametrize(("story", "minutes"), dealt(STORIES))
def test_story(story: Story, minutes: int, tables: Warehouse) -> None:
    play(retimed(story, [minutes]), tables)


def test_stories_cover_all_lengths() -> None:
    told = [told.values for told in dealt(STORIES)]
    assert min(Counter(minutes for _, minutes in told)[length] for length in LENGTHS) >= 10
    assert {story.name for story, _ in told} == {story.name for story in STORIES}


@pytest.mark.parametrize("name", ["over_and_within_by_turns", "cycle_missing_altogether"])
def test_a_story_is_the_same_while_the_length_of_cycles_changes(name: str, tables: Warehouse) -> None:
    [story] = [retimed(story, [5, 5, 1, 1, 1, 2, 5]) for story in STORIES if story.name == name]
    play(story, tables)
    minutes = {row["cycle"]: row["cycle_minutes"] for row in story.given["collection_runs"]}
    assert {row["cycle_minutes"] == minutes[row["cycle"]] for row in _table(tables, "verdicts")} == {True}
    # A backfill runs the cycles of today's schedule, also those that were none: nothing is said of them.
    nobodys = min(minutes) + dt.timedelta(seconds=30)
    tables.write("verdicts/compare.sql", story.cycles[0].params | {"cycle": nobodys, "origin": "backfill"})
    assert [row for row in _table(tables, "verdicts") if row["cycle"] == nobodys] == []


def play(story: Story, empty: Warehouse) -> None:
    """Judge and fold the cycles of a story, each as a worker does whose configuration has that cycle's length."""
    for table, rows in story.given.items():
        _load(empty, table, rows)
    minutes = {row["cycle"]: row["cycle_minutes"] for row in story.given["collection_runs"]}
    for judged in story.cycles:
        config = empty.config.model_copy(update={"cycle_minutes": configured(minutes[judged.cycle])})
        tables = Warehouse(empty.client, config, empty.sql_root)
        tables.write("verdicts/compare.sql", judged.params)
        fold_alerts(tables, config, judged.cycle, judged.cycle, "run-1", may_notify=True)
        found = _subjects(tables, judged.cycle)
        assert comparable(found, judged.expect) == comparable(judged.expect, judged.expect), f"at {judged.cycle:%H:%M}"
    assert _told(empty) == story.told
