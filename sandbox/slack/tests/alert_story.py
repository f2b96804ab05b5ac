"""A channel's worth of realistic messages: an alert that comes and goes, and texts that try to break the page."""

from typing import Any

from slack_sdk import WebClient

from sandbox.slack.control import ControlClient

Block = dict[str, Any]

PLATFORM = "C0PLATFORM"
SHOP = "C0SHOP"
HOSTILE = "<script>alert('x')</script> &lt;!channel&gt; <javascript:alert(1)|click me> \"quoted\" 'too'"


def header(text: str) -> Block:
    """Return the block that an alert begins with."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": f"*{text}*"}}


def section(text: str, *fields: str) -> Block:
    """Return a section block, with fields."""
    block: Block = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    if fields:
        block["fields"] = [{"type": "mrkdwn", "text": field} for field in fields]
    return block


def context(*texts: str) -> Block:
    """Return a context block."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text} for text in texts]}


def firing_blocks(state: str, api: str, team: str, running: int, limit: int) -> list[Block]:
    """Return the blocks of an alert."""
    return [
        header(f"{state} {api} runs {running} pods, its limit is {limit}"),
        section(
            f"*{api}* (team <https://example.com/teams/{team}|{team}>) is over its PED limit in `prod-eu`.",
            f"*Running*\n{running} pods (HPA 20, Deployment 18)",
            f"*Limit*\n{limit} pods, scope `cluster`",
            "*Over since*\n<!date^1795342800^{date_short} {time}|10:20 UTC>, 2 observations",
            "*Moved*\nspec 8 → 14, HPA max 10 → 20 at 10:02",
        ),
        context("cycle 2026-11-22 10:20 UTC", "limits as of 10:19", "fingerprint `7f3a9c`"),
    ]


def tell_story(client: WebClient, control: ControlClient) -> dict[str, str]:
    """Post the messages; return the timestamps of the parents by what happens to them."""
    metadata = {"event_type": "pedwatch_alert", "event_payload": {"notification_id": "8d1f6c1e", "state": "firing"}}
    parent = client.chat_postMessage(
        channel=PLATFORM,
        text="Firing: checkout-api runs 18 pods, its limit is 10 (prod-eu, team payments).",
        blocks=firing_blocks(":rotating_light:", "checkout-api", "payments", 18, 10),
        metadata=metadata,
    )
    for text in (
        ":chart_with_upwards_trend: *worse*: 18 → 20 pods, now *critical* (1.5 × the limit)",
        "`limit_raised`? no: limit is still 10 (<https://example.com/commit/4f2c|4f2c>)",
        ":white_check_mark: *resolved* after 35 min; peak 20 pods; ended because replicas fell to 10",
    ):
        client.chat_postMessage(channel=PLATFORM, text=text, thread_ts=parent["ts"])
    control.post_as("U0MAYA", PLATFORM, "Load test, my fault. Scaled back :pray:", thread_ts=parent["ts"])
    client.chat_update(
        channel=PLATFORM,
        ts=parent["ts"],
        text="Resolved: checkout-api is back at 10 pods (limit 10) after 35 min; peak 20.",
        blocks=[
            header(":white_check_mark: Resolved: checkout-api is back within its limit"),
            section(
                "*checkout-api* ran over its limit for *35 minutes* in `prod-eu`. ~18 pods~ → *10 pods*",
                "*Peak*\n20 pods",
                "*Limit*\n10 pods",
                "*Ended because*\nreplicas fell",
                "*Told*\n<@U0MAYA>, <#C0SHOP>",
            ),
            context("2026-11-22 09:50 – 10:25 UTC", "7 cycles observed, 0 unknown"),
        ],
        metadata={**metadata, "event_payload": {"notification_id": "8d1f6c1e", "state": "resolved"}},
    )
    control.react_as("U0MAYA", PLATFORM, parent["ts"], "eyes")
    control.react_as("U0MAYA", PLATFORM, parent["ts"], "tada")
    _post_difficult_texts(client)
    _post_elsewhere(client)
    return {"resolved": parent["ts"]}


def _post_difficult_texts(client: WebClient) -> None:
    long_name = "recommendation-and-personalisation-engine-for-the-loyalty-programme-backend-v2-canary"
    client.chat_postMessage(
        channel=PLATFORM,
        text=f"Firing: {long_name} runs 31 pods, its limit is 12.",
        blocks=firing_blocks(":red_circle:", long_name, "growth-and-retention", 31, 12),
    )
    client.chat_postMessage(
        channel=PLATFORM,
        text=f"A label said: {HOSTILE}",
        blocks=[
            section("A label said <script>alert(1)</script>"),
            section(
                f"{HOSTILE}\n> quoted line with *bold* and `<b>code</b>`", HOSTILE, "*Field*\n<img src=x onerror=1>"
            ),
            context(HOSTILE),
        ],
    )
    client.chat_postMessage(
        channel=PLATFORM,
        text="<!here> خدمة الدفع تعمل بـ 14 نسخة والحد 10 :warning: (payments-ar)",
    )
    client.chat_postMessage(
        channel=PLATFORM,
        text="<!channel> Blind: cluster `prod-us` has not answered for 3 cycles; its APIs are *unknown*, not fine.",
    )
    client.chat_postMessage(
        channel=PLATFORM,
        text="Storm: 3 APIs of team search are over their limits since 10:30.",
        blocks=[
            section(":warning: *Storm*: 3 APIs of team *search* went over in one cycle"),
            {
                "type": "table",
                "rows": [
                    [{"type": "raw_text", "text": text} for text in row]
                    for row in (
                        ("API", "running", "limit", "cluster"),
                        ("search-query", "41", "30", "prod-eu"),
                        ("search-indexer", "12", "8", "prod-eu"),
                        ("search-suggest", "9", "6", "prod-us"),
                    )
                ],
            },
        ],
    )


def _post_elsewhere(client: WebClient) -> None:
    for text in ("Digest: 1 over now, 2 near their limit, coverage 99.7 %.", "Exemption of *cart-api* ends in 3 days."):
        client.chat_postMessage(channel=SHOP, text=text)
