"""Evidence packs over stored days: same bytes, whatever the order; live tables stay; wrong questions leave nothing."""

import contextlib
import csv
import datetime as dt
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden
from google.auth.exceptions import DefaultCredentialsError, TransportError

from pedwatch import settings
from pedwatch.audit.bucket import cycle_pack, period_pack
from pedwatch.audit.request import AuditRequest, request_of_run
from pedwatch.audit.subject_days import api_bucket
from pedwatch.cli import main
from pedwatch.config.retention import LOOKS_BACK_DAYS
from pedwatch.cycles import cycles_between
from pedwatch.errors import AuditError
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.tasks import housekeeping
from tests.conftest import create_tables
from tests.e2e.stand_ins import StandIns
from tests.e2e.watched_world import World
from tests.operators.audit_model import figures_of_files
from tests.operators.stored_days import RAISED_BY, StoredDays

FIRST, DAYS = dt.date(2026, 3, 2), 2
FILES = {
    "verdicts.csv",
    "differences.csv",
    "episodes.csv",
    "limits.csv",
    "coverage.csv",
    "policy_changes.csv",
    "report.html",
    "README.txt",
    "verify.py",
    "manifest.json",
}


class Audited:
    """A world with stored days, and what auditing them takes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.days = StoredDays(world.warehouse, FIRST, DAYS, is_length_changed=True)
        self.days.write()
        world.at(self.days.learnt_at + dt.timedelta(days=1))

    def request(self, day: int, label: str = "march", **fields: Any) -> AuditRequest:
        """Return the request for a day, counted from 1."""
        start = self.days.start + dt.timedelta(days=day - 1)
        return AuditRequest(label, start, start + dt.timedelta(days=1), "UTC", **fields)

    def audit(self, request: AuditRequest) -> dict[str, Any]:
        """Write a pack and link it, as the DAG does."""
        world, now = self.world, settings.now() + dt.timedelta(seconds=1)
        world.at(now)
        written = period_pack.write_pack(world.warehouse, world.storage, world.config, request, now)
        linked = period_pack.link_pack(world.warehouse, world.storage, world.config, request, written, now, "run-1")
        return written | {"sequence": linked.sequence, "cause": linked.cause}

    def objects(self, label: str) -> dict[str, bytes]:
        """Return all objects of a label by their name below it."""
        prefix = f"audits/{label}/"
        blobs = self.world.storage.list_blobs(self.world.config.bucket, prefix=prefix)
        return {blob.name.removeprefix(prefix): blob.download_as_bytes() for blob in blobs}

    def files(self, label: str, period: str, revision: int = 1) -> dict[str, bytes]:
        """Return the files of one pack."""
        folder = f"{period}/{revision}/"
        found = self.objects(label)
        return {name.removeprefix(folder): content for name, content in found.items() if name.startswith(folder)}


@pytest.fixture(scope="module")
def audited(stand_ins: StandIns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    """Two stored days, both audited under the label march, the second one first."""
    with pytest.MonkeyPatch.context() as patch:
        world = World(stand_ins, tmp_path_factory.mktemp("audited"), patch, is_seeded=False)
        found = Audited(world)
        for day in (2, 1):
            found.audit(found.request(day))
        yield found
        world.drop()


def rows(content: bytes) -> list[dict[str, str]]:
    """Read a CSV file of a pack."""
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_a_pack_has_all_its_files_and_its_row(audited: Audited) -> None:
    objects = audited.objects("march")
    packs = {f"2026-03-0{day}/1/{name}" for day in (2, 3) for name in FILES}
    assert set(objects) == packs | {"chain/000001.json", "chain/000002.json"}
    found = audited.world.query(
        f"SELECT * FROM `{audited.world.config.dataset}.audit_reports` WHERE label = 'march' ORDER BY sequence"
    )
    # The second day was audited first.
    assert [row["location"].rpartition("march/")[2] for row in found] == ["2026-03-03/1", "2026-03-02/1"]
    assert [row["verdict_rows"] for row in found] == [
        len(rows(objects[f"2026-03-0{day}/1/verdicts.csv"])) for day in (3, 2)
    ]
    entries = [objects[f"chain/00000{sequence}.json"] for sequence in (1, 2)]
    assert [row["head_sha256"] for row in found] == [hashlib.sha256(entry).hexdigest() for entry in entries]
    assert [row["previous_head_sha256"] for row in found] == [None, found[0]["head_sha256"]]
    # What was learnt last of the second day is the limit that came two days late; of the first, its last cycles.
    assert [row["inputs_as_of"] for row in found] == [
        audited.days.learnt_at,
        max(cycle for cycle in audited.days.cycles if cycle < audited.days.start + dt.timedelta(days=1)),
    ]


def test_repeating_days_in_another_order_gives_the_same_bytes_and_tells_nobody(audited: Audited) -> None:
    tables, calls, days = audited.world.tables(), audited.world.slack.calls(), days_of(audited)
    before = audited.objects("march")
    for day in (1, 2):
        audited.audit(audited.request(day))
    assert audited.objects("march") == before
    assert audited.world.tables() == tables
    assert days_of(audited) == days, "written for charts again the same"
    assert audited.world.slack.calls() == calls


@contextlib.contextmanager
def without_what_is_older(audited: Audited, than: dt.datetime) -> Iterator[int]:
    """Take the rows of tables whose rows age that are older, for a while; yields how many those are."""
    warehouse, elsewhere = audited.world.warehouse, f"{audited.world.config.dataset}_older"
    config = warehouse.config.model_copy(update={"dataset": elsewhere})
    aside = Warehouse(warehouse.client, config, warehouse.sql_root)
    create_tables(aside)
    aged = {"replica_observations": "cycle", "verdicts": "cycle", "collection_runs": "cycle"}
    aged |= {"limit_sync_runs": "read_time", "notifications": "created_at", "heartbeats": "cycle"}
    moved = 0
    for table, column in aged.items():
        here, there = warehouse.address(table), aside.address(table)
        older = f"{column} < TIMESTAMP '{than.isoformat()}'"
        audited.world.query(f"INSERT INTO `{there}` SELECT * FROM `{here}` WHERE {older}")
        [count] = audited.world.query(f"SELECT COUNT(*) AS found FROM `{here}` WHERE {older}")
        moved += count["found"]
        audited.world.query(f"DELETE FROM `{here}` WHERE {older}")
    try:
        yield moved
    finally:
        for table, column in aged.items():
            older = f"{column} < TIMESTAMP '{than.isoformat()}'"
            audited.world.query(
                f"INSERT INTO `{warehouse.address(table)}` SELECT * FROM `{aside.address(table)}` WHERE {older}"
            )
        warehouse.client.delete_dataset(elsewhere, delete_contents=True)


def test_what_has_aged_by_then_is_missed_by_no_audit(audited: Audited) -> None:
    """A day that can still be audited is audited the same when all that retention need not keep for it is gone."""
    request = audited.request(2, label="aged")
    audited.audit(request)
    before = audited.objects("aged")
    # Three quarters of what it allows: the stored days begin one day before.
    cut = request.start - dt.timedelta(days=LOOKS_BACK_DAYS) * 3 / 8
    with without_what_is_older(audited, cut) as moved:
        assert moved > 100
        audited.audit(request)
        assert audited.objects("aged") == before


def days_of(audited: Audited) -> list[dict[str, Any]]:
    """Return the rows of ``subject_days``."""
    table = f"{audited.world.config.dataset}.subject_days"
    return audited.world.query(f"SELECT * FROM `{table}` WHERE day >= '2026-01-01' ORDER BY day, subject")


def drawn_of(audited: Audited, day: dt.date) -> list[dict[str, Any]]:
    """Return what charts show of the APIs of a day."""
    narrowed = dict.fromkeys(("environment", "team_id"), Typed("STRING", None)) | {"first_day": day, "last_day": day}
    return [
        row
        for api in sorted({row["api_id"] for row in days_of(audited) if row["api_id"]})
        for row in audited.world.warehouse.run(
            "page/stretches.sql", {**narrowed, "api_bucket": api_bucket(api), "api_id": api}
        )
    ]


def test_a_day_is_written_for_charts_anew_when_it_is_counted_anew_and_back(audited: Audited) -> None:
    before = days_of(audited)
    verdicts = rows(audited.files("march", "2026-03-03")["verdicts.csv"])
    second = [row for row in before if row["day"] == dt.date(2026, 3, 3)]
    assert {row["subject"] for row in second} == {row["subject"] for row in verdicts}
    drawn = drawn_of(audited, dt.date(2026, 3, 3))
    assert sum(row["judged_cycles"] for row in second) == len(verdicts)
    of_apis = sum(row["judged_cycles"] for row in second if row["api_id"])
    assert 0 < of_apis == sum(run["cycles"] for row in drawn for run in row["runs"])
    assert all(len(row["runs"]) < 20 for row in drawn), "run-length coded"
    # Of one API only: no day of the fleet.
    audited.audit(audited.request(2, "part", apis=("search",)))
    assert days_of(audited) == before
    # By what was learnt since, orders was allowed what it ran: the day's rows are replaced, no other's.
    audited.audit(audited.request(2, "late", counted="now"))
    after = days_of(audited)
    assert [row for row in after if row["day"] == dt.date(2026, 3, 2)] == [
        row for row in before if row["day"] == dt.date(2026, 3, 2)
    ]
    late = [row for row in after if row["day"] == dt.date(2026, 3, 3)]
    assert {row["counted"] for row in late} == {"now"}
    assert sum(row["over_cycles"] for row in late) < sum(row["over_cycles"] for row in second)
    assert len(drawn_of(audited, dt.date(2026, 3, 3))) == len(drawn)
    assert drawn_of(audited, dt.date(2026, 3, 3)) != drawn, "the newest audit of the day"
    audited.audit(audited.request(2, "again"))
    assert days_of(audited) == before
    assert drawn_of(audited, dt.date(2026, 3, 3)) == drawn
    for name, content in audited.objects("again").items():
        if not name.endswith((".json", "report.html")):  # which name the label
            assert audited.objects("march")[name] == content, name


def test_the_hours_of_a_day_add_up_across_lengths_of_cycles(audited: Audited) -> None:
    """Orders was over from 10:00 to 11:30, and nobody looked in the minute before the first short cycle."""
    verdicts = rows(audited.files("march", "2026-03-02")["verdicts.csv"])
    orders = [row for row in verdicts if row["subject"] == "cluster/prod.orders.orders/eu-prod-1"]
    assert sum(int(row["cycle_minutes"]) for row in orders) == 24 * 60
    morning = [row for row in orders if "10:00" <= row["cycle"][11:16] < "11:30"]
    minutes = Counter(row["verdict"] for row in morning for _ in range(int(row["cycle_minutes"])))
    assert minutes == {"over_limit": 89, "unknown": 1}
    assert {row["cycle_minutes"] for row in morning} == {"5", "1", "3"}


def test_a_backfill_across_lengths_of_cycles_judges_those_there_were(audited: Audited) -> None:
    """Twice, the second time by the marks of another schedule: the ledger, evidence and packs are the same bytes."""
    world, march = audited.world, audited.objects("march")
    since, until = (audited.days.start + dt.timedelta(hours=11, minutes=minute) for minute in (-5, 25))

    def backfill(minutes: int) -> tuple[Any, dict[str, bytes]]:
        config = world.config.model_copy(update={"cycle_minutes": minutes})
        warehouse = Warehouse(world.warehouse.client, config, world.warehouse.sql_root)
        for cycle in cycles_between(since, until, dt.timedelta(minutes=minutes)):
            if minutes == 5 or cycle.minute in (1, 2, 22, 23, 25):
                judged = {"cycle": cycle, "known_at": audited.days.end, "computed_at": settings.now()}
                judged |= {"is_limits_stale": False, "origin": "backfill", "run_id": "again"}
                warehouse.write("verdicts/compare.sql", judged)
                cycle_pack.write_evidence(warehouse, world.storage, config, cycle, audited.days.end, "short")
        told_of = "cycle, subject, revision, cycle_minutes, verdict, content_sha256"
        ledger = f"SELECT {told_of} FROM `{config.dataset}.verdicts` WHERE cycle >= '2026-03-01' ORDER BY 1, 2, 3"
        return world.query(ledger), audited.objects("short")

    backfill(1)
    first, evidence_of_first = backfill(5)
    assert {row["cycle"]: row["cycle_minutes"] for row in first} == audited.days.lengths
    again, evidence_again = backfill(1)
    assert again == first
    assert evidence_again == evidence_of_first
    assert "20260302T112300Z/verdicts.csv" in evidence_again
    assert evidence_again["20260302T112300Z/verdicts.csv"].count(b"\n") <= 1, "a mark of nobody's is judged by nobody"
    audited.audit(audited.request(1))
    assert audited.objects("march") == march


def test_an_audit_with_another_result_stands_beside_what_was_linked(
    audited: Audited, capsys: pytest.CaptureFixture[str]
) -> None:
    audited.audit(audited.request(2, "anew"))
    before = audited.objects("anew")
    posted = hashlib.sha256(before["chain/000001.json"]).hexdigest()
    found = audited.audit(audited.request(2, "anew", counted="now"))
    assert (found["pack"], found["sequence"], found["cause"]) == ("2026-03-03/2", 2, "limits as known now")
    after = audited.objects("anew")
    assert {name: after[name] for name in before} == before
    address = f"gs://{audited.world.config.bucket}/audits/anew"
    assert main(["audit", "verify", address, "--head", posted]) == 0
    said = capsys.readouterr().out
    assert f"head {posted[:12]}… was that of entry 1: all up to it is as it was; 1 since" in said
    assert "entry 2: 2026-03-03/2, limits as known now" in said
    for part in ("2026-03-03", "2026-03-03/2"):
        assert main(["audit", "verify", f"{address}/{part}"]) == 0
    assert "2 packs are" in capsys.readouterr().out
    # Counted as before, it is found as before: a third one, for which the second is not what holds.
    assert audited.audit(audited.request(2, "anew"))["pack"] == "2026-03-03/3"
    assert audited.audit(audited.request(2, "anew"))["pack"] == "2026-03-03/3"


def test_a_day_without_a_pack_is_missed_until_there_is_one(
    audited: Audited, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    address = f"gs://{audited.world.config.bucket}/audits/daily"
    audited.audit(audited.request(1, "daily"))
    assert main(["audit", "verify", address]) == 4
    said = capsys.readouterr().out
    assert "2026-03-03: no evidence pack. What to do: airflow backfill create --dag-id ped_replica_audit" in said
    assert "--from-date 2026-03-02T12:00 --to-date 2026-03-03T12:00" in said
    assert "2026-03-02: no evidence pack" not in said
    # The stored days come without heartbeats: no run finished what they saw.
    assert "cycles were collected, and no run finished them" in said
    housekeeping.warn_of_gaps(audited.world.warehouse)
    assert "evidence that is missing: 2026-03-03: no evidence pack. To do: airflow backfill create" in caplog.text
    audited.audit(audited.request(2, "daily"))
    main(["audit", "verify", address])
    said = capsys.readouterr().out
    assert "no evidence pack" not in said and "older than" not in said
    # What is learnt later of the first day, its pack lacks.
    table, late = f"`{audited.world.config.dataset}.collection_runs`", audited.days.learnt_at + dt.timedelta(hours=1)
    cycle = audited.days.start + dt.timedelta(hours=6)
    one = f"cycle = TIMESTAMP '{cycle.isoformat()}' AND cluster = 'eu-prod-1'"
    [row] = audited.world.query(f"SELECT recorded_at FROM {table} WHERE {one}")
    audited.world.query(f"UPDATE {table} SET recorded_at = TIMESTAMP '{late.isoformat()}' WHERE {one}")
    main(["audit", "verify", address])
    assert "2026-03-02: the pack is older than its data. What to do: airflow backfill create" in capsys.readouterr().out
    assert audited.audit(audited.request(1, "daily"))["cause"] == "recorded anew, the same"
    main(["audit", "verify", address])
    assert "older than" not in capsys.readouterr().out
    audited.world.query(f"UPDATE {table} SET recorded_at = TIMESTAMP '{row['recorded_at'].isoformat()}' WHERE {one}")


@pytest.mark.parametrize(("day", "counted"), [(1, "then"), (2, "now")])
def test_a_slow_model_finds_the_same_figures_in_the_files(audited: Audited, day: int, counted: Any) -> None:
    request = audited.request(day, f"model-{counted}", counted=counted)
    world = audited.world
    sources = period_pack.read_sources(world.warehouse, request, settings.now())
    folder = world.folder / f"{counted}-{day}"
    folder.mkdir()
    days: dict[dt.date, list[Any]] = {}
    findings, _ = period_pack.write_files(
        folder,
        request,
        sources,
        world.config,
        {},
        settings.include_dir(),
        lambda of, rows, _: days.update({of: [*rows]}),
    )
    model = figures_of_files(folder)
    total = findings.figures.total(counted)
    assert model.violation_hours == pytest.approx(total.violation_hours) and total.over
    assert model.strict_hours == pytest.approx(total.strict_hours)
    assert model.unknown_hours == pytest.approx(total.unknown_hours) and total.unknown
    assert model.replica_hours_over == pytest.approx(total.replica_hours_over)
    [counted_day] = days.values()
    assert sum(row["over_minutes"] for row in counted_day) / 60 == pytest.approx(model.violation_hours)
    assert sum(row["unknown_minutes"] for row in counted_day) / 60 == pytest.approx(model.unknown_hours)
    assert model.coverage == findings.coverage.percent < 100
    assert model.violating == set(findings.figures.violating(counted))
    # Folded anew, cycle by cycle, by rules that share no line with the fold.
    assert model.problems == sorted(
        (episode.subject.name, episode.fired_cycle, episode.resolved_cycle)
        for episode in findings.episodes[counted]
        if episode.subject.kind == "over_limit" and episode.fired_cycle
    )
    assert model.live_violation_hours == pytest.approx(findings.figures.total("live").violation_hours)
    page = re.sub("</?span[^>]*>", "", (folder / "report.html").read_text())
    assert f"{model.violation_hours:.2f}".rstrip("0").rstrip(".") + " violation-hours in all" in page


def test_known_then_is_what_was_told_and_known_now_names_commit_and_approver(audited: Audited) -> None:
    files = audited.files("march", "2026-03-03")
    late = [row for row in rows(files["differences.csv"]) if row["causes"] == "late_limit"]
    changed = [row for row in late if row["then_verdict"] != row["now_verdict"]]
    assert {(row["then_verdict"], row["now_verdict"], row["live_verdict"]) for row in changed} == {
        ("over_limit", "within_limit", "over_limit")
    }
    assert {(row["source_commit"], row["approver"]) for row in late} == {(RAISED_BY, "erin")}
    data = [row for row in rows(files["differences.csv"]) if row["causes"] == "late_data"]
    assert {row["live_verdict"] for row in data} == {"unknown"} and {row["cluster"] for row in data} == {"eu-prod-1"}
    assert {f"{row['cycle'][11:16]}" for row in data} == {"08:00", "08:05", "08:10", "08:15"}
    versions = {(row["limit_id"], row["version"]) for row in rows(files["limits.csv"])}
    assert {("prod.orders.orders", "1"), ("prod.orders.orders", "2")} <= versions
    live = {row["episode_id"] for row in audited.world.rows("episodes")}
    then = {row["episode_id"] for row in rows(files["episodes.csv"]) if row["known_as"] == "then"}
    assert then <= live, "folded as known then, episodes have the ids they have live"


def test_a_longer_period_is_one_pack_of_its_own(audited: Audited) -> None:
    request = AuditRequest("both", audited.days.start, audited.days.end, "UTC", apis=("orders",))
    audited.audit(request)
    [days] = {name.partition("/")[0] for name in audited.objects("both")} - {"chain"}
    assert days == "2026-03-02_2026-03-03"
    one_by_one = [rows(audited.files("march", f"2026-03-0{day}")["verdicts.csv"]) for day in (2, 3)]
    orders = [row for row in one_by_one[0] + one_by_one[1] if row["api_id"] == "orders"]
    assert rows(audited.files("both", days)["verdicts.csv"]) == orders


def test_only_what_was_asked_for_is_in_it(audited: Audited) -> None:
    audited.audit(audited.request(1, "search", apis=("search",)))
    found = rows(audited.files("search", "2026-03-02")["verdicts.csv"])
    assert {row["api_id"] for row in found} == {"search"}


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"from_date": "2026-03-03", "to_date": "2026-03-02"}, "before First day"),
        ({"from_date": "2027-01-01"}, "still to come"),
        ({"from_date": "2026-03-02", "apis": ["serach"]}, "did you mean search?"),
        ({"from_date": "2026-03-02", "teams": ["nobody"]}, "Teams .* names 'nobody'"),
        (
            {"from_date": "2026-02-01"},
            "nothing was collected yet before 2026-02-02 00:00 UTC: the first cycle is",
        ),
        ({"from_date": "2026-03-02", "known_at": "yesterday"}, "write then, now, or a time"),
    ],
)
def test_a_wrong_question_gets_an_answer_and_leaves_nothing(audited: Audited, params: Any, says: str) -> None:
    with pytest.raises(AuditError, match=says):
        audited.audit(request_of_run({**params, "label": "wrong"}, None, settings.now(), "UTC"))
    assert audited.objects("wrong") == {}


def test_verify_says_in_a_sentence_why_it_cannot(
    audited: Audited, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = audited.world.config.bucket

    def told(address: str) -> str:
        capsys.readouterr()
        assert main(["audit", "verify", address]) == 1
        return capsys.readouterr().err

    assert told("gs://no-such-bucket/audits/march") == (
        f"there is no bucket no-such-bucket: check the name; the one of pedwatch.yaml is {bucket}\n"
    )
    assert told(f"gs://{bucket}/audits/marsh").startswith(f"there is nothing below gs://{bucket}/audits/marsh: ")
    labels = told(f"gs://{bucket}/audits")
    assert "audits is no folder of a label: it holds labels; name one: " in labels and "audits/march" in labels
    assert told(str(audited.world.folder)).endswith("is no folder of a label: no pack is below it; name audits/LABEL\n")

    def refuse(error: Exception) -> None:
        def raising(*_: Any, **__: Any) -> Any:
            raise error

        monkeypatch.setattr("google.cloud.storage.Client.list_blobs", raising)

    refuse(Forbidden("ana@shop does not have storage.objects.list access"))
    assert told(f"gs://{bucket}/audits/march") == (
        f"you may not list the bucket {bucket} (ana@shop does not have storage.objects.list access): "
        "you need roles/storage.objectViewer on it, or log in as somebody who has it\n"
    )
    refuse(DefaultCredentialsError("Your default credentials were not found."))
    assert told(f"gs://{bucket}/audits/march") == (
        "there are no valid credentials (Your default credentials were not found): log in with gcloud auth "
        "application-default login\n"
    )
    refuse(TransportError("no route"))
    assert told(f"gs://{bucket}/audits/march") == (
        "Google cannot be reached: no route. Check the network and the proxy\n"
    )


def test_verify_says_what_was_changed_and_what_to_do(
    audited: Audited, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in audited.objects("march").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert main(["audit", "verify", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "head of the chain: entry 2, sha256 " in said
    assert "not checked: that the newest packs were removed together with their entries" in said
    verdicts = tmp_path / "2026-03-02" / "1" / "verdicts.csv"
    verdicts.write_bytes(verdicts.read_bytes().replace(b"over_limit", b"within_limi", 1))
    assert main(["audit", "verify", str(tmp_path)]) == 4
    assert "2026-03-02/1/verdicts.csv: it was changed after the pack was written" in capsys.readouterr().out
    # Who mends the manifest too has an entry of the chain against them.
    manifest = tmp_path / "2026-03-02" / "1" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"difference_rows": 0', b'"difference_rows": 1'))
    assert main(["audit", "verify", str(tmp_path)]) == 4
    assert "its manifest is not the one that entry 2 of the chain names" in capsys.readouterr().out
