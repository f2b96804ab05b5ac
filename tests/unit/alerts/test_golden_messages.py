"""Every situation's message is what the golden file says, and Slack would take it."""

import json
import re

import pytest

from pedwatch.alerts import block_kit
from pedwatch.alerts.failed_runs import REPORT
from sandbox.slack import mrkdwn
from sandbox.slack.block_rules import check_blocks
from sandbox.slack.message_checks import EDITED_TEXT_LENGTH, accept_blocks, accept_text, text_length
from tests.golden_messages import FOLDER, SITUATIONS, text_of
from tests.sql.googlesql import SQL_ROOT

REGENERATE = "run `python -m tests.golden_messages` and read the difference"


def test_there_is_a_file_for_each_situation_and_no_other() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(SITUATIONS), REGENERATE


def test_every_reason_has_a_situation_of_its_name() -> None:
    column = next(
        line for line in (SQL_ROOT / "ddl/tables/notifications.sql").read_text().splitlines() if "  reason " in line
    )
    reasons = re.findall(r"\w+", column.partition("description = '")[2].partition("'")[0])
    assert len(reasons) > 20
    missing = [r for r in reasons if not any(name == r or name.startswith(f"{r}_") for name in SITUATIONS)]
    assert missing == [REPORT], "which tells nobody"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_it_is_as_the_golden_file_says(situation: str) -> None:
    assert text_of(SITUATIONS[situation]()) == (FOLDER / f"{situation}.json").read_text(encoding="utf-8"), REGENERATE


@pytest.mark.parametrize("situation", SITUATIONS)
def test_slack_would_take_it(situation: str) -> None:
    for part in json.loads((FOLDER / f"{situation}.json").read_text(encoding="utf-8")).values():
        assert check_blocks(part["blocks"], "/blocks").problems == []
        assert accept_blocks(part["blocks"])
        assert len(part["blocks"]) <= 40 and text_length(part["blocks"]) <= 10_000
        assert 0 < len(part["text"]) <= 4000


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_text_alone_tells_what_the_blocks_show(situation: str) -> None:
    parent = json.loads((FOLDER / f"{situation}.json").read_text(encoding="utf-8"))["parent"]
    # What would format is code there, and backticks are letters that look like them.
    lead = parent["blocks"][0]["text"]["text"].replace("`", "").replace("ˋ", "`")
    title, summary = re.sub(r"^(<!\S+> )?:\w+: \*", "", lead).split("*\n", 1)
    assert f"{title}: {summary}"[:300] in parent["text"]
    numbers = set(re.findall(r"\b\d+\b", summary)) if len(summary) < 300 else set()
    assert numbers <= set(re.findall(r"\b\d+\b", parent["text"]))


@pytest.mark.parametrize("situation", ["very_long_names", "markup_in_labels", "right_to_left_and_emoji"])
def test_whatever_the_names_are_the_fact_is_told(situation: str) -> None:
    parent = json.loads((FOLDER / f"{situation}.json").read_text(encoding="utf-8"))["parent"]
    for text in (parent["text"], parent["blocks"][0]["text"]["text"]):
        assert "runs 14 pods" in text and "its limit is 10" in text


def test_nothing_in_a_label_pings_links_or_formats() -> None:
    parent = json.loads((FOLDER / "markup_in_labels.json").read_text(encoding="utf-8"))["parent"]
    texts = [
        parent["text"],
        *re.findall(r'"text": "((?:[^"\\]|\\.)*)"', json.dumps(parent["blocks"], ensure_ascii=False)),
    ]
    for text in texts:
        raw = re.findall(r"<[^>]*>", text)
        assert all(mark.startswith(("<!subteam^S0ORDERS", "<https://")) for mark in raw), raw
    marked = json.dumps(parent["blocks"], ensure_ascii=False)
    lead = mrkdwn.to_html(parent["blocks"][0]["text"]["text"], {})
    assert re.findall(r"<(\w+)", lead)[:4] == ["span", "span", "strong", "br"], f"mention, mark and title: {lead}"
    assert set(re.findall(r"<(\w+)", lead)[4:]) == {"code"}, f"what would format is shown as it is: {lead}"
    for name in ("*bold*", "_it_", ":tada:"):
        assert f"<code>{name}</code>" in lead, "and is copied as it is"
    assert marked.count('"verbatim": true') == marked.count('"mrkdwn"'), "no address or #name is made a link"


@pytest.mark.parametrize("length", [1, 5, 10, 40])
@pytest.mark.parametrize("text", ["&" * 50, "a<b>" * 9, "*" * 30, "plain and simple words", ":a:" * 20])
def test_what_is_cut_stays_whole(text: str, length: int) -> None:
    for marked in (block_kit.escape, block_kit.plain_markup):
        cut = block_kit.fit(text, length, marked)
        assert len(cut) <= length
        assert "&" not in re.sub(r"&(amp|lt|gt);", "", cut), "no escape sequence is cut in two"


@pytest.mark.parametrize("letter", ["x", "&", "<", "é", "🦑", "\ud83d", "👩‍💻"])
def test_every_text_fits_an_edit_with_room_however_it_is_counted(letter: str) -> None:
    from pedwatch.alerts.messages import Message

    long = letter * 5000
    message = Message(":red_circle:", "Over limit", long, notes=[long], mention="<!subteam^S0ORDERS>", thread=long)
    for text in (block_kit.text_of(message), block_kit.thread_text(message)):
        assert 3800 <= len(text.encode("utf-16-le", "surrogatepass")) // 2 <= 3900, "Slack refuses edits above 4,000"
        assert accept_text(text, EDITED_TEXT_LENGTH) == text


def test_names_stay_as_they_are_where_nothing_formats_them() -> None:
    for name in ("ped_replica_watch", "a__b", "10:05 UTC to 10:20 UTC", "https://x.example/a_b", "-orders.v2"):
        assert block_kit.plain_markup(name) == name


def test_a_link_that_is_none_is_left_out() -> None:
    from pedwatch.alerts.messages import Message

    links = [
        ("a", "https://ok.example/x"),
        ("b", "javascript:alert(1)"),
        ("c", "https://x|y>"),
        ("d", "https://" + "x" * 9000),
    ]
    assert block_kit.links_text(Message("", "t", "s", links=links)) == "<https://ok.example/x|a>"
