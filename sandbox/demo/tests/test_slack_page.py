"""The saved page holds every channel, thread and version, and needs no server."""

import re
from pathlib import Path

from slack_sdk import WebClient

from sandbox.demo.slack_page import save_page
from sandbox.environment.process import LeashedProcess
from sandbox.environment.servers import Servers

CHANNELS = {"C0PLATFORM": "ped-platform", "C0ORDERS": "orders-alerts"}


class OnlySlack(Servers):
    """The one stand-in this needs."""

    def _arguments(self) -> dict[str, list[str]]:
        return {"slack": super()._arguments()["slack"]}


def test_messages_threads_and_edits_are_saved(tmp_path: Path) -> None:
    path = tmp_path / "slack.html"
    with OnlySlack(tmp_path / "sandbox", [], CHANNELS) as servers:
        assert all(isinstance(process, LeashedProcess) for process in servers._processes.values())
        url = servers.addresses["slack"]
        client = WebClient(servers.slack_token, base_url=f"{url}/api/")
        parent = client.chat_postMessage(channel="C0ORDERS", text="orders-api runs 10 pods, limit 8")["ts"]
        client.chat_postMessage(channel="C0ORDERS", text="It is over after 20 min", thread_ts=parent)
        client.chat_update(channel="C0ORDERS", ts=parent, text="Resolved: orders-api <b>")
        save_page(url, CHANNELS, path)
    page = path.read_text()
    for text in ("ped-platform", "orders-alerts", "It is over after 20 min", "Resolved: orders-api", "runs 10 pods"):
        assert text in page
    for outside in ('href="/', 'src="', "<script", "http://127.0.0.1"):
        assert outside not in page
    names = re.findall(r' id="([^"]+)"', page)
    assert len(names) == len(set(names)), "each view has its own"
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(names), "every link leads somewhere"
    views = re.findall(r'class="page ([^"]*)" id="([^"]+)"', page)
    assert ("has-thread", f"C0ORDERS-{parent}") in views and ("", "C0PLATFORM") in views
    assert ("as-text has-thread", f"C0ORDERS-{parent}-text") in views
    thread = page.partition(f'id="C0ORDERS-{parent}"')[2]
    assert thread.index("Resolved: orders-api") < thread.index("It is over after 20 min")
    assert ".page.has-thread" in page and "body.has-thread" not in page, "its style is that of the page that is served"
