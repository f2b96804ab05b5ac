"""Packs and their chain in the bucket: killed anywhere, two at once, changed by others: the same end, or it is said."""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from google.api_core.exceptions import Forbidden
from google.cloud import storage
from google.cloud.storage import Blob  # type: ignore[import-untyped]
from google.oauth2.credentials import Credentials

from pedwatch.audit import chain, pack_files
from pedwatch.audit.bucket import chain_log
from pedwatch.audit.bucket.heads import anchor, read_anchors
from pedwatch.audit.bucket.label_bucket import LabelBucket
from pedwatch.audit.bucket.shelves import BucketShelf
from pedwatch.audit.stored_label import sort_out
from pedwatch.audit.verification import Verified, verify
from pedwatch.cli import main
from pedwatch.config import EvidenceHeads
from pedwatch.doctor.stores import heads_findings
from pedwatch.errors import AuditError
from pedwatch.hooks import clients
from pedwatch.hooks.warehouse import Warehouse
from tests.e2e.stand_ins import START, StandIns
from tests.e2e.watched_world import World

KEEPER = "ped-evidence-keeper@p.iam.gserviceaccount.com"
NOW = START + dt.timedelta(days=1)


class CrashError(BaseException):
    """The worker was killed."""


class Evidence:
    """A label of its own in a bucket, and small packs for it."""

    def __init__(self, world: World, folder: Path, label: str) -> None:
        self.world, self.label, self._folder = world, label, folder
        self.bucket = LabelBucket(world.storage, world.config.bucket, label)

    def write(self, period: str, content: str = "a") -> tuple[str, str]:
        """Write a pack and return its name and its manifest's hash."""
        folder = self._folder / f"{period}-{content[:8]}"
        folder.mkdir(exist_ok=True)
        for name in ("coverage.csv", "verdicts.csv"):
            (folder / name).write_text("the same" if name == "coverage.csv" else content)
        facts = {
            "label": self.label,
            "from_cycle": f"{period}T00:00:00+00:00",
            "to_cycle": f"{period}T23:55:00+00:00",
            "verdict_rows": len(content),
            "inputs_as_of": None,
        }
        manifest = pack_files.to_json(pack_files.manifest(pack_files.file_hashes(folder), facts))
        revision = self.bucket.write(period, folder, manifest)
        return chain.pack_name(period, revision), chain.sha256_of(manifest)

    def link(self, pack: str, manifest_sha256: str, run_id: str = "run-1") -> chain.Entry:
        """Link a pack."""
        return chain_log.link(self.world.warehouse, self.bucket, pack, manifest_sha256, NOW, run_id)

    def audit(self, period: str, content: str = "a") -> chain.Entry:
        """Write a pack and link it."""
        return self.link(*self.write(period, content))

    def rows(self) -> list[tuple[int, str, str]]:
        """Return number, period and head of what is recorded."""
        text = f"SELECT * FROM `{self.world.config.dataset}.audit_reports` WHERE label = '{self.label}'"
        return sorted((row["sequence"], row["period"], row["head_sha256"]) for row in self.world.query(text))

    def object(self, name: str) -> Blob:
        """Return an object of the label."""
        return self.world.storage.bucket(self.world.config.bucket).blob(f"audits/{self.label}/{name}")

    def verified(self) -> Verified:
        """Check everything."""
        shelf = BucketShelf(self.world.storage, self.world.config.bucket, f"audits/{self.label}/")
        return verify(shelf, sort_out(shelf.names()), label=self.label, is_whole_label=True)

    def in_order(self, *periods: str) -> None:
        """Check that the chain is these periods', whole, and recorded as it is."""
        found = self.verified()
        assert found.problems == []
        recorded = self.rows()
        assert [period for _, period, _ in recorded] == list(periods)
        assert found.head == (len(periods), recorded[-1][2])


class Heads:
    """A bucket with a retention policy, and who may only create in it."""

    def __init__(self, world: World) -> None:
        self._address = world.stand_ins.servers.addresses["storage"]
        bucket = world.storage.bucket(f"heads-{uuid.uuid4().hex[:12]}")
        bucket.retention_period = 86400
        bucket.create()
        self.bucket, self.configured = bucket, EvidenceHeads(bucket=bucket.name, writer=KEEPER)

    def client(self, *permissions: str, is_condition_first: bool = False) -> storage.Client:
        """Return a client of an account with few rights."""
        token = uuid.uuid4().hex
        told = {"token": token, "email": KEEPER, "permissions": permissions, "is_condition_first": is_condition_first}
        headers = {"Content-Type": "application/json"}
        request = Request(f"{self._address}/control/callers", json.dumps(told).encode(), headers, method="PUT")
        urlopen(request, timeout=10).close()
        credentials = Credentials(token=token)  # type: ignore[no-untyped-call]
        return storage.Client(project="p", credentials=credentials, client_options={"api_endpoint": self._address})

    @property
    def names(self) -> list[str]:
        """Return the names of all that is there."""
        return [blob.name for blob in self.bucket.list_blobs()]


@pytest.fixture(scope="module")
def heads(world: World) -> Heads:
    """A bucket of heads."""
    return Heads(world)


@pytest.fixture(scope="module")
def world(stand_ins: StandIns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that nobody watches."""
    with pytest.MonkeyPatch.context() as patch:
        found = World(stand_ins, tmp_path_factory.mktemp("chained"), patch, is_seeded=False)
        yield found
        found.drop()


@pytest.fixture
def evidence(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> Evidence:
    """A label named after the test."""
    name = request.node.name.lower().replace("_", "-")
    return Evidence(world, tmp_path, "".join(each for each in name if each.isalnum() or each == "-")[-60:].strip("-"))


def killed_at(patch: pytest.MonkeyPatch, number: int, is_done: bool) -> Callable[[], int]:
    """Kill the worker at its n-th write to bucket or table, before or after it took place; returns how many there were.

    A client that asks again after a lost answer is the same as one that was killed after the write and began anew.
    """
    count = 0

    def spied(real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == number and not is_done:
                raise CrashError
            answer = real(*args, **kwargs)
            if count == number:
                raise CrashError
            return answer

        return call

    patch.setattr(Blob, "upload_from_file", spied(Blob.upload_from_file))
    patch.setattr(Warehouse, "write", spied(Warehouse.write))
    return lambda: count


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_run_that_was_killed_at_any_write_ends_the_same_when_it_is_cleared(
    evidence: Evidence, number: int, is_done: bool
) -> None:
    evidence.audit("2026-03-01")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(CrashError):
        killed_at(patch, number, is_done)
        evidence.audit("2026-03-02")
    for _ in range(2):
        evidence.audit("2026-03-02")
    evidence.in_order("2026-03-01", "2026-03-02")


def test_those_are_all_writes_of_an_audit(evidence: Evidence) -> None:
    evidence.audit("2026-03-01")
    with pytest.MonkeyPatch.context() as patch:
        count = killed_at(patch, 0, False)
        evidence.audit("2026-03-02")
        assert count() == 5
        # Again, nothing is written.
        evidence.audit("2026-03-02")
        assert count() == 5


def test_after_a_death_other_inputs_begin_another_revision(evidence: Evidence) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(CrashError):
        killed_at(patch, 3, False)  # the manifest
        evidence.write("2026-03-02", "a")
    assert evidence.audit("2026-03-02", "b").pack == "2026-03-02/2"
    evidence.in_order("2026-03-02")
    assert evidence.verified().notes == ["2026-03-02/1 was begun and never finished; a later revision took its place"]
    assert evidence.object("2026-03-02/1/verdicts.csv").download_as_bytes() == b"a"


def test_two_that_write_at_once_write_two_revisions(evidence: Evidence) -> None:
    with pytest.MonkeyPatch.context() as patch:
        real = Blob.upload_from_file

        def after_the_other(self: Blob, *args: Any, **kwargs: Any) -> None:
            patch.setattr(Blob, "upload_from_file", real)
            assert evidence.write("2026-03-02", "other")[0] == "2026-03-02/1"
            real(self, *args, **kwargs)

        patch.setattr(Blob, "upload_from_file", after_the_other)
        assert evidence.write("2026-03-02", "mine")[0] == "2026-03-02/2"


@pytest.mark.parametrize("is_same", [False, True], ids=["another pack", "the same pack"])
def test_two_that_link_at_once_are_one_behind_the_other(evidence: Evidence, is_same: bool) -> None:
    mine = evidence.write("2026-03-01")
    other = mine if is_same else evidence.write("2026-03-02")
    with pytest.MonkeyPatch.context() as patch:
        real = LabelBucket.append

        def after_the_other(self: LabelBucket, entry: chain.Entry) -> bool:
            patch.setattr(LabelBucket, "append", real)
            assert evidence.link(*other, "run-2").sequence == 1
            return real(self, entry)

        patch.setattr(LabelBucket, "append", after_the_other)
        assert evidence.link(*mine).sequence == (1 if is_same else 2)
    evidence.in_order(*(["2026-03-01"] if is_same else ["2026-03-02", "2026-03-01"]))


def test_the_next_one_records_what_a_killed_one_has_linked(evidence: Evidence) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(CrashError):
        killed_at(patch, 5, False)
        evidence.audit("2026-03-01")
    assert evidence.rows() == []
    evidence.audit("2026-03-02")
    evidence.in_order("2026-03-01", "2026-03-02")


def test_a_table_that_was_lost_is_written_again_from_the_chain(evidence: Evidence) -> None:
    for day in (1, 2, 3):
        evidence.audit(f"2026-03-0{day}")
    before = evidence.rows()
    text = f"DELETE FROM `{evidence.world.config.dataset}.audit_reports` WHERE label = '{evidence.label}'"
    evidence.world.query(text)
    evidence.audit("2026-03-03")
    assert evidence.rows() == before


def test_nothing_is_linked_to_what_was_changed(evidence: Evidence) -> None:
    evidence.audit("2026-03-01")
    entry = json.loads(evidence.object("chain/000001.json").download_as_bytes())
    evidence.object("chain/000001.json").upload_from_string(json.dumps(entry | {"cause": "none"}))
    with pytest.raises(AuditError, match=r"000001\.json is not the one that audit_reports recorded .* Find out who"):
        evidence.audit("2026-03-02")
    evidence.object("chain/000001.json").delete()
    with pytest.raises(AuditError, match=r"000001\.json is gone: that audit_reports recorded"):
        evidence.audit("2026-03-02")
    assert len(evidence.rows()) == 1


def test_what_was_changed_between_writing_and_linking_is_not_linked(evidence: Evidence) -> None:
    pack, manifest_sha256 = evidence.write("2026-03-01")
    evidence.object(f"{pack}/manifest.json").upload_from_string("{}")
    with pytest.raises(AuditError, match="is not the one that this run wrote"):
        evidence.link(pack, manifest_sha256)
    assert evidence.rows() == []


def test_an_entry_that_nobody_can_read_keeps_nobody_from_linking(evidence: Evidence) -> None:
    """Somebody who may create objects was there first: verify tells it, the chain goes on."""
    evidence.audit("2026-03-01")
    evidence.object("chain/000002.json").upload_from_string("{}")
    assert evidence.audit("2026-03-02").sequence == 3
    assert evidence.audit("2026-03-03").sequence == 4
    assert [problem.where for problem in evidence.verified().problems] == ["chain/000002.json"]


def test_a_large_file_is_created_once_as_well(evidence: Evidence) -> None:
    """Above eight MiB the client uploads in another way."""
    large = "x" * (9 << 20)
    evidence.audit("2026-03-01", large)
    assert evidence.audit("2026-03-01", large).sequence == 1
    evidence.in_order("2026-03-01")


@pytest.mark.parametrize("is_condition_first", [False, True])
def test_a_head_is_kept_once_by_who_may_only_create(evidence: Evidence, heads: Heads, is_condition_first: bool) -> None:
    """Whatever the service says of an object that is there, 403 or 412: it is what was written."""
    entry = evidence.audit("2026-03-01")
    keeper = heads.client("storage.objects.create", is_condition_first=is_condition_first)
    for _ in range(2):
        anchor(keeper, heads.configured, entry)
    # Whose role reaches every bucket is stopped by the retention policy.
    anchor(evidence.world.storage, heads.configured, entry)
    content = entry.to_bytes()
    name = f"heads/{evidence.label}/000001-{chain.sha256_of(content)}.json"
    assert [each for each in heads.names if evidence.label in each] == [name]
    assert heads.bucket.blob(name).download_as_bytes() == content
    for change in (heads.bucket.blob(name).delete, lambda: heads.bucket.blob(name).upload_from_string("x")):
        with pytest.raises(Forbidden, match="retention policy"):
            change()


def test_what_keeps_a_head_from_being_kept_is_said_with_the_right(evidence: Evidence, heads: Heads) -> None:
    entry = evidence.audit("2026-03-01")
    with pytest.raises(
        AuditError, match=rf"storage\.objects\.create.* grant roles/storage\.objectCreator on .* {KEEPER}"
    ):
        anchor(heads.client(), heads.configured, entry)
    with pytest.raises(AuditError, match="there is no bucket nobodys-heads: create it with a retention policy"):
        anchor(evidence.world.storage, EvidenceHeads(bucket="nobodys-heads"), entry)


def test_a_chain_that_agrees_with_itself_is_held_against_its_heads(
    evidence: Evidence, heads: Heads, capsys: pytest.CaptureFixture[str]
) -> None:
    """With all rights on the bucket of evidence the chain is written anew, from its second day on."""
    keeper = heads.client("storage.objects.create")
    for day in (1, 2, 3):
        anchor(keeper, heads.configured, evidence.audit(f"2026-03-0{day}"))
    address = f"gs://{evidence.world.config.bucket}/audits/{evidence.label}"
    compared = ["audit", "verify", address, "--heads-bucket", heads.bucket.name]
    assert main(compared) == 0
    assert "the bucket of heads has 3, the newest of entry 3: it proves all up to it" in capsys.readouterr().out
    log = {1: evidence.bucket.entry(1)}
    pack, manifest_sha256 = evidence.write("2026-03-02", "forged")
    for sequence in (2, 3):
        evidence.object(f"chain/{chain.file_name(sequence)}").delete()
    for blob in list(
        evidence.world.storage.list_blobs(evidence.world.config.bucket, prefix=f"audits/{evidence.label}/")
    ):
        if "/2026-03-02/1/" in blob.name or "/2026-03-03/" in blob.name:
            blob.delete()
    evidence.bucket.append(chain.following(log, evidence.label, pack, manifest_sha256, "first audit"))
    assert main(["audit", "verify", address]) == 0
    assert "not checked: that the newest packs were removed together with their entries, or all of it written anew" in (
        capsys.readouterr().out
    )
    assert main(compared) == 4
    said = capsys.readouterr().out
    assert "chain/000002.json: it is not the entry whose head" in said
    assert "chain/000003.json: its head" in said and "is anchored, and the chain does not have it" in said
    # Anchoring the forged one as well takes nothing away.
    forged = chain.Entry.read(evidence.bucket.entry(2) or b"")
    assert forged is not None
    anchor(keeper, heads.configured, forged)
    assert len(read_anchors(evidence.world.storage, heads.bucket.name, evidence.label)) == 4
    assert main(compared) == 4


def test_who_may_not_read_the_heads_is_told(evidence: Evidence, capsys: pytest.CaptureFixture[str]) -> None:
    evidence.audit("2026-03-01")
    address = f"gs://{evidence.world.config.bucket}/audits/{evidence.label}"
    assert main(["audit", "verify", address, "--heads-bucket", "nobodys-heads"]) == 0
    said = capsys.readouterr().out
    assert (
        "the bucket of heads was not looked at: 404" in said and "roles/storage.objectViewer on nobodys-heads" in said
    )


def test_the_task_that_links_becomes_the_account_that_keeps_heads(
    on_google_cloud: StandIns, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", json.dumps({"conn_type": "google_cloud_platform"}))
    config = world.config.model_copy(update={"evidence_heads": EvidenceHeads(bucket="heads", writer=KEEPER)})
    assert clients.heads_client(config)._credentials.service_account_email == KEEPER
    assert clients.storage_client(config)._credentials.service_account_email != KEEPER


def test_the_doctor_says_whether_heads_are_kept_where_nobody_takes_them_away(evidence: Evidence, heads: Heads) -> None:
    client = evidence.world.storage
    anchor(client, heads.configured, evidence.audit("2026-03-01"))
    anchor(client, EvidenceHeads(bucket=evidence.world.config.bucket), evidence.audit("2026-03-02"))

    def found(bucket: str | None) -> tuple[str, str]:
        [finding] = heads_findings(client, EvidenceHeads(bucket=bucket))
        return finding.status, finding.detail

    assert found(None) == ("skipped", "evidence_heads.bucket is not set: heads of evidence are kept in Slack alone")
    assert found("nobodys-heads") == ("failed", "absent")
    status, detail = found(heads.bucket.name)
    assert status == "ok" and detail.startswith("kept until ")
    status, detail = found(evidence.world.config.bucket)
    assert status == "failed" and "without a retention policy" in detail
