"""Slack's mrkdwn as safe HTML, and as the plain text a screen reader reads.

Everything a sender wrote is escaped; only tags made here come out. Control sequences are what Slack takes as such:
``<!channel>`` is a mention, the escaped ``&lt;!channel&gt;`` is text, and so is ``<script>``.
"""

import html
import re
from urllib.parse import urlsplit

from sandbox.slack.emoji import EMOJI, SHORTCODE, spoken_name
from sandbox.slack.workspace import GROUPS, PEOPLE

SEQUENCE = re.compile(r"<([^<>\n]+)>")
CODE_BLOCK = re.compile(r"```\n?(.+?)\n?```", re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
STYLED = re.compile(r"(?<!\w)([*_~])(?=\S)([^\n]+?)(?<=\S)\1(?!\w)")
STYLE_TAGS = {"*": "strong", "_": "em", "~": "del"}
#: Finished pieces of HTML wait outside the text, behind private-use characters, while the rest is worked on.
OPEN, CLOSE = "\ue000", "\ue001"
PLACEHOLDER = re.compile(f"{OPEN}(\\d+){CLOSE}")
LINK_SCHEMES = ("http", "https", "mailto")
BROADCASTS = ("channel", "here", "everyone")

ChannelNames = dict[str, str]


def unescape(text: str) -> str:
    """Undo the three escapes Slack asks for (and no others)."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def is_safe_link(url: str) -> bool:
    """Say whether a link may become a real one: web and mail only, never ``javascript:``."""
    try:
        return urlsplit(url).scheme.lower() in LINK_SCHEMES
    except ValueError:
        return False


def link(url: str, label: str) -> str:
    """Return a link to a page outside, or just the label when the address is not to be trusted."""
    if not is_safe_link(url):
        return html.escape(label)
    return f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer">{html.escape(label)}</a>'


def mention(label: str, is_broadcast: bool = False) -> str:
    """Return a highlighted mention; it has no say in the direction of the text around it."""
    kind = "mention broadcast" if is_broadcast else "mention"
    return f'<span class="{kind}" dir="auto">{html.escape(label)}</span>'


def emoji(name: str) -> str | None:
    """Return an emoji with its name for those who cannot see it, or None if nobody knows it."""
    symbol = EMOJI.get(name)
    if symbol is None:
        return None
    return f'<span class="emoji" role="img" aria-label="{html.escape(spoken_name(name))}">{symbol}</span>'


def person(user: str) -> str:
    """Return the name a mention of a user shows."""
    return f"@{PEOPLE[user][0] if user in PEOPLE else user}"


def group(identifier: str) -> str:
    """Return the name a mention of a user group shows."""
    return f"@{GROUPS.get(identifier, identifier)}"


def _resolve(sequence: str, channels: ChannelNames) -> tuple[str, str, str] | None:
    """Return (kind, target, label) of what stands between ``<`` and ``>``, or None when it is just text."""
    target, _, label = sequence.partition("|")
    label = unescape(label)
    if target.startswith("@"):
        return "mention", target, f"@{label}" if label else person(target[1:])
    if target.startswith("#"):
        return "mention", target, f"#{label or channels.get(target[1:], target[1:])}"
    if target.startswith("!"):
        return _resolve_special(target[1:], label)
    if is_safe_link(unescape(target)):
        return "link", unescape(target), label or unescape(target).removeprefix("mailto:")
    return None


def _resolve_special(target: str, label: str) -> tuple[str, str, str] | None:
    command, *details = target.split("^")
    if command in BROADCASTS:
        return "broadcast", target, f"@{command}"
    if command == "subteam" and details:
        return "mention", target, label or group(details[0])
    return ("text", "", label) if label else None


def _sequence_html(sequence: str, channels: ChannelNames) -> str | None:
    found = _resolve(sequence, channels)
    if found is None:
        return None
    kind, target, label = found
    if kind == "link":
        return link(target, label)
    if kind in ("mention", "broadcast"):
        return mention(label, is_broadcast=kind == "broadcast")
    return html.escape(label)


def _style(escaped: str) -> str:
    """Apply bold, italic and strike to text that is already escaped."""
    return STYLED.sub(lambda found: f"<{STYLE_TAGS[found[1]]}>{_style(found[2])}</{STYLE_TAGS[found[1]]}>", escaped)


def _lines(styled: str) -> str:
    """Turn line breaks into tags and runs of ``>`` lines into quotes."""
    parts: list[str] = []
    quote: list[str] = []
    for line in [*styled.split("\n"), None]:
        if line is not None and line.startswith("&gt;"):
            quote.append(line.removeprefix("&gt;").lstrip())
            continue
        if quote:
            parts.append(f"<blockquote>{'<br>'.join(quote)}</blockquote>")
            quote = []
        if line is not None:
            parts.append(line)
    joined = "<br>".join(parts)
    return joined.replace("<br><blockquote>", "<blockquote>").replace("</blockquote><br>", "</blockquote>")


def to_html(text: str, channels: ChannelNames | None = None) -> str:
    """Render mrkdwn."""
    finished: list[str] = []

    def keep(piece: str) -> str:
        finished.append(piece)
        return f"{OPEN}{len(finished) - 1}{CLOSE}"

    def sequence(found: re.Match[str]) -> str:
        piece = _sequence_html(found[1], channels or {})
        return found[0] if piece is None else keep(piece)

    def shortcode(found: re.Match[str]) -> str:
        piece = emoji(found[1])
        return found[0] if piece is None else keep(piece)

    text = text.replace(OPEN, "").replace(CLOSE, "")
    text = CODE_BLOCK.sub(lambda found: keep(f"<pre><code>{html.escape(unescape(found[1]))}</code></pre>"), text)
    text = CODE.sub(lambda found: keep(f"<code>{html.escape(unescape(found[1]))}</code>"), text)
    text = SHORTCODE.sub(shortcode, SEQUENCE.sub(sequence, text))
    rendered = _lines(_style(html.escape(unescape(text), quote=False)))
    return _restore(rendered, finished)


def _restore(rendered: str, finished: list[str]) -> str:
    replaced = PLACEHOLDER.sub(lambda found: finished[int(found[1])], rendered)
    return replaced.replace("<br><pre>", "<pre>").replace("</pre><br>", "</pre>")


def to_spoken(text: str, channels: ChannelNames | None = None) -> str:
    """Return mrkdwn as a screen reader reads it: labels for links, names for emoji, no marks."""

    def sequence(found: re.Match[str]) -> str:
        resolved = _resolve(found[1], channels or {})
        return found[0] if resolved is None else resolved[2]

    def shortcode(found: re.Match[str]) -> str:
        return spoken_name(found[1]) if found[1] in EMOJI else found[0]

    text = SHORTCODE.sub(shortcode, SEQUENCE.sub(sequence, text)).replace("```", "").replace("`", "")
    for _ in STYLE_TAGS:
        text = STYLED.sub(lambda found: found[2], text)
    return unescape(text)
