"""Saves what the Slack stand-in shows as one HTML file that needs no server."""

import html
import json
import re
import urllib.request
from pathlib import Path
from typing import Any

_STYLE = """
body { display: block; overflow: auto; height: auto; max-width: 60rem; margin: 0 auto; padding: 1rem; }
.saved-thread { margin-left: 3.5rem; border-left: 2px solid #8884; }
"""
# Links lead within the file, where the server's led to its other pages.
_LINK = re.compile(r'href="/c/[^"#]*(?:#([^"]*))?"')


def save_page(url: str, channels: dict[str, str], path: Path) -> None:
    """Write every channel with its threads unfolded."""
    css = _get(f"{url}/page/page.css")
    sections = "".join(_channel(url, channel, name) for channel, name in channels.items())
    title = "What was posted to Slack"
    path.write_text(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{css}{_STYLE}</style></head><body><h1>{title}</h1>{sections}</body></html>\n",
        encoding="utf-8",
    )


def _channel(url: str, channel: str, name: str) -> str:
    items = _state(url, channel)["messages"]
    parts = [f"<section><h2>#{html.escape(name)}</h2><div class='log'>"]
    for item in items:
        parts.append(item["html"])
        if re.fullmatch(r"\d+\.\d+", item["id"]):
            # The first of a thread is the parent, the second its count of replies.
            replies = _state(url, channel, item["id"])["thread"][2:]
            parts += ["<div class='saved-thread'>", *(reply["html"] for reply in replies), "</div>"]
    return _LINK.sub(lambda link: f'href="#{link[1] or ""}"', "".join([*parts, "</div></section>"]))


def _state(url: str, channel: str, thread: str = "") -> dict[str, Any]:
    query = f"channel={channel}" + (f"&thread={thread}" if thread else "")
    state: dict[str, Any] = json.loads(_get(f"{url}/page/state?{query}"))
    return state


def _get(url: str) -> str:
    # Loopback is never behind a proxy, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return str(answer.read().decode())
