"""What the pages decide without asking anybody: how old, how bad, which part, who waits for whom."""

import datetime as dt
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.audit.lines import Line, state_of
from pedwatch.audit.subject_days import _run
from pedwatch.page import api_view, coverage_view, now_view
from pedwatch.page.answers import REFUSED_SECONDS, SECONDS, SharedAnswers
from pedwatch.page.freshness import freshness
from pedwatch.page.now_view import Wish
from pedwatch.page_urls import api_address, now_url

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
FIVE = dt.timedelta(minutes=5)


@pytest.mark.parametrize(
    ("age", "missing", "state"),
    [
        pytest.param(2, 0, "current", id="just judged"),
        pytest.param(9, 0, "current", id="the next is on its way"),
        pytest.param(10, 1, "late", id="the next should have been there"),
        pytest.param(61, 11, "late", id="for an hour"),
        pytest.param(-1, 0, "current", id="a clock that is behind"),
    ],
)
def test_a_cycle_is_missing_when_it_had_its_time(age: int, missing: int, state: str) -> None:
    fresh = freshness(NOON, FIVE, NOON + dt.timedelta(minutes=age))
    assert (fresh.missing, fresh.state, fresh.is_late) == (missing, state, missing > 0)
    assert ("missing since" in fresh.words) == fresh.is_late


def test_what_never_was_is_late() -> None:
    assert freshness(None, FIVE, NOON).is_late and freshness(None, FIVE, NOON).state == "never"


# Whose answer is shared.


def test_one_asks_and_all_have_the_answer_for_a_minute() -> None:
    moment, asked = [0.0], []
    answers = SharedAnswers(lambda: moment[0])

    def ask() -> int:
        asked.append(1)
        return len(asked)

    for moment[0] in (0.0, SECONDS - 1, SECONDS, SECONDS + 1):
        assert answers.get("q", ask) == len(asked)
    assert len(asked) == 2


def test_a_refusal_is_everybodys_and_kept_shorter() -> None:
    moment, asked = [0.0], []
    answers = SharedAnswers(lambda: moment[0])

    def refuse() -> None:
        asked.append(1)
        raise LookupError("no")

    for moment[0] in (0.0, REFUSED_SECONDS - 1, REFUSED_SECONDS):
        with pytest.raises(LookupError, match="no"):
            answers.get("q", refuse)
    assert len(asked) == 2
    assert answers.get("other", lambda: 7) == 7


def test_who_asks_meanwhile_waits_and_asks_not() -> None:
    answers, may_end, asked, got = SharedAnswers(), threading.Event(), [], []

    def slow() -> int:
        asked.append(1)
        may_end.wait(10)
        return 7

    threads = [threading.Thread(target=lambda: got.append(answers.get("q", slow))) for _ in range(5)]
    for thread in threads:
        thread.start()
    may_end.set()
    for thread in threads:
        thread.join(10)
    assert (got, len(asked)) == ([7] * 5, 1)


def test_what_was_asked_longest_ago_is_forgotten() -> None:
    answers, asked = SharedAnswers(lambda: 0.0, most=2), []
    for question in ("a", "b", "a", "c", "a", "b"):
        answers.get(question, lambda question=question: asked.append(question))
    assert asked == ["a", "b", "c", "b"]


# Now.


def row(**columns):
    given = {"subject": "s", "environment": "prod", "cluster": "c", "team_id": "t", "api_id": "a", "max_replicas": 10}
    more = {"verdict": "within_limit", "measured": 5, "ceiling": 10, "started_cycle": None}
    return {**given, **more, **columns}


@pytest.mark.parametrize(
    ("columns", "over", "use", "is_near"),
    [
        pytest.param({}, -5, 0.5, False, id="within"),
        pytest.param({"measured": 9}, -1, 0.9, True, id="near"),
        pytest.param({"measured": 9, "verdict": "unknown"}, -1, 0.9, False, id="what was not seen is not near"),
        pytest.param({"measured": None}, None, None, False, id="not seen is no number"),
        pytest.param({"ceiling": None, "max_replicas": None}, None, None, False, id="nothing granted"),
        pytest.param({"measured": 12, "ceiling": 15}, -3, 0.8, False, id="the ceiling counts, not the limit"),
        pytest.param({"measured": 0, "ceiling": 0}, 0, 0.0, False, id="none of none"),
        pytest.param({"measured": 3, "ceiling": 0, "verdict": "over_limit"}, 3, 2.0, False, id="some of none"),
    ],
)
def test_how_far_over(columns: dict, over: int | None, use: float | None, is_near: bool) -> None:
    subject = now_view.subject_of(row(**columns))
    assert (subject.over, subject.use, subject.is_near) == (over, use, is_near)
    assert 0 <= subject.bar <= 150


rows_of = st.lists(
    st.builds(
        row,
        subject=st.text("abc", min_size=1, max_size=3),
        verdict=st.sampled_from([*now_view.VERDICTS, "a_new_one"]),
        measured=st.none() | st.integers(0, 50),
        ceiling=st.none() | st.integers(0, 20),
        team_id=st.none() | st.sampled_from(["t", "u"]),
        api_id=st.none() | st.sampled_from(["a", "b"]),
    ),
    max_size=30,
)


@given(rows_of, st.sampled_from([*now_view.SORTS, "nonsense"]))
def test_sorting_loses_nobody_and_those_over_come_first(rows, sort: str) -> None:
    fleet = now_view.fleet_of(rows)
    assert len(now_view.chosen(fleet, Wish(sort=sort))) == len(rows) == sum(fleet.counts.values())
    ranks = [subject.row["verdict"] for subject in fleet.subjects]
    firsts = [
        ranks.index(verdict) for verdict in ("a_new_one", "over_limit", "unknown", "within_limit") if verdict in ranks
    ]
    assert firsts == sorted(firsts)


@given(st.integers(0, 450), st.integers(-3, 9))
def test_pages_are_all_of_it_once(total: int, number: int) -> None:
    rows = list(range(total))
    asked = now_view.page_of(rows, number)
    assert 1 <= asked.number <= asked.pages
    assert [one for page in range(asked.pages) for one in now_view.page_of(rows, page + 1).rows] == rows


def test_an_address_says_what_differs_and_begins_at_the_first_page() -> None:
    wish = Wish(q="a b", verdict="unknown", near=True, page=3)
    assert wish.address() == "now?q=a+b&verdict=unknown&near=1"
    assert wish.address(page=4, near=False) == "now?q=a+b&verdict=unknown&page=4"
    assert Wish().address() == "now"
    assert api_address("a/b", "prod", None, at=NOON) == "api?api=a%2Fb&environment=prod&at=2026-03-02T12%3A00Z"
    assert now_url("https://x/ped-replicas", "t&u") == "https://x/ped-replicas/now?team=t%26u"


# An API over a period.

cycles_of = st.lists(
    st.fixed_dictionaries(
        {
            "verdict": st.sampled_from(["within_limit", "over_limit", "unknown"]),
            "measured": st.none() | st.integers(0, 3),
            "is_missing": st.booleans(),
        }
    ),
    min_size=1,
    max_size=60,
)


def ledger_of(cycles, start: dt.datetime):
    rest = {"max_replicas": 2, "ceiling": 2, "exemption_id": None, "surge_allowance": 0, "is_lower_bound": False}
    return [
        {"subject": "s", "cycle": start + number * FIVE, "cycle_minutes": 5, **rest, **cycle}
        for number, cycle in enumerate(cycles)
        if not cycle["is_missing"]
    ]


@given(cycles_of, st.integers(0, 60), st.integers(0, 70), st.integers(1, 70))
def test_audited_days_and_the_ledger_draw_the_same_line(cycles, split: int, first: int, length: int) -> None:
    """Wherever the audit stopped, and whichever part of it is looked at."""
    ledger = ledger_of(cycles, NOON)
    start, end = NOON + first * FIVE, NOON + (first + length) * FIVE
    audited_until = NOON + split * FIVE
    whole = Line("s", ("", "", ""))
    for each in ledger:
        if each["cycle"] < audited_until:
            whole.add(each["cycle"], state_of(each))
    days = [{"subject": "s", "runs": [_run(stretch) for stretch in whole.stretches]}] if whole.stretches else []
    behind = [each for each in ledger if each["cycle"] >= audited_until]
    from_both = api_view.lines_of(days, behind, start, end)
    from_ledger = api_view.lines_of([], ledger, start, end)
    assert from_both == from_ledger
    drawn = [stretch for line in from_both for stretch in line.stretches]
    assert sum(stretch.cycles for stretch in drawn) == sum(start <= each["cycle"] < end for each in ledger)
    assert all(start <= stretch.start < stretch.end <= end for stretch in drawn)


@pytest.mark.parametrize(
    ("audited_until", "ledger_start", "gap"),
    [
        pytest.param(NOON, NOON, None, id="the ledger goes on where the audit ended"),
        pytest.param(NOON, NOON + FIVE, (NOON, NOON + FIVE), id="an audit that did not run"),
        pytest.param(None, NOON, (NOON - FIVE, NOON), id="none lately"),
        pytest.param(NOON - 2 * FIVE, NOON - FIVE, None, id="before the period"),
    ],
)
def test_what_nobody_read_is_a_gap(audited_until, ledger_start, gap) -> None:
    found = api_view.gap_of(NOON - FIVE, audited_until, ledger_start)
    assert (found and (found.start, found.end)) == gap


# Coverage.


def seen(first: int, cycles: int, status: str = "complete", **columns):
    start = NOON + first * FIVE
    last = start + (cycles - 1) * FIVE
    given = {"cluster": "c", "environment": "prod", "cycle_minutes": 5, "error_class": None, "error_message": None}
    return {**given, "status": status, "first_cycle": start, "last_cycle": last, "cycles": cycles, **columns}


def test_a_strip_has_every_cycle_and_each_hole_its_reason() -> None:
    rows = [seen(0, 3), seen(3, 1, "failed", error_class="timeout"), seen(6, 2), seen(8, 2, "retired")]
    [strip] = coverage_view.strips_of(rows, NOON, NOON + 10 * FIVE)
    assert [(one.state, one.cycles) for one in strip.stretches] == [
        ("complete", 3),
        ("failed", 1),
        ("nothing", 2),
        ("complete", 2),
        ("retired", 2),
    ]
    assert [hole.reason for hole in strip.holes] == ["timeout", "no run recorded these cycles"]
    assert strip.percent == pytest.approx(100 * 5 / 8)
    assert strip.stretches[0].x == 0 and strip.stretches[-1].x + strip.stretches[-1].width == coverage_view.WIDTH


def test_a_cluster_that_came_later_has_no_hole_before_it() -> None:
    [strip] = coverage_view.strips_of([seen(5, 2)], NOON, NOON + 10 * FIVE)
    assert (strip.holes, strip.percent) == ((), 100.0)
