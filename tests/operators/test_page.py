"""The pages against BigQuery's stand-in: what they show, and what they say when they cannot."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.testclient import TestClient
from google.api_core.exceptions import Forbidden

from pedwatch import settings
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.page.app import make_app
from pedwatch.page.guard import HEADERS
from pedwatch.page.questions import Questions
from tests import page_world
from tests.conftest import Server, create_tables
from tests.page_world import HOSTILE, NEWEST, NOW
from tests.sql.conftest import warehouse_of

PERSON = {"accept": "text/html"}
PAGES = ("now", "now.json", "episodes", "coverage", "api?api=orders-api&environment=prod&span=30d&at=2026-03-02T10:05Z")
Browse = Callable[..., TestClient]


@pytest.fixture(scope="module")
def filled(bigquery_server: Server) -> Iterator[Warehouse]:
    """The fleet of page_world, which all tests of this module read."""
    with warehouse_of(bigquery_server, "pages") as warehouse:
        page_world.fill(warehouse)
        yield warehouse


@pytest.fixture
def browse(monkeypatch: pytest.MonkeyPatch) -> Browse:
    """Return a maker of clients: of a warehouse, at a moment."""

    def client(warehouse: Warehouse, now: dt.datetime = NOW) -> TestClient:
        monkeypatch.setattr(settings, "load_config", lambda: warehouse.config)
        return TestClient(app_of(warehouse, now), headers=PERSON)

    return client


def app_of(warehouse: Warehouse, now: dt.datetime = NOW) -> FastAPI:
    return make_app(Questions(lambda config: warehouse), may_see=lambda: None, clock=lambda: now)


def test_now_shows_the_worst_first_and_how_old_it_is(filled: Warehouse, browse: Browse) -> None:
    page = browse(filled).get("now").text
    assert "As of 2026-03-02 10:05 UTC, 2 min ago" in page and 'class="freshness current" role="status"' in page
    places = [page.index(f">{api}</a>") for api in ("search-api", "orders-api", "young-api", "sale-api", "free-api")]
    assert places == sorted(places)
    assert "205 %" in page and "21 over" in page and "worse, dead" in page and "firing, critical" in page
    assert "1 to 100 of 129" in page and 'href="now?page=2"' in page


def test_what_was_not_seen_is_neither_within_nor_a_number(filled: Warehouse, browse: Browse) -> None:
    page = browse(filled).get("now?verdict=unknown").text
    assert "1 to 1 of 1" in page and '<span class="verdict unknown">not seen</span>' in page
    [told] = browse(filled).get("now.json?verdict=unknown").json()["subjects"]
    assert (told["measured"], told["use"], told["over"], told["cluster"]) == (None, None, None, "us-prod-1")


def test_the_json_of_now_is_all_of_it_with_its_age(filled: Warehouse, browse: Browse) -> None:
    told = browse(filled, NOW + dt.timedelta(minutes=15)).get("now.json").json()
    assert (told["cycle"], told["state"], told["age_seconds"], told["missing_cycles"]) == (
        NEWEST.isoformat(),
        "late",
        1020,
        2,
    )
    assert len(told["subjects"]) == 129 == sum(told["counts"].values())
    assert told["subjects"][0]["api_id"] == "search-api"


def test_filters_sort_and_pages_are_addresses(filled: Warehouse, browse: Browse) -> None:
    client = browse(filled)
    assert "1 to 20 of 120" not in client.get("now?team=team-quiet&page=2").text
    assert "101 to 120 of 120" in client.get("now?team=team-quiet&page=99").text
    assert "1 to 1 of 1, by" in client.get("now?q=TEAM-search").text
    near = client.get("now?near=1&sort=api").text
    assert ">cart-api</a>" in near and ">orders-api</a>" not in near
    assert "Nothing of this cycle is like that" in client.get("now?q=nowhere").text
    assert client.get("now?sort=nonsense").status_code == 200
    assert client.get("now?page=0").status_code == 400


def test_an_api_over_a_month_with_its_limit_its_episodes_and_who_was_told(filled: Warehouse, browse: Browse) -> None:
    page = browse(filled).get("api?api=orders-api&environment=prod&span=30d").text
    assert page.count('<svg class="chart"') == 2
    for mark in ("blind", "exemption", "rollout"):
        assert f'fill="url(#{mark})"' in page.partition("<figure")[2], mark
    assert 'class="overbar"' in page.partition("<figure")[2]
    assert "nothing is drawn" not in page
    assert "f00dfeedcafe" in page and "known 2026-02-18 13:05" in page and "PED-41" in page
    assert "2026-02-22 10:05" in page and "replicas fell" in page and "channel_not_found" in page
    assert 'href="https://example.slack.com/archives/C0ORDERS/p1"' in page


def test_a_cycle_is_explained(filled: Warehouse, browse: Browse) -> None:
    page = browse(filled).get("api?api=orders-api&environment=prod&at=2026-03-02T10:08Z").text
    assert 'id="explained"' in page and "Cycle 2026-03-02 10:05, explained" in page
    assert "could not be sent: channel_not_found" in page and "asked for 14, running 14" in page
    without_offset = browse(filled).get("api?api=orders-api&at=2026-03-02T10:08").text
    assert "Cycle 2026-03-02 10:05, explained" in without_offset
    assert browse(filled).get("api?api=orders-api&at=yesterday").status_code == 400


def test_an_api_that_nobody_knows_is_said(filled: Warehouse, browse: Browse) -> None:
    page = browse(filled).get("api?api=nobody").text
    assert "nothing of nobody was judged" in page and "No limit was ever granted to nobody" in page


def test_episodes_go_on_first_and_are_narrowed(filled: Warehouse, browse: Browse) -> None:
    client = browse(filled)
    page = client.get("episodes").text
    assert "1 to 4 of 4" in page and page.index("blind/us-prod-1") < page.index("replicas fell")
    assert "taken care of by U0MAYA" in page
    assert "1 to 1 of 1" in client.get("episodes?state=resolved&team=team-orders").text
    assert "No episode is like that" in client.get("episodes?days=7&state=resolved").text


def test_coverage_names_the_reason_of_each_hole(filled: Warehouse, browse: Browse) -> None:
    page = browse(filled).get("coverage").text
    assert "timeout: " in page and "forbidden: statefulsets: 403" in page
    assert "no run recorded these cycles" in page and "12 cycles" in page
    assert page.index("us-prod-1") < page.index("eu-prod-1")


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_its_headers_and_what_labels_say_is_text(filled: Warehouse, browse: Browse, path: str) -> None:
    answer = browse(filled).get(path)
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    if "html" in answer.headers["content-type"]:
        assert HOSTILE not in answer.text and "49" not in answer.text.partition("alert(")[2][:60]
        assert 'href="/' not in answer.text and 'href="javascript' not in answer.text, "addresses are relative"


def test_the_hour_read_is_that_of_the_cycle_and_one_answer_serves_all(filled: Warehouse, browse: Browse) -> None:
    asked: list[str] = []

    class Counted(Warehouse):
        def within(self, seconds: float) -> Warehouse:
            return self

        def run(self, name: str, parameters=None, **variables):
            asked.append(name)
            return super().run(name, parameters, **variables)

    client = browse(Counted(filled.client, filled.config, filled.sql_root))
    for _ in range(3):
        client.get("now?q=a")
        client.get("now.json")
        client.get("api?api=orders-api")
    assert sorted(asked) == sorted(set(asked)) and asked.count("page/now.sql") == 1


# What the pages say when they cannot.


def test_when_cycles_are_missing_the_first_line_is_an_alarm(filled: Warehouse, browse: Browse) -> None:
    for page in ("now", "episodes", "coverage", "api?api=orders-api"):
        text = browse(filled, NEWEST + dt.timedelta(minutes=40)).get(page).text
        assert 'class="freshness late" role="alert"' in text and "7 cycles are missing since" in text


def test_an_empty_dataset_says_that_nothing_was_judged(warehouse: Warehouse, browse: Browse) -> None:
    client = browse(warehouse)
    for page in ("now", "episodes", "coverage", "api?api=orders-api"):
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert "Nothing was judged yet" in answer.text and 'class="freshness never" role="alert"' in answer.text
    assert client.get("now.json").json()["state"] == "never"


def test_tables_that_are_not_there_name_the_dag_that_makes_them(bigquery_server: Server, browse: Browse) -> None:
    with warehouse_of(bigquery_server, "pages_none") as warehouse:
        warehouse.client.delete_table(warehouse.address("fold_cursor"))
        answer = browse(warehouse).get("now")
        assert answer.status_code == 503 and "ped_housekeeping" in answer.text


def test_an_older_schema_names_what_mends_it(warehouse: Warehouse, browse: Browse) -> None:
    create_tables(warehouse)
    page_world.fill(warehouse, {"fold_cursor": [{"cycle": NEWEST}]})
    warehouse.client.query(f"ALTER TABLE `{warehouse.address('verdicts')}` DROP COLUMN running").result()
    answer = browse(warehouse).get("now")
    assert answer.status_code == 503 and "running" in answer.text and "page/now.sql" in answer.text


def test_a_refusal_of_bigquerys_is_a_page_with_its_reason(filled: Warehouse, browse: Browse) -> None:
    class Refused(Warehouse):
        def within(self, seconds: float) -> Warehouse:
            return self

        def listed(self, table, columns, *, may_lack=False):
            with self.told(f"rows of {table}"):
                raise Forbidden("Access Denied: Table p:d.fold_cursor: Permission bigquery.tables.getData denied")

    client = browse(Refused(filled.client, filled.config, filled.sql_root))
    answer = client.get("now")
    assert answer.status_code == 503 and "roles/bigquery.dataEditor" in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    script = client.get("now.json", headers={"accept": "application/json"})
    assert script.status_code == 503 and "roles/bigquery.dataEditor" in script.json()["detail"]


def test_a_configuration_that_is_missing_or_wrong_is_a_page_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(make_app(may_see=lambda: None), headers=PERSON)
    monkeypatch.setenv("PEDWATCH_CONFIG", str(tmp_path / "none.yaml"))
    answer = client.get("now")
    assert answer.status_code == 503 and "no configuration at" in answer.text
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("project: p\nbukket: b\n")
    monkeypatch.setenv("PEDWATCH_CONFIG", str(wrong))
    told = TestClient(make_app(may_see=lambda: None), headers=PERSON).get("now").text
    assert "wrong.yaml" in told and "bukket: unknown key; did you mean bucket?" in told
    monkeypatch.setenv("PEDWATCH_INCLUDE", str(tmp_path))
    bare = TestClient(make_app(may_see=lambda: None), headers=PERSON).get("now")
    assert bare.status_code == 503 and "the SQL folder is missing" in bare.text


def test_a_fault_of_ours_tells_no_more_than_its_kind(filled: Warehouse, browse: Browse) -> None:
    class Faulty(Warehouse):
        def within(self, seconds: float) -> Warehouse:
            raise RuntimeError("xoxb-secret")

    answer = browse(Faulty(filled.client, filled.config, filled.sql_root)).get("now")
    assert answer.status_code == 500 and "RuntimeError" in answer.text and "xoxb" not in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


# Who may see them.


@pytest.mark.parametrize(("refusal", "person", "script"), [(401, 302, 401), (403, 403, 403)])
def test_every_route_is_closed_also_one_that_is_added_tomorrow(
    filled: Warehouse, refusal: int, person: int, script: int
) -> None:
    def deny() -> None:
        raise HTTPException(refusal, "no")

    app = make_app(Questions(lambda config: filled), may_see=deny)

    @app.get("/to/morrow")
    async def tomorrow() -> str:
        return "open"

    routes = [route.path for route in app.routes]
    assert {"/", "/now", "/api", "/{name}", "/to/morrow"} <= set(routes)
    client = TestClient(app, follow_redirects=False)
    for path in [*routes, "/page.css", "/page.js", "/now?page=0", "/api"]:
        assert client.get(path, headers=PERSON).status_code == person, path
        assert client.get(path).status_code == script, path
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(path).status_code == script, path
    assert client.post("/now").status_code == 405


def test_the_routes_only_read() -> None:
    app = make_app(may_see=lambda: None)
    assert {method for route in app.routes for method in route.methods} == {"GET"}
    assert all(isinstance(each, type(Depends(None))) for each in app.router.dependencies) and app.router.dependencies
