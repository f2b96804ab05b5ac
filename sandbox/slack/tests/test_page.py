"""The page over HTTP: what it shows, what it escapes, whom it refuses."""

import http.client
import json
import urllib.parse
import urllib.request
from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.slack.control import ControlClient
from sandbox.slack.tests.alert_story import HOSTILE, PLATFORM, SHOP, header, section, tell_story
from sandbox.slack.tests.conftest import Server


def get(server: Server, path: str, **headers: str) -> tuple[int, str, http.client.HTTPMessage]:
    """Fetch a path with exactly these headers, following nothing."""
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body, answer.headers


def state(server: Server, **query: str) -> dict[str, Any]:
    """Fetch what the page polls."""
    found: dict[str, Any] = json.loads(get(server, f"/page/state?{urllib.parse.urlencode(query)}")[1])
    return found


def test_the_front_page_leads_to_a_channel(server: Server) -> None:
    status, _, headers = get(server, "/")
    assert (status, headers["Location"]) == (302, f"/c/{PLATFORM}")


def test_the_page_shows_the_story(client: WebClient, control: ControlClient, server: Server) -> None:
    parent = tell_story(client, control)["resolved"]
    _, page, _ = get(server, f"/c/{PLATFORM}")
    for expected in (
        "Resolved: checkout-api is back within its limit",
        "<b>4 replies</b>",
        "(edited)",
        "1 earlier version",
        "pedwatch_alert",
        "<table><thead>",
        '<span class="mention broadcast" dir="auto">@here</span>',
    ):
        assert expected in page
    _, thread, _ = get(server, f"/c/{PLATFORM}/t/{parent}")
    assert "4 replies</span>" in thread and "Load test, my fault." in thread and "Maya Okafor" in thread
    assert "Digest: 1 over now" in get(server, f"/c/{SHOP}")[1]


def test_what_senders_write_stays_text(client: WebClient, server: Server) -> None:
    blocks = [header(HOSTILE[:150]), section(HOSTILE, HOSTILE)]
    metadata = {"event_type": "<b>type</b>", "event_payload": {"</pre><script>": HOSTILE}}
    ts = client.chat_postMessage(channel=PLATFORM, text=HOSTILE, blocks=blocks, metadata=metadata)["ts"]
    client.chat_postMessage(channel=PLATFORM, text=HOSTILE, thread_ts=ts)
    client.chat_update(channel=PLATFORM, ts=ts, text=HOSTILE)
    for path in (f"/c/{PLATFORM}/t/{ts}", f"/c/{PLATFORM}?as=text"):
        page = get(server, path)[1]
        assert page.count("<script") == page.count('<script src="/page/page.js" defer>') == 1
        assert "javascript:" not in page.replace("&lt;javascript:alert(1)|click me&gt;", "")
        assert "<b>type</b>" not in page and "broadcast" not in page


@pytest.mark.parametrize("path", ["/c/%3Cscript%3E", "/c/C0PLATFORM/t/%22%3E%3Cscript%3Ex", "/page/store.py"])
def test_hostile_addresses_are_not_echoed(server: Server, path: str) -> None:
    assert "<script>" not in get(server, path)[1]


@pytest.mark.parametrize("path", ["/", "/c/C0PLATFORM", "/page/state?channel=C0PLATFORM", "/control/messages"])
def test_other_hosts_and_origins_are_refused(server: Server, path: str) -> None:
    assert get(server, path, Host="rebound.example.com")[0] == 403
    assert get(server, path, Host="127.0.0.1.example.com")[0] == 403
    assert get(server, path, Origin="https://evil.example.com")[0] == 403
    assert get(server, path, Origin="null")[0] == 403
    assert get(server, path, Origin=server.url)[0] != 403


def test_nothing_from_outside_may_load_or_run(server: Server) -> None:
    _, page, headers = get(server, f"/c/{PLATFORM}")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert "http://" not in page and "https://" not in page


def test_the_state_is_sent_only_when_it_changed(client: WebClient, server: Server) -> None:
    ts = client.chat_postMessage(channel=PLATFORM, text="one")["ts"]
    first = state(server, channel=PLATFORM)
    assert state(server, channel=PLATFORM, known=first["version"]) == {"version": first["version"]}
    client.chat_postMessage(channel=PLATFORM, text="two")
    second = state(server, channel=PLATFORM, known=first["version"])
    prints = [{item["id"]: item["print"] for item in found["messages"]} for found in (first, second)]
    assert prints[0][ts] == prints[1][ts] and len(prints[1]) == len(prints[0]) + 1
    client.chat_update(channel=PLATFORM, ts=ts, text="one, edited")
    third = {item["id"]: item["print"] for item in state(server, channel=PLATFORM)["messages"]}
    assert third[ts] != prints[0][ts]


def test_a_state_of_the_channel_is_said(control: ControlClient, server: Server) -> None:
    control.archive(SHOP)
    assert "This channel is archived" in get(server, f"/c/{SHOP}")[1]
    assert get(server, "/c/C0NONE")[0] == 404
