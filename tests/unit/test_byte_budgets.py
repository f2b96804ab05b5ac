"""What a job may bill: more for more subjects and more days, and never less than what it needs."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.byte_budgets import FLOOR, GIB, MARGIN, MIB, budget, in_words, subjects_for

DAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
NAMES = ("verdicts/compare.sql", "alerts/digest.sql", "audit/period_verdicts.sql")


@given(st.sampled_from(NAMES), st.integers(10 * MIB, 1 << 45))
def test_so_many_subjects_as_a_refusal_names_suffice(name: str, needed: int) -> None:
    assert budget(name, subjects_for(name, needed)).statement >= needed


@given(st.sampled_from(NAMES), st.integers(100, 10**6), st.integers(100, 10**6))
def test_a_larger_fleet_may_bill_more(name: str, one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert budget(name, small).job <= budget(name, large).job
    assert budget(name, small).statement < budget(name, small).job


def test_the_smallest_fleet_may_bill_what_many_small_tables_come_to() -> None:
    assert budget("verdicts/compare.sql", 100).statement > 100 * 10 * MIB
    assert budget("verdicts/compare.sql", 100).job > MARGIN * FLOOR


@pytest.mark.parametrize(("days", "factor"), [(1, 1), (2, 2), (400, 400)])
def test_a_period_may_bill_by_the_day(days: int, factor: int) -> None:
    name, subjects = "audit/period_verdicts.sql", 1000
    period = {"period_start": DAY, "period_end": DAY + dt.timedelta(days=days)}
    once = budget(name, subjects).job - MARGIN * FLOOR
    assert budget(name, subjects, period).job - MARGIN * FLOOR == factor * once


def test_bytes_in_words() -> None:
    assert (in_words(10 * MIB), in_words(GIB * 3 // 2)) == ("10 MiB", "1.5 GiB")
