"""Slack's markup as safe HTML, one rule per row."""

import html
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.mrkdwn import to_html, to_spoken

CHANNELS = {"C0SHOP": "team-shop"}
MENTION = '<span class="mention" dir="auto">{}</span>'
BROADCAST = '<span class="mention broadcast" dir="auto">{}</span>'
LINK = '<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>'
RENDERED: dict[str, tuple[str, str]] = {
    "bold": ("*18* pods", "<strong>18</strong> pods"),
    "italic": ("_now_", "<em>now</em>"),
    "strike": ("~18~", "<del>18</del>"),
    "nested": ("*a _b_ c*", "<strong>a <em>b</em> c</strong>"),
    "names with underscores stay": ("snake_case_name and 5*3*2", "snake_case_name and 5*3*2"),
    "a lone star stays": ("* item", "* item"),
    "code is verbatim": ("`*a* <!channel> &lt;b&gt;`", "<code>*a* &lt;!channel&gt; &lt;b&gt;</code>"),
    "code block": ("```\nx < y\n```", "<pre><code>x &lt; y</code></pre>"),
    "quote": ("&gt; said\nthen", "<blockquote>said</blockquote>then"),
    "line break": ("a\nb", "a<br>b"),
    "link": ("<https://e.com/?a=1&amp;b=2|see>", LINK.format("https://e.com/?a=1&amp;b=2", "see")),
    "bare link": ("<https://e.com>", LINK.format("https://e.com", "https://e.com")),
    "mail": ("<mailto:a@e.com|a@e.com>", LINK.format("mailto:a@e.com", "a@e.com")),
    "label is escaped": ("<https://e.com|&lt;b&gt;>", LINK.format("https://e.com", "&lt;b&gt;")),
    "quotes cannot leave an attribute": (
        '<https://e.com/"onclick="x|a>',
        LINK.format("https://e.com/&quot;onclick=&quot;x", "a"),
    ),
    "javascript is no link": ("<javascript:alert(1)|a>", "&lt;javascript:alert(1)|a&gt;"),
    "data is no link": ("<data:text/html,x|a>", "&lt;data:text/html,x|a&gt;"),
    "script is text": ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    "channel mention": ("<!channel>", BROADCAST.format("@channel")),
    "escaped channel mention is text": ("&lt;!channel&gt;", "&lt;!channel&gt;"),
    "doubly escaped stays once escaped": ("&amp;lt;!channel&amp;gt;", "&amp;lt;!channel&amp;gt;"),
    "unknown command is text": ("<!nuke>", "&lt;!nuke&gt;"),
    "user": ("<@U0MAYA>", MENTION.format("@maya")),
    "unknown user": ("<@U0X>", MENTION.format("@U0X")),
    "channel link": ("<#C0SHOP>", MENTION.format("#team-shop")),
    "user group": ("<!subteam^S1|@sre>", MENTION.format("@sre")),
    "a date is told by its fallback": ("<!date^1763806800^{date_num} {time}|x>", "x"),
    "emoji": (":eyes:", '<span class="emoji" role="img" aria-label="eyes emoji">👀</span>'),
    "unknown emoji": (":partyparrot:", ":partyparrot:"),
    "times are no emoji": ("10:05:30", "10:05:30"),
    "placeholders cannot be forged": ("\ue0000\ue001 `x`", "0 <code>x</code>"),
}


@pytest.mark.parametrize(("text", "expected"), RENDERED.values(), ids=RENDERED)
def test_rendering(text: str, expected: str) -> None:
    assert to_html(text, CHANNELS) == expected


SPOKEN: dict[str, tuple[str, str]] = {
    "marks go": ("*a* _b_ ~c~ `d`", "a b c d"),
    "labels for links": ("<https://e.com|the runbook>", "the runbook"),
    "mentions": ("<!here> <@U0MAYA> <#C0SHOP>", "@here @maya #team-shop"),
    "emoji by name": (":rotating_light: over", "rotating light emoji over"),
    "escapes undone": ("&lt;!channel&gt; &amp;", "<!channel> &"),
}


@pytest.mark.parametrize(("text", "expected"), SPOKEN.values(), ids=SPOKEN)
def test_what_a_screen_reader_reads(text: str, expected: str) -> None:
    assert to_spoken(text, CHANNELS) == expected


class Seen(HTMLParser):
    """Notes the tags and attributes of rendered text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.open: list[str] = []
        self.is_balanced = True
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that opens."""
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag that closes is the one last opened."""
        self.is_balanced &= bool(self.open) and self.open.pop() == tag


PIECES = st.sampled_from(
    [
        *("<", ">", "&", "&lt;", "&gt;", "*", "_", "~", "`", "```", "|", "!", "@", "#", ":", "\n", " ", '"', "'"),
        *(
            "\ue000",
            "script",
            "!channel",
            "https://e.com/",
            "javascript:alert(1)",
            "onerror=x",
            "eyes",
            "U0MAYA",
            "0",
            "ب",
            "\ue001",
        ),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_whatever_is_sent_only_known_tags_come_out(text: str) -> None:
    seen = Seen(to_html(text, CHANNELS))
    assert seen.tags <= {"strong", "em", "del", "code", "pre", "blockquote", "br", "a", "span"}
    assert {name for name, _ in seen.attributes} <= {"href", "target", "rel", "class", "role", "aria-label", "dir"}
    assert all(html.unescape(value).startswith("https://") for name, value in seen.attributes if name == "href")
    assert seen.is_balanced and not seen.open
