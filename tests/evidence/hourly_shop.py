"""The shop of tests/operators/stored_days.py by the hour, with what its collectors wrote, and its days audited.

Every cycle has an object and a manifest of each cluster that was seen, as `replica_collector` writes them; what is
loaded is what they hold.
"""

import base64
import contextlib
import datetime as dt
import fnmatch
import gzip
import hashlib
import itertools
import json
import re
import urllib.request
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from pedwatch import settings
from pedwatch.audit import chain
from pedwatch.audit.bucket import period_pack
from pedwatch.audit.bucket.heads import anchor
from pedwatch.audit.bucket.label_bucket import LabelBucket
from pedwatch.audit.chain import Entry
from pedwatch.audit.request import AuditRequest
from pedwatch.cycles import LONGEST, compact, cycles_between, hour_partition
from pedwatch.observations.manifests import MANIFEST_COLUMNS
from tests.e2e.stand_ins import StandIns
from tests.e2e.watched_world import World
from tests.operators.stored_days import StoredDays
from tests.sql.case_files import json_row

FIRST, DAYS = dt.date(2026, 3, 2), 2
LABEL = "daily"
Row = dict[str, Any]


def place_of(cycle: dt.datetime) -> str:
    """Return the folder of a cycle, below those of data and manifests."""
    return f"hour={hour_partition(cycle)}/{compact(cycle)}"


class HourlyDays(StoredDays):
    """Stored days whose cycles are hours, each with what was collected in the bucket."""

    def __init__(self, world: World) -> None:
        super().__init__(world.warehouse, FIRST, DAYS)
        self._world = world

    @property
    def lengths(self) -> dict[dt.datetime, int]:
        """All cycles, an hour each."""
        return dict.fromkeys(cycles_between(self.start - LONGEST, self.end - LONGEST, LONGEST), 60)

    def _collections(self, is_late_data_there: bool) -> Iterator[Row]:
        for run in super()._collections(is_late_data_there):
            yield run | (self._evidence(run) if run["status"] == "complete" else {})

    def _evidence(self, run: Row) -> Row:
        content = self.object_of(run)
        name = f"obs/{place_of(run['cycle'])}/{run['cluster']}.a1.ndjson.gz"
        return {
            "evidence_object": f"gs://{self._world.config.bucket}/{name}",
            "row_count": content.count(b"\n"),
            "content_sha256": hashlib.sha256(content).hexdigest(),
            "started_at": run["cycle"],
            "finished_at": run["cycle"],
        }

    def object_of(self, run: Row) -> bytes:
        """Return what the collector of a cluster wrote of a cycle, uncompressed."""
        rows = self._rows_by_place()[run["cycle"], run["cluster"]]
        return b"".join(json.dumps(json_row(row)).encode() + b"\n" for row in rows)

    def _rows_by_place(self) -> dict[tuple[dt.datetime, str], list[Row]]:
        if not hasattr(self, "_found"):
            by_place = groupby(self._observations(), key=lambda row: (row["cycle"], row["cluster"]))
            self._found = {place: list(rows) for place, rows in by_place}
        return self._found

    def write(self) -> None:
        """Write the tables, and what they were loaded from."""
        super().write()
        bucket = self._world.storage.bucket(self._world.config.bucket)
        for run in self._collections(is_late_data_there=True):
            if run["status"] == "complete":
                name = run["evidence_object"].removeprefix(f"gs://{bucket.name}/")
                packed = gzip.compress(self.object_of(run), mtime=0)
                blob = bucket.blob(name)
                blob.content_encoding = "gzip"
                blob.upload_from_string(packed, content_type="application/x-ndjson")
                md5 = base64.b64encode(hashlib.md5(packed).digest()).decode()
                told = dict.fromkeys(MANIFEST_COLUMNS) | run | {"object_md5": md5}
                manifest = name.replace("obs/", "manifests/", 1).removesuffix(".gz")
                bucket.blob(manifest).upload_from_string(json.dumps(json_row(told)) + "\n")


class HourlyShop:
    """A world with stored days, both audited; what attacks need to change it and to put it back."""

    def __init__(self, stand_ins: StandIns, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.heads, self._numbers = f"heads-of-{folder.name}", itertools.count(1)
        kept = {"bucket": self.heads}
        self.world = World(stand_ins, folder, patch, is_seeded=False, cycle_minutes=60, evidence_heads=kept)
        self._create_heads()
        self.days = HourlyDays(self.world)
        self.days.write()
        self.world.at(self.days.learnt_at + dt.timedelta(days=1))
        self.copies: set[str] = set()
        self._told: dict[str, Any] = {}
        self.label, self.linked = LABEL, dict[str, Entry]()
        for day in range(1, DAYS + 1):
            self.audit(day)
        self.posted = self.head

    def request(self, day: int, label: str = LABEL) -> AuditRequest:
        """Return the request for a day, counted from 1."""
        start = self.days.start + dt.timedelta(days=day - 1)
        return AuditRequest(label, start, start + dt.timedelta(days=1), "UTC")

    def audit(self, day: int, label: str = LABEL) -> None:
        """Write a pack and link it, as the DAG does."""
        world, now, request = self.world, settings.now(), self.request(day, label)
        written = period_pack.write_pack(world.warehouse, world.storage, world.config, request, now)
        entry = period_pack.link_pack(world.warehouse, world.storage, world.config, request, written, now, "run-1")
        if label == LABEL:
            anchor(world.storage, world.config.evidence_heads, entry)
        self.linked[label] = entry

    @property
    def address(self) -> str:
        """Where the label is."""
        return f"gs://{self.world.config.bucket}/audits/{LABEL}"

    @property
    def head(self) -> str:
        """The head of the chain, as it is now."""
        label = LabelBucket(self.world.storage, self.world.config.bucket, LABEL)
        log = label.entries()
        return chain.sha256_of(log[max(log)])

    def bucket(self, named: str) -> Any:
        """Return a bucket of the table of grants, as who may do everything."""
        return self.world.storage.bucket(self._name_of(named))

    def bucket_as(self, member: str, granted: frozenset[str], named: str) -> Any:
        """Return the same as somebody who has these permissions and no others."""
        # Not before the product has told Google's client to ask for no bucket's metadata by itself.
        from google.cloud import storage
        from google.oauth2.credentials import Credentials

        token = f"{member}-{'-'.join(sorted(granted))}"
        if token not in self._told:
            told = {"token": token, "email": f"{member}@demo.iam.gserviceaccount.com", "permissions": sorted(granted)}
            address = self.world.stand_ins.servers.addresses["storage"]
            headers = {"Content-Type": "application/json"}
            asked = urllib.request.Request(
                f"{address}/control/callers", json.dumps(told).encode(), headers, method="PUT"
            )
            urllib.request.urlopen(asked, timeout=10).close()
            credentials = Credentials(token=token)  # type: ignore[no-untyped-call]
            options = {"api_endpoint": address}
            self._told[token] = storage.Client(project="demo", credentials=credentials, client_options=options)
        return self._told[token].bucket(self._name_of(named))

    @contextlib.contextmanager
    def other_heads(self) -> Iterator[None]:
        """Let another bucket be that of heads for a while, a copy: what is added to one can never be taken away."""
        own = self.heads
        self.heads = f"{own}-{next(self._numbers)}"
        self._create_heads()
        for blob in self.world.storage.list_blobs(own):
            self.bucket("PED_HEADS_BUCKET").blob(blob.name).upload_from_string(blob.download_as_bytes())
        try:
            yield
        finally:
            self.heads = own

    def _create_heads(self) -> None:
        kept = self.world.storage.bucket(self.heads)
        kept.retention_period = 7 * 366 * 86400
        kept.create()

    def _name_of(self, named: str) -> str:
        return {"PED_BUCKET": self.world.config.bucket, "PED_HEADS_BUCKET": self.heads}[named]

    @property
    def dataset(self) -> str:
        """The dataset's name."""
        return self.world.config.dataset

    def names(self, named: str, pattern: str) -> list[str]:
        """Return the names of a bucket's objects that a pattern takes."""
        blobs = self.world.storage.list_blobs(self.bucket(named), prefix=pattern.partition("*")[0])
        return sorted(blob.name for blob in blobs if fnmatch.fnmatchcase(blob.name, pattern))

    def ask(self, text: str) -> list[Row]:
        """Run a statement; ``{table}`` stands for a table's full name."""
        names = {name: f"`{self.world.config.dataset}.{name}`" for name in re.findall(r"{(\w+)}", text)}
        return [dict(row.items()) for row in self.world.warehouse.client.query(text.format(**names)).result()]

    def keep(self, table: str) -> None:
        """Keep a copy of a table as it is now, unless there is one."""
        if table not in self.copies:
            self.ask(f"CREATE TABLE {{kept_{table}}} AS SELECT * FROM {{{table}}} WHERE {_everything(table)}")
            self.copies.add(table)

    def restore(self, table: str) -> None:
        """Put a table's rows back as they were."""
        self.ask(f"DELETE FROM {{{table}}} WHERE {_everything(table)}")
        self.ask(f"INSERT INTO {{{table}}} SELECT * FROM {{kept_{table}}}")

    def fingerprint(self, table: str) -> list[str]:
        """Return all rows of a table, to be compared."""
        return sorted(map(repr, self.ask(f"SELECT * FROM {{{table}}} WHERE {_everything(table)}")))


def unpacked(content: bytes) -> bytes:
    """Return the text of what is stored, gzipped or not."""
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def _everything(table: str) -> str:
    """Return the filter that BigQuery wants of a table which has partitions."""
    column = "day" if table.endswith("subject_days") else "cycle"
    partitioned = ("subject_days", "verdicts", "replica_observations", "collection_runs")
    return f"{column} >= '2020-01-01'" if table in partitioned else "TRUE"
