"""What a run was, in one line, and where its tasks lead."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pedwatch.operators import extra_links
from pedwatch.tasks.run_summary import folded_in_short, in_short, loaded_in_short, sent_in_short

LIVE = {"origin": "live", "label": "watch"}


@pytest.mark.parametrize(
    ("seen", "blind", "found", "sent", "text"),
    [
        (41, 0, (0, 0), 0, "41 clusters; 0 over; 0 messages"),
        (39, 2, (3, 1), 1, "41 clusters, 2 not seen whole; 3 over, 1 new; 1 message"),
        (1, 0, (1, 0), 2, "1 cluster; 1 over; 2 messages"),
    ],
)
def test_a_cycle_in_short(seen: int, blind: int, found: tuple[int, int], sent: int, text: str) -> None:
    loaded = {"seen": ["c"] * seen, "blind": ["c"] * blind}
    assert in_short(LIVE, loaded, {"firing": found[0], "fired": found[1]}, sent) == text


def test_a_compared_past_says_where_its_evidence_is() -> None:
    plan = {"origin": "backfill", "label": "march"}
    assert in_short(plan, {}, {"firing": 0, "fired": 0}, 0) == "re-compared, evidence in audits/march"


@pytest.mark.parametrize(
    ("link", "returned", "url"),
    [
        (
            extra_links.AuditReportLink(),
            {"location": "gs://bucket/audits/daily/2026-03-02"},
            "https://storage.cloud.google.com/bucket/audits/daily/2026-03-02/report.html",
        ),
        (
            extra_links.EvidenceLink(),
            "gs://bucket/audits/march/20260302T100000Z",
            "https://console.cloud.google.com/storage/browser/bucket/audits/march/20260302T100000Z",
        ),
        (
            extra_links.SlackMessageLink(),
            {"sent": 1, "message": {"channel": "C0ORDERS", "message_ts": "1772445600.000100"}},
            "https://slack.com/app_redirect?channel=C0ORDERS&message_ts=1772445600.000100",
        ),
        (extra_links.SlackMessageLink(), {"sent": 0, "message": None}, ""),
        (extra_links.AuditReportLink(), None, ""),
    ],
)
def test_links_lead_to_what_the_task_returned(link: Any, returned: Any, url: str) -> None:
    instance = SimpleNamespace(task_id="t", map_index=-1, xcom_pull=lambda **_: returned)
    assert link.get_link(None, ti_key=instance) == url


def test_the_ledgers_page_names_project_dataset_and_table() -> None:
    config: Any = SimpleNamespace(project="p-1", dataset="ped_watch")
    query = parse_qs(urlsplit(extra_links.table_url(config, "verdicts")).query)
    assert query == {"project": ["p-1"], "ws": ["!1m5!1m4!4m3!1sp-1!2sped_watch!3sverdicts"]}


def test_each_task_says_at_its_end_what_it_found() -> None:
    limits = {"known_at": "2026-03-02T10:05:20+00:00", "is_stale": False}
    loaded = {"rows": 1, "seen": ["eu", "us"], "blind": [], "limits": limits}
    assert loaded_in_short(loaded) == ("1 row of 2 clusters that were seen whole; limits as known at 2026-03-02T10:05")
    dark = {"rows": 0, "seen": [], "blind": ["eu", "us"], "limits": limits | {"is_stale": True}}
    assert loaded_in_short(dark) == (
        "0 rows of 0 clusters that were seen whole, not of eu, us; limits as known at 2026-03-02T10:05, which is stale"
    )
    assert folded_in_short({"firing": 2, "fired": 1, "deliverable": 1}) == (
        "2 problems, 1 of them new; 1 message to deliver"
    )
    assert folded_in_short({"firing": 0, "fired": 0, "deliverable": 0}) == "0 problems; 0 messages to deliver"
    assert sent_in_short({"sent": 2, "dead": 1}) == "1 dead, 2 sent"
    assert sent_in_short({}) == "nothing was waiting"
