"""Saves the page of the Slack stand-in, every channel and thread of it, as one HTML file: no server, no script."""

import html
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

_BODY = re.compile(r'<body class="([^"]*)"[^>]*>(.*)</body>', re.DOTALL)
_LINK = re.compile(r'href="/c/([^"/?#]+)(?:/t/([^"?#]+))?(\?as=text)?(?:#([^"]*))?"')
_WITHIN = re.compile(r'( id|href)="#?([^"/:#]+)"')
_OFFLINE = re.compile(r'<p class="offline".*?</p>', re.DOTALL)
_BODY_RULE = re.compile(r"(?<![-.\w])body(?=[\s,.:{])")
# What is looked at is what the address names, or what holds it; at first it is the first.
_STYLE = """
.page { height: 100vh; }
.page:not(:target):not(:has(:target)) { display: none; }
body:not(:has(:target)) > .page:first-child { display: grid; }
"""


def save_page(url: str, channels: dict[str, str], path: Path) -> None:
    """Write the page as `make up` serves it: channels at the side, threads beside the messages, and as text."""
    style = _BODY_RULE.sub(".page", _get(f"{url}/page/page.css").replace("html, body {", "html {"))
    views = "".join(_views(url, channels))
    there = set(re.findall(r' id="([^"]+)"', views))
    # The time of a reply leads to the message in its channel, where replies are not: to the channel, then.
    views = re.sub(
        r'href="#([^"]+?)(--[^"]*)?"', lambda one: one[0] if one[0][7:-1] in there else f'href="#{one[1]}"', views
    )
    path.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>What was posted to Slack</title><style>body {{ margin: 0; }}{style}{_STYLE}</style></head>"
        f"<body>{views}</body></html>\n",
        encoding="utf-8",
    )


def _views(url: str, channels: dict[str, str]) -> Iterator[str]:
    for as_text in ("", "?as=text"):
        for channel in channels:
            shown = _get(f"{url}/c/{channel}{as_text}")
            yield _view(shown, _name(channel, "", as_text))
            for thread in sorted(set(re.findall(rf'href="/c/{channel}/t/([^"?#]+)', shown))):
                yield _view(_get(f"{url}/c/{channel}/t/{thread}{as_text}"), _name(channel, thread, as_text))


def _name(channel: str, thread: str, as_text: str) -> str:
    return "-".join(filter(None, [channel, thread, "text" if as_text else ""]))


def _view(shown: str, name: str) -> str:
    """Return the body of a page to stand beside others: its names are its own, its links lead within the file."""
    found = _BODY.search(shown)
    assert found is not None, "the stand-in serves pages"
    body = _OFFLINE.sub("", found[2])
    body = _WITHIN.sub(lambda one: f'{one[1]}="{"#" if one[1] == "href" else ""}{name}--{one[2]}"', body)

    def lead(link: re.Match[str]) -> str:
        channel, thread, as_text, anchor = link.groups(default="")
        target = _name(channel, thread, as_text)
        return f'href="#{target}{f"--{anchor}" if anchor else ""}"'

    return f'<div class="page {html.escape(found[1])}" id="{name}">{_LINK.sub(lead, body)}</div>'


def _get(url: str) -> str:
    # Loopback is never behind a proxy, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return str(answer.read().decode())
