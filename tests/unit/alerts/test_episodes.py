"""The fold: when it fires, when it ends, what freezes it (docs/design.md#alerts)."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.alerts.carried import carried, to_write
from pedwatch.alerts.episode_states import fold
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.fold import fold_period
from pedwatch.alerts.observed import Observation, Seen, SubjectObservation
from pedwatch.config import Policy, PolicyConfig
from pedwatch.cycles import PERIOD, cycles_between
from tests.unit.alerts.stories import LIMIT, ORDERS, START, cycle_at, last, observations

POLICY = Policy()


def play(story: str) -> list[Episode]:
    """Fold a story in one go."""
    told = observations(story)
    return fold_period([], told, cycles_between(START, cycle_at(len(told)), PERIOD), PolicyConfig())


@pytest.mark.parametrize(
    ("story", "state", "fired", "resolved"),
    [
        ("O", "pending", None, None),
        ("OO", "firing", 2, None),
        ("O.O", "firing", 3, None),
        ("O..", "pending", None, None),
        ("O...", "inactive", None, None),
        ("O..O", "pending", None, None),
        ("G", "firing", 1, None),
        ("O?O", "firing", 3, None),
        ("O??????O", "firing", 8, None),
        ("OO.", "recovering", 2, None),
        ("OO.O", "firing", 2, None),
        ("OO..", "resolved", 2, 4),
        ("OO.?.", "resolved", 2, 5),
        ("OO??????", "firing", 2, None),
        ("OOX", "resolved", 2, 3),
        ("OX", "inactive", None, None),
        ("OOS", "resolved", 2, 3),
        ("OOEEE", "firing", 2, None),
        ("EO", "firing", 2, None),
        ("E.", "inactive", None, None),
        ("EEEO", "firing", 4, None),
        ("OOE..", "resolved", 2, 5),
        ("....", None, None, None),
        ("????", None, None, None),
    ],
    ids=[
        "one over is not enough",
        "the second over in a row fires",
        "two of the last three fire",
        "one of the last three still stands",
        "none of the last three: it never fired",
        "the window has moved on",
        "a gross excess fires at once",
        "unknown neither counts nor resets",
        "however long it lasts",
        "one clean is recovering",
        "over again while recovering",
        "two clean in a row resolve",
        "unknown between two clean ones does not reset either",
        "a dark cluster does not end it",
        "gone from a complete listing ends it at once",
        "gone before it fired",
        "a changed scope ends it at once",
        "an exemption mutes it, it goes on",
        "an exemption that ends re-fires at once",
        "within the limit when the exemption ends",
        "a long exemption that ends",
        "clean under an exemption ends it",
        "silence: a steady subject has no episode",
        "silence: an unseen subject has no episode",
    ],
)
def test_story(story: str, state: str | None, fired: int | None, resolved: int | None) -> None:
    episodes = play(story)
    if state is None:
        assert episodes == []
        return
    episode = last(episodes)
    assert episode.state == state
    assert episode.fired_cycle == (cycle_at(fired) if fired else None)
    assert episode.resolved_cycle == (cycle_at(resolved) if resolved else None)


def test_a_second_episode_knows_the_first() -> None:
    first, second = play("OO.. OO")
    assert first.state == "resolved" and second.state == "firing"
    assert second.previous_episode_id == first.episode_id
    assert first.episode_id != second.episode_id


def test_peak_and_counts() -> None:
    (episode,) = play("OGO?..")
    assert (episode.peak_measured, episode.peak_cycle) == (20, cycle_at(2))
    assert (episode.over_cycles, episode.unknown_cycles) == (3, 1)
    assert episode.severity == "critical"


def test_severity_never_falls_within_an_episode() -> None:
    assert last(play("GO")).severity == "critical"
    assert last(play("OO")).severity == "warning"


@pytest.mark.parametrize(
    ("measured", "limit", "gross"),
    [(15, 10, True), (14, 10, False), (3, 2, False), (4, 2, True), (2, 0, True), (1, 0, False)],
    ids=["1.5 times", "below 1.5 times", "1.5 times but only one more", "two more", "limit zero", "one over zero"],
)
def test_gross_is_from_one_and_a_half_times_and_two_more(measured: int, limit: int, gross: bool) -> None:
    observation = Observation(cycle_at(1), "over", measured, limit, limit)
    episode = fold(None, ORDERS, observation, POLICY)
    assert episode is not None
    assert (episode.state == "firing") is gross


def test_why_it_ended() -> None:
    assert last(play("OO..")).end_reason == "replicas_fell"
    assert last(play("OOX")).end_reason == "workload_gone"
    assert last(play("OOS")).end_reason == "scope_changed"
    assert last(play("OOM")).end_reason == "environment_changed"
    raised = observations("OO") + [
        SubjectObservation(ORDERS, Observation(cycle_at(n), "clean", 12, 20, 20, 2)) for n in (3, 4)
    ]
    (episode,) = fold_period([], raised, cycles_between(START, cycle_at(4), PERIOD), PolicyConfig())
    assert (episode.state, episode.end_reason) == ("resolved", "limit_raised")


def test_flapping_is_noticed_and_ends_when_calm() -> None:
    flapping = "OO.." * 5
    episode = last(play(flapping))
    assert episode.memory.is_flapping
    assert episode.state in ("firing", "recovering"), "while it flaps it is not resolved"
    assert last(play(flapping + "......")).state == "resolved"


def test_six_overs_in_a_row_end_the_quiet() -> None:
    episode = last(play("OO.." * 5 + "OOOOOO"))
    assert not episode.memory.is_flapping and episode.state == "firing"


STORIES = st.text(alphabet="OG.?EX", min_size=1, max_size=40)


@given(STORIES, st.lists(st.integers(0, 40), max_size=6), st.data())
def test_folding_in_pieces_with_repeats_is_folding_once(story: str, cuts: list[int], data: st.DataObject) -> None:
    """docs/design.md#d7: cycle by cycle with crashes and repeats equals the whole period in one go, ids included.

    Between two folds there is only what was written: what goes on as its row says is not.
    """
    told = observations(story)
    whole = {e.episode_id: e for e in play(story)}
    rows: dict[str, Episode] = {}
    after = START
    for cut in [*sorted({min(c, len(told)) for c in cuts} - {0}), len(told)]:
        until = START + cut * PERIOD
        for _ in range(data.draw(st.integers(1, 2))):  # a repeated fold of the same cycles
            latest: dict[str, Episode] = {}
            for episode in sorted(rows.values(), key=lambda e: e.started_cycle):
                latest[episode.subject.fingerprint] = carried(episode, after, PERIOD)
            window = [item for item in told if after < item.observation.cycle <= until]
            folded = fold_period(latest.values(), window, cycles_between(after, until, PERIOD), PolicyConfig())
            rows |= {e.episode_id: e for e in to_write(rows.values(), folded, until, PERIOD)}
        after = until
    assert {key: carried(episode, after, PERIOD) for key, episode in rows.items()} == whole


@pytest.mark.parametrize("goes_on", ["O", "?", "E"])
def test_what_goes_on_is_not_written_again(goes_on: str) -> None:
    """A day of it: once the window is full of it, nothing, also when what came before leaves the flap window."""
    told = observations("O.OO" + goes_on * 288)
    rows: dict[str, Episode] = {}
    written = []
    for item in told:
        cycle = item.observation.cycle
        latest = [carried(episode, cycle - PERIOD, PERIOD) for episode in rows.values()]
        folded = fold_period(latest, [item], cycles_between(cycle - PERIOD, cycle, PERIOD), PolicyConfig())
        changed = to_write(rows.values(), folded, cycle, PERIOD)
        rows |= {episode.episode_id: episode for episode in changed}
        written += [cycle] * len(changed)
    assert len(written) < 10
    assert max(written) < START + 12 * PERIOD


@given(STORIES)
def test_at_most_one_episode_is_open_and_ends_follow_starts(story: str) -> None:
    episodes = play(story)
    assert sum(episode.is_open for episode in episodes) <= 1
    for episode in episodes:
        assert episode.fired_cycle is None or episode.started_cycle <= episode.fired_cycle
        assert episode.resolved_cycle is None or episode.fired_cycle is not None
        assert (episode.peak_measured or LIMIT + 1) > LIMIT


def test_repeating_a_cycle_changes_nothing() -> None:
    first = last(play("OO"))
    again = fold(first, ORDERS, observations("OO")[-1].observation, POLICY)
    assert again == first


def test_a_gap_of_missing_cycles_freezes() -> None:
    told = [item for number, item in enumerate(observations("O....O"), 1) if number in (1, 6)]
    (episode,) = fold_period([], told, cycles_between(START, cycle_at(6), PERIOD), PolicyConfig())
    assert episode.state == "firing" and episode.unknown_cycles == 4
    assert episode.started_cycle - START == dt.timedelta(minutes=5)


@pytest.mark.parametrize(
    ("old", "new", "ended", "is_same"),
    [
        ("GK", "-G", [None], True),  # it goes on
        ("GK", "-.", [None], True),  # and recovers by the other's counts
        ("GK", "--", ["kind_changed"], True),  # the other was not seen
        ("GK", "GG", ["kind_changed", None], True),  # the other has an alert of its own
        ("GK", "-G", ["kind_changed", None], False),  # another API's
        ("GR", "-G", ["limit_rekeyed", None], True),  # another kind is no other key of a limit
    ],
)
def test_an_episode_goes_with_its_workload_to_another_kind(
    old: str, new: str, ended: list[str | None], is_same: bool
) -> None:
    api = ORDERS.api_id if is_same else "another"
    rollout = replace(ORDERS, fingerprint="f2", name="rollout", workload_kind="Rollout", api_id=api)
    told = observations(old) + observations(new, rollout)
    episodes = fold_period([], told, cycles_between(START, cycle_at(2), PERIOD), PolicyConfig())
    assert [episode.end_reason for episode in episodes] == ended
    if len(ended) == 1 and ended[0] is None:
        assert episodes[0].subject == rollout and episodes[0].started_cycle == cycle_at(1)


def test_an_episode_that_began_exempt_is_over_only_since_the_exemption_ended() -> None:
    episode = last(play("EEEO"))
    assert (episode.started_cycle, episode.over_since) == (cycle_at(1), cycle_at(4))


def first_fired(counts: list[int], limit: int, exemption: tuple[int, int, int] | None = None) -> int | None:
    """Judge counts by a limit, and by an exemption's ceiling from its first to its last cycle; when did it fire?"""
    found = []
    for number, measured in enumerate(counts, 1):
        has_exemption = exemption is not None and exemption[1] <= number <= exemption[2]
        ceiling = max(limit, exemption[0]) if exemption and has_exemption else limit
        seen: Seen = "clean" if measured <= limit else "exempt" if measured <= ceiling else "over"
        told = Observation(cycle_at(number), seen, measured, limit, ceiling, 1, has_exemption=has_exemption)
        found.append(SubjectObservation(ORDERS, told))
    fired = [
        e.fired_cycle
        for e in fold_period([], found, cycles_between(START, cycle_at(len(counts)), PERIOD), PolicyConfig())
    ]
    return min(((cycle - START) // PERIOD for cycle in fired if cycle), default=None)


COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=14)


@given(COUNTS, st.integers(11, 30), st.integers(1, 14), st.integers(1, 14))
def test_an_exemption_makes_alerting_no_hastier(counts: list[int], ceiling: int, starts: int, ends: int) -> None:
    fired, without = first_fired(counts, LIMIT, (ceiling, starts, ends)), first_fired(counts, LIMIT)
    assert fired is None or (without is not None and without <= fired)


@given(COUNTS, st.integers(11, 30))
def test_an_exemption_fires_when_a_limit_of_its_height_does(counts: list[int], ceiling: int) -> None:
    assert first_fired(counts, LIMIT, (ceiling, 1, len(counts))) == first_fired(counts, ceiling)
