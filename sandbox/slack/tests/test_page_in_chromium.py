"""The page in a real browser: nothing hostile runs, new messages appear, what did not change is not touched."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from slack_sdk import WebClient

from sandbox.slack.control import ControlClient
from sandbox.slack.tests.alert_story import PLATFORM, tell_story
from sandbox.slack.tests.conftest import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium to run these")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A headless browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def tab(browser: "Browser") -> Iterator["Page"]:
    """A page whose errors, refused scripts and dialogs fail the test."""
    complaints: list[str] = []
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    yield opened
    opened.close()
    assert complaints == []


def test_a_person_reads_the_story(client: WebClient, control: ControlClient, server: Server, tab: "Page") -> None:
    tell_story(client, control)
    tab.goto(f"{server.url}/c/{PLATFORM}")
    log = tab.get_by_role("log")
    assert log.get_by_text("checkout-api is back within its limit").is_visible()
    assert tab.get_by_role("navigation", name="Channels").get_by_role("link", name="team-shop").is_visible()
    log.get_by_role("link", name="4 replies").click()
    thread = tab.get_by_role("complementary", name="Thread")
    assert thread.get_by_text("Load test, my fault.").first.is_visible()
    tab.keyboard.press("Escape")
    tab.wait_for_url(f"{server.url}/c/{PLATFORM}")
    assert not thread.is_visible()


def test_the_page_refreshes_without_touching_what_stays(client: WebClient, server: Server, tab: "Page") -> None:
    metadata = {"event_type": "pedwatch_alert", "event_payload": {"state": "firing"}}
    first = client.chat_postMessage(channel=PLATFORM, text="first")["ts"]
    second = client.chat_postMessage(channel=PLATFORM, text="second", metadata=metadata)["ts"]
    tab.goto(f"{server.url}/c/{PLATFORM}")
    tab.evaluate("document.querySelectorAll('.message').forEach((node) => { node.isSame = true; })")
    tab.get_by_text("Metadata:").click()
    client.chat_update(channel=PLATFORM, ts=second, text="second, resolved")
    client.chat_postMessage(channel=PLATFORM, text="third")
    tab.get_by_role("log").get_by_text("third").first.wait_for()
    assert tab.get_by_text("second, resolved").first.is_visible()
    assert tab.locator(f"[id='m-{first}']").evaluate("(node) => node.isSame === true")
    assert tab.locator(f"[id='m-{second}']").evaluate("(node) => node.isSame !== true")
    assert tab.get_by_text('"state": "firing"').is_visible()
    order = tab.locator(".log .message .rendered").all_inner_texts()
    assert [text.split(",")[0].split("(")[0].strip() for text in order] == ["first", "second", "third"]


def test_unread_messages_of_other_channels_are_counted(client: WebClient, server: Server, tab: "Page") -> None:
    tab.goto(f"{server.url}/c/{PLATFORM}")
    for number in range(3):
        client.chat_postMessage(channel="C0SHOP", text=str(number))
    link = tab.get_by_role("link", name="team-shop")
    link.get_by_text("3").wait_for()
    link.click()
    tab.get_by_role("link", name="ped-platform").click()
    assert "3" not in tab.get_by_role("link", name="team-shop").inner_text()


def test_the_plain_text_view(client: WebClient, control: ControlClient, server: Server, tab: "Page") -> None:
    tell_story(client, control)
    tab.goto(f"{server.url}/c/{PLATFORM}")
    tab.get_by_role("switch", name="As a screen reader reads it").click()
    assert tab.get_by_text("Resolved: checkout-api is back at 10 pods (limit 10) after 35 min").is_visible()
    assert not tab.get_by_text("checkout-api is back within its limit").is_visible()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_is_wider_than_the_window(
    client: WebClient, control: ControlClient, server: Server, tab: "Page", width: int
) -> None:
    parent = tell_story(client, control)["resolved"]
    tab.set_viewport_size({"width": width, "height": 800})
    for path in (f"/c/{PLATFORM}", f"/c/{PLATFORM}/t/{parent}"):
        tab.goto(server.url + path)
        boxes = "[document.body, ...document.querySelectorAll('.scroll')]"
        overflowing = tab.evaluate(f"{boxes}.filter((box) => box.scrollWidth > box.clientWidth).length")
        assert overflowing == 0
