"""``rich_text`` blocks as safe HTML."""

import html
from typing import Any

from sandbox.slack import mrkdwn
from sandbox.slack.slack_dates import format_date

STYLES = {"bold": "strong", "italic": "em", "strike": "del", "code": "code"}


def _content(element: dict[str, Any], channels: mrkdwn.ChannelNames) -> str:
    match element["type"]:
        case "text":
            return html.escape(element["text"]).replace("\n", "<br>")
        case "link":
            return mrkdwn.link(element["url"], element.get("text") or element["url"])
        case "emoji":
            return mrkdwn.emoji(element["name"]) or html.escape(f":{element['name']}:")
        case "user":
            return mrkdwn.mention(mrkdwn.person(element["user_id"]))
        case "usergroup":
            return mrkdwn.mention(f"@{element['usergroup_id']}")
        case "channel":
            identifier = element["channel_id"]
            return mrkdwn.mention(f"#{channels.get(identifier, identifier)}")
        case "broadcast":
            return mrkdwn.mention(f"@{element['range']}", is_broadcast=True)
        case _:
            fallback = str(element.get("fallback", ""))
            return html.escape(format_date(str(element["timestamp"]), element["format"], fallback))


def _inline(element: dict[str, Any], channels: mrkdwn.ChannelNames) -> str:
    written = _content(element, channels)
    style = element.get("style")
    for name, tag in STYLES.items():
        if isinstance(style, dict) and style.get(name):
            written = f"<{tag}>{written}</{tag}>"
    return written


def _container(container: dict[str, Any], channels: mrkdwn.ChannelNames) -> str:
    kind = container["type"]
    if kind == "rich_text_list":
        tag = "ol" if container["style"] == "ordered" else "ul"
        items = "".join(f"<li>{_container(item, channels)}</li>" for item in container["elements"])
        return f"<{tag}>{items}</{tag}>"
    written = "".join(_inline(element, channels) for element in container["elements"])
    if kind == "rich_text_preformatted":
        return f"<pre><code>{written.replace('<br>', chr(10))}</code></pre>"
    if kind == "rich_text_quote":
        return f"<blockquote>{written}</blockquote>"
    return f'<div dir="auto">{written}</div>'


def rich_text_html(block: dict[str, Any], channels: mrkdwn.ChannelNames) -> str:
    """Render a ``rich_text`` block or table cell."""
    return f'<div class="text">{"".join(_container(container, channels) for container in block["elements"])}</div>'
