"""The saved page holds every channel, thread and version, and needs no server."""

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
    for text in ("#ped-platform", "#orders-alerts", "It is over after 20 min", "Resolved: orders-api", "runs 10 pods"):
        assert text in page
    assert page.index("Resolved: orders-api") < page.index("It is over after 20 min")
    for outside in ('href="/', 'src="', "<script", "http://127.0.0.1"):
        assert outside not in page
