"""What BigQuery refuses is one sentence that names the table and what mends it, and nothing is half written.

Each way in which pedwatch asks BigQuery, against each thing that may be missing.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests
from google.api_core.exceptions import BadRequest, Forbidden, NotFound, RetryError
from google.auth.exceptions import DefaultCredentialsError, RefreshError
from google.auth.transport.requests import AuthorizedSession
from google.cloud.bigquery.table import RowIterator

from pedwatch import settings
from pedwatch.cli import main
from pedwatch.config import Config
from pedwatch.errors import LedgerError
from pedwatch.hooks import clients, load_jobs
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.staging import stage
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.probe import outcomes
from tests.conftest import Server
from tests.e2e.watched_world import World, workload

CYCLE = dt.datetime(2026, 3, 2, 10, 20, tzinfo=dt.UTC)
LEDGER, BEAT, COMPARE = "audit/cycle_verdicts.sql", "heartbeats/record_heartbeat.sql", "verdicts/compare.sql"
STAGED = {"sync_id": "s1", "operation": "open", "limit_id": "l1", "valid_from": CYCLE, "team_id": "orders"}
HOUSEKEEPING = r"Run the DAG ped_housekeeping once: it creates the dataset and its tables\.$"


def sample(warehouse: Warehouse, name: str) -> dict[str, Typed]:
    """Return parameters that a statement takes."""
    found = outcomes.sample_parameters(warehouse.render(name), CYCLE, name)
    return {key: Typed(kind, value) for key, (kind, value) in found.items()}


def command(warehouse: Warehouse) -> None:
    """Ask at a shell, where one line is printed and no traceback."""
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("pedwatch.settings.load_config", lambda: warehouse.config)
        patch.setattr("sys.stderr", SimpleNamespace(write=said.append, flush=lambda: None))
        status = main(["explain", "--api", "orders", "--at", CYCLE.isoformat()])
    if status == 1:
        raise LedgerError("".join(said).removesuffix("\n"))


def load(warehouse: Warehouse) -> None:
    table = load_jobs.look_at(warehouse, "replica_observations")
    load_jobs.append(warehouse, table, ["gs://ped-bucket/*"], 1)


WAYS: dict[str, Callable[[Warehouse], object]] = {
    "script": lambda it: it.write(COMPARE, sample(it, COMPARE)),
    "run": lambda it: it.run(LEDGER, sample(it, LEDGER)),
    "stream": lambda it: list(it.stream(LEDGER, sample(it, LEDGER))),
    "table": lambda it: it.table(LEDGER, sample(it, LEDGER)),
    "write": lambda it: it.write(BEAT, sample(it, BEAT)),
    "list": lambda it: it.listed("heartbeats", {"cycle": "TIMESTAMP"}),
    "load": load,
    "stage": lambda it: stage(it, "limit_staging", [STAGED]),
    "ddl": lambda it: it.write("ddl/tables/heartbeats.sql"),
    "dataset": Warehouse.create_dataset,
    "command": command,
}
JOBS = ("script", "run", "stream", "table", "write", "load", "stage", "ddl", "command")
READS = ("script", "run", "stream", "table", "list", "command")


@pytest.fixture
def at_work(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """The tables, and a worker's connection to them."""
    connection = {"conn_type": "google_cloud_platform", "extra": {"is_anonymous": True}}
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", json.dumps(connection))
    stage(warehouse, "limit_staging", [STAGED | {"sync_id": "before"}])
    warehouse.write(BEAT, sample(warehouse, BEAT))
    return warehouse


def refusals(warehouse: Warehouse, *names: str) -> dict[str, str]:
    """Ask in so many ways; return what each was told, one sentence."""
    told = {}
    for name in names:
        with pytest.raises(LedgerError) as error:
            WAYS[name](warehouse)
        told[name] = str(error.value)
        assert "\n" not in told[name]
    return told


def contents(warehouse: Warehouse) -> dict[str, list[str]]:
    """Return all rows of all tables."""
    tables = warehouse.client.list_tables(warehouse.config.dataset)
    return {table.table_id: sorted(str(row) for row in warehouse.client.list_rows(table)) for table in tables}


def test_a_table_that_is_missing(at_work: Warehouse) -> None:
    for table in ("verdicts", "heartbeats", "replica_observations", "limit_staging"):
        at_work.client.delete_table(at_work.address(table))
    before = contents(at_work)
    for told in refusals(
        at_work, "script", "run", "stream", "table", "write", "list", "load", "stage", "command"
    ).values():
        assert re.search(rf"Not found: Table \S+{at_work.config.dataset}\.\w+.*\. {HOUSEKEEPING}", told), told
    assert contents(at_work) == before


def test_a_column_that_is_missing(at_work: Warehouse) -> None:
    for table, column in (("verdicts", "reason"), ("heartbeats", "origin"), ("limit_staging", "team_id")):
        text = f"ALTER TABLE `{at_work.config.dataset}.{table}` DROP COLUMN {column}"
        at_work.client.query(text).result()
    before = contents(at_work)
    for told in refusals(at_work, "script", "run", "stream", "table", "write", "stage", "command").values():
        mended = (
            rf"table {at_work.config.dataset}\.\w+ has no column \w+: it was dropped, add it again: (ALTER TABLE .*)\.$"
        )
        assert re.search(mended, told), told
    assert contents(at_work) == before


def test_a_dataset_that_is_missing(at_work: Warehouse) -> None:
    at_work.client.delete_dataset(at_work.config.dataset, delete_contents=True)
    for told in refusals(at_work, *(name for name in WAYS if name != "dataset")).values():
        assert re.search(rf"Not found: (Dataset|Table) \S+{at_work.config.dataset}.*\. {HOUSEKEEPING}", told), told
    with pytest.raises(NotFound):
        at_work.client.get_dataset(at_work.config.dataset)
    at_work.create_dataset()


def test_a_dataset_in_another_location(at_work: Warehouse) -> None:
    config = at_work.config.model_copy(update={"location": "us-east1"})
    elsewhere, before = Warehouse(at_work.client, config, at_work.sql_root), contents(at_work)
    for told in refusals(elsewhere, *JOBS, "dataset").values():
        assert f"dataset {config.dataset} is in EU, but location in pedwatch.yaml is us-east1: set location: EU" in told
        assert "ped_housekeeping" not in told
    assert contents(at_work) == before


@pytest.fixture
def deny(bigquery_server: Server, at_work: Warehouse) -> Iterator[Callable[[str], None]]:
    """Take a permission away, wherever it may be granted; at the end all are back."""
    project, address = at_work.config.project, f"{bigquery_server.address}/rights"

    def take_away(permission: str) -> None:
        requests.put(address, json={permission: [project, f"{project}:{at_work.config.dataset}"]}).raise_for_status()

    yield take_away
    requests.put(address, json={}).raise_for_status()


@pytest.mark.parametrize(
    ("permission", "ways", "grant"),
    [
        ("bigquery.jobs.create", JOBS, "roles/bigquery.jobUser on project {0.project}"),
        ("bigquery.tables.getData", READS, "roles/bigquery.dataEditor on dataset {0.dataset}"),
        ("bigquery.tables.updateData", ("script", "write", "load", "stage"), "roles/bigquery.dataEditor on dataset"),
        ("bigquery.tables.get", ("load", "stage"), "roles/bigquery.dataEditor on dataset {0.dataset}"),
        ("bigquery.tables.create", ("ddl",), "roles/bigquery.dataEditor on dataset {0.dataset}"),
        ("bigquery.datasets.get", ("dataset",), "roles/bigquery.dataEditor on dataset {0.dataset}"),
    ],
)
def test_a_right_that_is_missing(
    at_work: Warehouse, deny: Callable[[str], None], permission: str, ways: tuple[str, ...], grant: str
) -> None:
    before = contents(at_work)
    deny(permission)
    for told in refusals(at_work, *ways).values():
        assert re.search(r"Access Denied: (Project|Dataset|Table) ", told), told
        assert f". Grant {grant.format(at_work.config)}" in told, told
    if permission == "bigquery.tables.create":
        WAYS["stage"](at_work)  # loads make no tables, and need no right to
        return
    deny("none")
    assert contents(at_work) == before


def test_who_may_make_no_dataset_is_told_what_to_type(at_work: Warehouse, deny: Callable[[str], None]) -> None:
    at_work.client.delete_dataset(at_work.config.dataset, delete_contents=True)
    deny("bigquery.datasets.create")
    [told] = refusals(at_work, "dataset").values()
    assert f"(bq mk --location EU {at_work.config.project}:{at_work.config.dataset})" in told
    deny("none")
    at_work.create_dataset()


NO_ANSWERS = (
    requests.exceptions.TooManyRedirects("Exceeded 30 redirects."),  # one that the client does not ask again for
    RetryError("Timeout of 600.0s exceeded", cause=None),  # type: ignore[no-untyped-call]
    TimeoutError("timed out"),
    RefreshError("invalid_grant: Account not found"),  # type: ignore[no-untyped-call]
)


@pytest.mark.parametrize("error", NO_ANSWERS, ids=lambda error: type(error).__name__)
def test_what_does_not_answer(at_work: Warehouse, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    real, before = AuthorizedSession.request, contents(at_work)

    def request(self: Any, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        if "/jobs" in url or "/queries" in url:
            raise error
        return real(self, method, url, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(AuthorizedSession, "request", request)
        for name in JOBS:
            with pytest.raises(LedgerError) as raised:
                WAYS[name](at_work)
            told = str(raised.value)
            if isinstance(error, RefreshError):
                assert "there are no valid credentials (RefreshError: invalid_grant: Account not found): mend" in told
            else:
                assert told.endswith(f": BigQuery did not answer ({type(error).__name__})")
    assert contents(at_work) == before


def test_a_page_of_rows_that_does_not_come(at_work: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_page(self: Any) -> Any:
        raise requests.exceptions.ReadTimeout

    monkeypatch.setattr(RowIterator, "_get_next_page_response", no_page)
    for name in ("run", "stream", "table", "list"):
        with pytest.raises(LedgerError, match=r"BigQuery did not answer \(ReadTimeout\)$"):
            WAYS[name](at_work)


def test_nobody_is_logged_in(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(self: Any, config: Config) -> Any:
        raise DefaultCredentialsError("Your default credentials were not found.")  # type: ignore[no-untyped-call]

    monkeypatch.setattr(clients.AsPerson, "bigquery", nobody)
    monkeypatch.setattr("pedwatch.settings.load_config", lambda: config)
    with pytest.raises(LedgerError, match=r"credentials were not found.*gcloud auth application-default login$"):
        clients.warehouse(config, clients.AsPerson())


def test_a_column_that_was_dropped_is_brought_back_by_what_is_told(world: World) -> None:
    world.holds("eu-prod-1", workload("orders", 20))
    for table, column, until in (
        ("collection_runs", "evidence_object", "load_observations"),
        ("verdicts", "reason", "compare"),
    ):
        world.warehouse.client.query(f"ALTER TABLE `{world.config.dataset}.{table}` DROP COLUMN {column}").result()
        before = world.tables()
        with pytest.raises(LedgerError) as error:
            world.run(1).go(until=until)
        assert world.tables()[table] == before[table]
        world.warehouse.client.query(str(error.value).partition("add it again: ")[2].rstrip(".")).result()
    world.run(1).go()
    assert [row["verdict"] for row in world.rows("verdicts")] == ["over_limit"]


def test_the_case_of_a_location_makes_no_difference(at_work: Warehouse) -> None:
    config = at_work.config.model_copy(update={"location": "eu"})
    same = Warehouse(at_work.client, config, at_work.sql_root)
    same.create_dataset()
    WAYS["run"](same)


@pytest.fixture
def unasked(config: Config) -> Warehouse:
    """A warehouse that nobody asks anything."""
    return Warehouse(cast("Any", None), config, settings.include_dir() / "sql")


IN_OTHER_WORDS = {
    "a file": (
        "Access Denied: File gs://b/obs/x.ndjson.gz: Access Denied",
        "roles/storage.objectUser on bucket {bucket}",
    ),
    "a pattern of files": (
        "Access Denied: BigQuery BigQuery: Permission denied while globbing file pattern. ped-airflow@p does not have "
        "storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' denied on "
        "resource (or it may not exist).",
        "roles/storage.objectUser on bucket {bucket}",
    ),
    "an account": (
        "Access Denied: User ped-auditor@p does not have permission to perform bigquery.tables.getData on resource "
        "'projects/p/datasets/ped_watch/tables/verdicts'.",
        "roles/bigquery.dataEditor on dataset {dataset}",
    ),
    "a project": (
        "Access Denied: Project p: User does not have bigquery.datasets.get permission on dataset ped_watch.",
        "roles/bigquery.dataEditor on dataset {dataset}",
    ),
}


@pytest.mark.parametrize(("said", "grant"), IN_OTHER_WORDS.values(), ids=IN_OTHER_WORDS)
def test_a_right_is_told_of_in_many_words(unasked: Warehouse, said: str, grant: str) -> None:
    config: Any = unasked.config
    error = Forbidden(f"GET https://host/x: {said}", errors=[{"message": said}])  # type: ignore[no-untyped-call]
    named = grant.format(dataset=config.dataset, project=config.project, bucket=config.bucket)
    assert unasked.explained("x.sql", error).startswith(f"x.sql: {said.rstrip('.')}. Grant {named}")


def test_a_bucket_elsewhere_is_told_as_that(unasked: Warehouse) -> None:
    error = BadRequest("Cannot read and write in different locations: source: US, destination: EU")  # type: ignore[no-untyped-call]
    told = unasked.explained("load of x", error)
    assert (
        f"Bucket {unasked.config.bucket} is in US and dataset {unasked.config.dataset} in EU: create a bucket" in told
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Unrecognized name: nonsense at [1:8]", "Unrecognized name: nonsense at [1:8]"),
        ("Not found: Table p:_1234.anon5 was not found in location EU", "Not found: Table p:_1234.anon5 was not"),
        ("Access Denied: BigQuery BigQuery: policy tag", "Access Denied: BigQuery BigQuery: policy tag"),
        ("<html>\n\n<title>502</title>" + "x" * 5000, "<html> <title>502</title>xxx"),
    ],
)
def test_what_is_not_known_is_told_as_bigquery_has_it(unasked: Warehouse, said: str, told: str) -> None:
    found = unasked.explained("x.sql", BadRequest(said))  # type: ignore[no-untyped-call]
    assert found.startswith(f"x.sql: {told}") and "Grant" not in found and "ped_housekeeping" not in found
    assert len(found) < 650 and "\n" not in found
