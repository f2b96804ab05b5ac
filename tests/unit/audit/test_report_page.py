"""The report as a person meets it, in Chromium: asks for nothing, is drawn, printed, and usable without a mouse."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pedwatch import settings
from pedwatch.audit import report
from pedwatch.audit.request import AuditRequest
from tests.accessibility import violations
from tests.unit.audit.shop_day import DAY, UNKNOWN, at, limit, line, over, sources
from tests.unit.audit.test_audit_period import audit
from tests.unit.audit.test_policy_changes import EVER, MADE, version

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")
DAYS = 22
PAGES = "https://airflow.example/base/ped-replicas"
FACTS = {"pedwatch_version": "1", "rule_version": "0" * 64, "policy_versions": ["p1"], "pages": PAGES}
HOSTILE = '<script>alert("x")</script>&{{ 7 * 7 }}'


POLICIES = [
    *version(at("0:00", -9), at("12:00")),
    *version(at("12:00"), EVER, commits=[MADE | {"author": HOSTILE}], retired_clusters=["eu-0"]),
]


def shop(cycle: dt.datetime) -> dict[str, Any]:
    """Every mark a chart knows, every day: rollout, over, not seen, exempt."""
    time = f"{cycle:%H:%M}"
    if "08:00" <= time < "09:00":
        return {"surge_allowance": 2, "status_replicas": 10}
    if "10:00" <= time < "12:00":
        return over(14)
    if "12:00" <= time < "14:00":
        return dict(UNKNOWN)
    if "18:00" <= time < "22:00":
        return {"verdict": "exempt", "exemption_id": "sale", "measured": 12, "ceiling": 12}
    return {}


def page_of(days: int = 1, **facts: Any) -> bytes:
    """Return a report: of a day, or of weeks."""
    then = line(shop, days=days) + line(lambda _: {}, HOSTILE, days=days)
    now = [
        row | {"limit_version": 2, "verdict": "within_limit"} if row["cycle"] == at("10:00") else row for row in then
    ]
    request = AuditRequest("march", DAY, DAY + dt.timedelta(days=days), "Europe/Vienna")
    versions = [limit(), limit(2, approver=HOSTILE)]
    findings, _, _ = audit(sources(then, now, limits=versions, policies=POLICIES), request)
    return report.render(settings.include_dir() / "report", findings, FACTS | facts)


@pytest.fixture(scope="module")
def browser_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Page"]:
    """The report of three weeks, opened; ``page.asked`` lists what it asked for."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_bytes(page_of(DAYS))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.asked = asked  # type: ignore[attr-defined]
        page.goto(file.as_uri())
        yield page
        browser.close()


def test_it_asks_for_nothing_but_itself(browser_page: Any) -> None:
    assert [url for url in browser_page.asked if not url.startswith("data:")] == [browser_page.url]
    assert browser_page.locator("script, iframe, img, link[href^='http']").count() == 0


def test_it_links_to_the_pages_where_their_address_is_known(browser_page: Any) -> None:
    found = browser_page.locator("a[href^='http']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert f"{PAGES}/now" in found
    assert f"{PAGES}/api?api=orders&environment=prod&team=shop&span=30d" in found
    assert f"{PAGES}/api?api=orders&environment=prod&team=shop&at=2026-03-02T12%3A05Z" not in found, (
        "it was not over then"
    )
    assert any(href.startswith(f"{PAGES}/api?api=orders") and "&at=2026-03-02T10%3A05Z" in href for href in found)
    assert all(href.startswith(PAGES) and "<" not in href for href in found)
    for pages in (None, ""):
        assert b'href="http' not in page_of(pages=pages)


def test_what_labels_say_is_text(browser_page: Any) -> None:
    assert HOSTILE in browser_page.locator("main").inner_text()


def test_the_charts_are_drawn_with_every_mark(browser_page: Any) -> None:
    chart = browser_page.locator("section.team svg.chart").first
    assert chart.bounding_box()["height"] > 150
    for mark in ("blind", "exemption", "rollout"):
        assert chart.locator(f"rect[fill='url(#{mark})']").count() == DAYS
    assert chart.locator("rect.overbar").count() == DAYS
    for path in ("replicas", "limit", "ceiling"):
        assert chart.locator(f"path.{path}").evaluate("path => path.getTotalLength()") > 100
    assert browser_page.locator("section[aria-labelledby=burn-down] rect.bar").count() >= 3


def test_without_colour_the_lines_still_differ(browser_page: Any) -> None:
    dashes = {
        browser_page.locator(f"section.team path.{name}").first.evaluate("p => getComputedStyle(p).strokeDasharray")
        for name in ("replicas", "limit", "ceiling")
    }
    assert len(dashes) == 3


def test_the_keyboard_reaches_everything(browser_page: Any) -> None:
    browser_page.keyboard.press("Tab")
    assert browser_page.evaluate("document.activeElement.className") == "skip"
    browser_page.keyboard.press("Enter")
    assert browser_page.evaluate("location.hash") == "#main"
    summary = browser_page.locator("summary").first
    summary.focus()
    browser_page.keyboard.press("Enter")
    assert browser_page.locator("details").first.evaluate("details => details.open")
    reachable = "[...document.querySelectorAll('.scroll')].every(region => region.tabIndex === 0)"
    assert browser_page.evaluate(reachable)


def test_it_prints(browser_page: Any) -> None:
    content = browser_page.pdf(format="A4", print_background=True)
    assert content.startswith(b"%PDF") and len(content) > 20_000
    # What does not fit on A4 less its margins is cut off on paper.
    browser_page.set_viewport_size({"width": 688, "height": 1000})
    browser_page.emulate_media(media="print")
    width = browser_page.evaluate("document.documentElement.scrollWidth")
    browser_page.emulate_media(media="screen")
    browser_page.set_viewport_size({"width": 1200, "height": 900})
    assert width <= 688


def test_a_narrow_window_scrolls_tables_not_the_page(browser_page: Any) -> None:
    browser_page.set_viewport_size({"width": 390, "height": 800})
    width = browser_page.evaluate("document.documentElement.scrollWidth")
    browser_page.set_viewport_size({"width": 1200, "height": 900})
    assert width <= 390


def test_axe_finds_no_violation_of_level_a_or_aa(browser_page: Any) -> None:
    assert violations(browser_page) == []


def test_the_same_findings_are_the_same_bytes() -> None:
    assert page_of() == page_of()


def test_nothing_over_is_said_in_words() -> None:
    findings, _, _ = audit(sources(line(lambda _: {})))
    page = report.render(settings.include_dir() / "report", findings, FACTS).decode()
    assert "No API was seen over its limit; coverage 100 %" in re.sub("</?span[^>]*>", "", page)
    assert "None: the recomputation says in every cycle what was judged live." in page


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1.5, "1.5"), (1 / 12, "0.08"), (1234.0, "1,234"), (None, "–"), (100.0, "100")]
)
def test_numbers_are_written_one_way(value: float | None, text: str) -> None:
    assert report.number(value, 2) == text


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 min"), (5, "5 min"), (60, "1 h"), (95, "1 h 35 min"), (2885, "2 d 5 min")]
)
def test_durations_are_written_one_way(minutes: float, text: str) -> None:
    assert report.minutes(minutes) == text
