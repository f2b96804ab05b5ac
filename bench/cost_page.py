"""The figures of docs/cost.md: ``python -m bench.cost_page`` writes them between the page's two marks."""

import datetime as dt
import math
from collections.abc import Iterator

from bench import tree
from bench.billed_statements import Catalog
from bench.cost import BASE, total_tib
from bench.fleet_sizes import DAYS_PER_MONTH, Fleet
from bench.month import DOLLARS_PER_TIB, month, quiet_cycle
from bench.prices import LEAST, TIB, Prices
from bench.storage import DOLLARS_PER_GIB, GIB, stored_bytes
from pedwatch.config.cycle_length import MOST_CLUSTERS

PAGE = tree.OWN / "docs" / "cost.md"
BEGIN, END = "<!-- Written by `python -m bench.cost_page`. -->", "<!-- End of what is written. -->"

_DAY = dt.timedelta(days=1)
_ASKED = (
    ("`current_status`", "ddl/views/current_status.sql", None),
    ("`open_episodes`", "ddl/views/open_episodes.sql", None),
    ("`limits_now`", "ddl/views/limits_now.sql", None),
    ("`headroom`", "ddl/views/headroom.sql", None),
    ("`burn_down`", "ddl/views/burn_down.sql", None),
    ("`explain`, of one cycle", "ddl/views/explain.sql", dt.timedelta(0)),
    ("`live_ledger`, of one cycle", "ddl/views/live_ledger.sql", dt.timedelta(0)),
    ("`live_ledger`, of a day, all columns", "ddl/views/live_ledger.sql", _DAY),
    ("`pedwatch explain`", "verdicts/explain.sql", None),
    ("page: Now", "page/now.sql", None),
    ("page: an API's 30 days, as audited", "page/stretches.sql", None),
    ("page: an API, of a day that is not audited yet", "page/ledger.sql", None),
    ("page: Episodes", "page/episodes.sql", None),
    ("page: Coverage, of a day", "page/coverage.sql", None),
    ("a day judged anew (an audit does it twice)", "verdicts/judge_period.sql", None),
)


def figures(catalog: Catalog) -> str:
    """Return the tables, as Markdown."""
    tables = (_months, _lengths, _parts, _arithmetic, _questions, _quotas)
    return "\n\n".join("\n".join(table(catalog)) for table in tables)


def _header(first: str) -> list[str]:
    return [f"| {first} | " + " | ".join(f"{subjects:,}" for subjects in BASE) + " |", "|---|" + "--:|" * len(BASE)]


def _row(name: str, values: list[str]) -> str:
    return f"| {name} | " + " | ".join(values) + " |"


def _months(catalog: Catalog) -> Iterator[str]:
    totals = {subjects: total_tib(catalog, subjects) for subjects in BASE}
    stored = {subjects: sum(stored_bytes(catalog, Fleet(subjects)).values()) / GIB for subjects in BASE}
    yield from ["## A month", "", *_header("subjects")]
    yield _row("clusters", [str(Fleet(subjects).clusters) for subjects in BASE])
    yield _row("TiB billed", [f"{total:.2f}" for total in totals.values()])
    yield _row("USD, on demand", [f"{total * DOLLARS_PER_TIB:.0f}" for total in totals.values()])
    yield _row("before (c774e59), TiB", [f"{base:.2f}" for base in BASE.values()])
    yield _row("today, of that", [f"{totals[subjects] / base:.2f}" for subjects, base in BASE.items()])
    yield _row("GiB stored, at full length", [f"{size:.0f}" for size in stored.values()])
    yield _row("USD for that, at most", [f"{size * DOLLARS_PER_GIB:.2f}" for size in stored.values()])


def _lengths(catalog: Catalog) -> Iterator[str]:
    yield from ["### With cycles of another length, in TiB", "", *_header("`cycle_minutes`")]
    for minutes in (1, 5, 15):
        allowed = [subjects for subjects in BASE if minutes > 1 or Fleet(subjects).clusters <= MOST_CLUSTERS]
        yield _row(
            str(minutes),
            [f"{total_tib(catalog, subjects, minutes):.2f}" if subjects in allowed else "refused" for subjects in BASE],
        )


def _parts(catalog: Catalog) -> Iterator[str]:
    yield from ["### What it is made of, in TiB", "", *_header("part")]
    found: dict[str, list[float]] = {}
    for subjects in BASE:
        sums: dict[str, float] = {}
        for line in month(catalog, Fleet(subjects)):
            name = f"{line.part}: `{line.name}`" if line.part == "every cycle" else line.part
            sums[name] = sums.get(name, 0.0) + line.bill.bytes / TIB
        for name, size in sums.items():
            found.setdefault(name, []).append(size)
    for name, sizes in found.items():
        yield _row(name, [f"{size:.2f}" for size in sizes])


def _arithmetic(catalog: Catalog) -> Iterator[str]:
    yield from ["### The arithmetic of a small fleet", ""]
    once = quiet_cycle(catalog, Fleet(500))
    cycles = Fleet(500).cycles_per_day * DAYS_PER_MONTH
    least = once.references * LEAST / 1e6
    dollars = once.bytes * cycles / TIB * DOLLARS_PER_TIB
    yield f"With 500 subjects, a cycle that tells nothing and its sync name {once.references:.1f} tables, with"
    yield f"those that are asked where a workload's past matters: {least:.0f} MB, at ten megabytes each. They bill"
    yield f"{once.bytes / 1e6:.0f} MB; {cycles:,} of them {once.bytes * cycles / TIB:.2f} TiB, {dollars:.0f} USD."


def _questions(catalog: Catalog) -> Iterator[str]:
    yield from ["## What a person's query costs, in GB (and cents)", "", *_header("query")]
    for what, name, asked in _ASKED:
        sizes = [Prices(catalog, Fleet(subjects), asked=asked).of(name).bytes for subjects in BASE]
        yield _row(what, [f"{size / 1e9:.2f} ({size / TIB * DOLLARS_PER_TIB * 100:.1f})" for size in sizes])


def _quotas(catalog: Catalog) -> Iterator[str]:
    yield from ["## A daily quota that is a hard stop, in TiB", "", *_header("subjects")]
    days = [total_tib(catalog, subjects) / DAYS_PER_MONTH for subjects in BASE]
    yield _row("an ordinary day", [f"{day:.2f}" for day in days])
    yield _row("quota: four such days, rounded up", [f"{math.ceil(day * 40) / 10:.1f}" for day in days])


def main() -> None:
    """Write the figures into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{figures(Catalog())}\n{END}{after}", encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
