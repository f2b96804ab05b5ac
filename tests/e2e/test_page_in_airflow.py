"""The pages as people meet them: in Chromium, in Airflow's web server below a path, behind its login."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml

from pedwatch.page.app import make_app
from sandbox.environment.airflow import Airflow
from sandbox.environment.loopback import NO_PROXY, is_listening
from sandbox.environment.process import LeashedProcess
from tests import page_world
from tests.accessibility import violations
from tests.conftest import Server
from tests.e2e.fab_airflow import PEOPLE
from tests.sql.conftest import warehouse_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BELOW = "/composer/env-1"
"""Airflow stands below a path, as behind a company's proxy: an address that begins at the root leads nowhere."""
ANONYMOUS = {"conn_type": "google_cloud_platform", "extra": {"is_anonymous": True}}
PERSON = {"accept": "text/html"}
PAGES = ("now?q=api", "api?api=orders-api&environment=prod&span=30d&at=2026-03-02T10:05Z", "episodes", "coverage")


@dataclass(frozen=True)
class Site:
    """The web server, and who is logged in to it."""

    url: str
    tokens: dict[str, str]

    def ask(self, path: str, name: str | None = None, **options) -> httpx.Response:
        """Ask without a browser, as one of the people, or as nobody."""
        headers = options.pop("headers", {}) | ({"authorization": f"Bearer {self.tokens[name]}"} if name else {})
        return httpx.get(f"{self.url}/{path}", headers=headers, trust_env=False, timeout=30, **options)


@pytest.fixture(scope="module")
def site(bigquery_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Airflow with FAB, the fleet of page_world behind it."""
    folder = tmp_path_factory.mktemp("airflow")
    with warehouse_of(bigquery_server, "airflow_pages") as warehouse:
        page_world.fill(warehouse)
        (folder / "pedwatch.yaml").write_text(yaml.safe_dump(warehouse.config.model_dump(mode="json")))
        airflow = Airflow(folder, {})
        airflow.variables = {
            **NO_PROXY,
            "AIRFLOW__API__BASE_URL": f"{airflow.url}{BELOW}",
            "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
            "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(ANONYMOUS),
            "BIGQUERY_EMULATOR_HOST": bigquery_server.address,
            "PEDWATCH_CONFIG": str(folder / "pedwatch.yaml"),
            "PEDWATCH_CLOCK": page_world.NOW.isoformat(),
        }

        command = [sys.executable, "-m", "tests.e2e.fab_airflow"]
        process = LeashedProcess(
            "airflow", command, folder / "airflow.log", airflow.environment(), stop_signal="INT", grace=5
        )
        try:
            process.wait_until(lambda: is_listening(airflow.port), 150, f"listening on {airflow.url}")
            url = f"{airflow.url}{BELOW}"
            tokens = {}
            for name in PEOPLE:
                told = httpx.post(f"{url}/auth/token", json={"username": name, "password": name}, trust_env=False)
                tokens[name] = told.json()["access_token"]
            yield Site(url, tokens)
        finally:
            process.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A headless browser."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium to run these")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def session(browser: "Browser", site: Site) -> Iterator["BrowserContext"]:
    """The watcher's browser, who came by a link, was asked to log in, and got where the link leads."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=False)
    page = context.new_page()
    page.goto(f"{site.url}/ped-replicas/now?verdict=over_limit")
    page.fill("[name=username]", "watcher")
    page.fill("[name=password]", "watcher")
    page.click("[type=submit]")
    page.wait_for_url(f"{site.url}/ped-replicas/now?verdict=over_limit")
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(session: "BrowserContext") -> Iterator["Page"]:
    """A page in the watcher's browser; what the browser complains of fails the test."""
    complaints: list[str] = []
    opened = session.new_page()
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    yield opened
    opened.close()
    assert complaints == []


def test_airflow_names_the_plugin_and_found_no_fault_in_it(site: Site) -> None:
    plugins = site.ask("api/v2/plugins", "admin").json()["plugins"]
    [ours] = [plugin for plugin in plugins if plugin["name"] == "ped_replicas"]
    assert [(view["destination"], view["href"]) for view in ours["external_views"]] == [
        ("nav", "ped-replicas/now"),
        ("dag", "ped-replicas/now"),
    ]
    assert all("url_route" not in view or view["url_route"] is None for view in ours["external_views"])
    assert site.ask("api/v2/plugins/importErrors", "admin").json()["import_errors"] == []


def test_every_route_asks_who_is_there_and_whether_they_may(site: Site) -> None:
    paths = [route.path.format(name="page.css").strip("/") for route in make_app(may_see=lambda: None).routes]
    assert {"now", "now.json", "api", "episodes", "coverage", "page.css"} <= set(paths)
    for path in (*paths, "now?page=0", "docs", "openapi.json"):
        where = f"ped-replicas/{path}"
        assert site.ask(where).status_code == 401, path
        assert site.ask(where, headers=PERSON).status_code == 302, path
        assert site.ask(where, "stranger").status_code == 403, path
    assert "may not read the DAG ped_replica_watch" in site.ask("ped-replicas/now", "stranger", headers=PERSON).text
    assert site.ask("ped-replicas/now.json", "watcher").json()["state"] == "current"


def test_a_role_without_the_menu_has_the_pages(site: Site) -> None:
    """Airflow makes its menu of what it asks here; who may not read plugins sees no entry, and comes by the address."""
    assert site.ask("api/v2/plugins", "watcher").status_code == 403
    assert site.ask("ped-replicas/now", "watcher", headers=PERSON).status_code == 200


def test_without_plugins_there_is_no_page_and_airflow_runs(tmp_path: Path) -> None:
    """Composer's ``web_server_plugins_mode`` DISABLED: the web server has no plugins."""
    airflow = Airflow(tmp_path, {})
    (tmp_path / "none").mkdir()
    variables = airflow.environment() | {
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(tmp_path / "none"),
        "PYTHONPATH": str(ROOT),
    }
    script = """
from airflow.api_fastapi.app import create_app
from airflow.plugins_manager import get_fastapi_plugins
from fastapi.testclient import TestClient
client = TestClient(create_app(apps="core"))
page = client.get("/ped-replicas/now")
assert "pedwatch" not in page.text and "PED replicas" not in page.text, page.text
assert client.get("/api/v2/version").json()["version"]
assert get_fastapi_plugins()[0] == [], get_fastapi_plugins()
print("as it should be", page.status_code)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=variables, capture_output=True, text=True, timeout=300, check=False
    )
    assert "as it should be" in done.stdout, done.stderr[-2000:]


def test_filters_and_sort_work_and_are_addresses(page: "Page", site: Site) -> None:
    page.goto(f"{site.url}/ped-replicas/now")
    assert page.locator(".freshness").inner_text() == "As of 2026-03-02 10:05 UTC, 2 min ago"
    assert page.locator("tbody th a").first.inner_text() == "search-api"
    page.get_by_role("searchbox").fill("orders-api")
    page.get_by_role("combobox", name="Sort by").select_option("running")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/now?q=orders-api&**sort=running**")
    assert page.locator("tbody tr").count() == 2
    page.get_by_role("link", name="Clear").click()
    page.get_by_role("link", name="Next").click()
    assert page.locator("caption").inner_text().startswith("101 to 129 of 129")


def test_a_click_in_a_chart_explains_the_cycle(page: "Page", site: Site) -> None:
    page.goto(f"{site.url}/ped-replicas/now?q=orders-api")
    page.get_by_role("link", name="orders-api").first.click()
    chart = page.locator("figure svg.chart").first
    assert chart.locator("path.replicas").evaluate("path => path.getTotalLength()") > 100
    box = chart.bounding_box()
    assert box is not None
    chart.click(position={"x": box["width"] * 0.98, "y": box["height"] / 2})
    page.wait_for_url("**at=2026-03-02T10%3A0**#explained", timeout=10_000)
    assert "over_limit (over_ceiling): 14 pods" in page.locator("#explained").inner_text()
    page.get_by_role("link", name="30 days").click()
    assert page.locator("figure svg.chart rect.overbar").count() >= 4


def test_the_theme_is_airflows_then_the_systems(page: "Page", site: Site) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page.goto(f"{site.url}/ped-replicas/now")
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(ground)
    assert light != dark
    page.evaluate("localStorage.setItem('theme', 'light')")
    page.reload()
    assert page.evaluate(ground) == light
    page.emulate_media(color_scheme="light")
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.reload()
    assert page.evaluate(ground) == dark
    page.evaluate("localStorage.removeItem('theme')")


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_for_everybody(page: "Page", site: Site, path: str) -> None:
    """In the light and in the dark for axe; on a phone nothing is wider than the window; the keyboard reaches it."""
    page.goto(f"{site.url}/ped-replicas/{path}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert violations(page) == [], theme
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_javascript_it_is_all_there(browser: "Browser", session: "BrowserContext", site: Site) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=session.storage_state())
    page = context.new_page()
    page.goto(f"{site.url}/ped-replicas/now")
    page.get_by_role("combobox", name="Verdict").select_option("unknown")
    page.get_by_role("button", name="Show").click()
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("link", name="orders-api").click()
    page.locator("summary").first.click()
    page.get_by_role("link", name="explain").first.click()
    assert page.locator("#explained pre").count() >= 1
    context.close()
