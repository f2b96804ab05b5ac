"""Exports of evidence, written and checked: a quarter of 100 subjects, and one day of 2,000; seconds and memory.

A day is made by the code that makes packs, from verdicts that are made up: of twenty subjects one is over for an hour a
day, and another one cannot be seen for a quarter of one. The other days are that day again under another date. They lie
in a Cloud Storage stand-in, a process of its own; export and check are processes, too, as an auditor runs them.
"""

import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.results import Goal
from pedwatch import settings
from pedwatch.audit import chain, coverage, pack_files
from pedwatch.audit.assembly import Sources
from pedwatch.audit.bucket import period_pack
from pedwatch.audit.bucket.label_bucket import LabelBucket
from pedwatch.audit.request import AuditRequest
from pedwatch.config import Config
from pedwatch.cycles import PERIOD
from pedwatch.hooks import clients
from tests.conftest import PROJECT, running
from tests.unit.audit.shop_day import UNKNOWN, limit, over, verdict

FIRST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CYCLES = 288
LABEL, BUCKET = "daily", "evidence"
MOST_MB = 500.0


@dataclass(frozen=True)
class Size:
    """What is exported, and in how many seconds it has to be written and checked."""

    name: str
    days: int
    subjects: int
    seconds: float


SIZES = (Size("a quarter of 100 subjects", 90, 100, 120.0), Size("a day of 2,000 subjects", 1, 2000, 60.0))


def _fields(cycle: dt.datetime, number: int) -> dict[str, Any]:
    if number % 20 == 0 and cycle.hour == number % 24:
        return over(11 + number % 7)
    return UNKNOWN if number % 20 == 1 and cycle.hour == number % 24 and cycle.minute < 15 else {}


def _verdicts(subjects: int) -> Iterator[dict[str, Any]]:
    for index in range(CYCLES):
        cycle = FIRST + index * PERIOD
        for number in range(subjects):
            yield verdict(cycle, f"api-{number:04}", **_fields(cycle, number))


def _day(folder: Path, subjects: int, config: Config) -> dict[str, Any]:
    """Write the files of the first day; returns what its manifest says besides."""
    seen = {"cycle_minutes": 5, "cluster": "eu-prod-1", "environment": "prod", "status": "complete"}
    sources = Sources(
        begin=FIRST,
        then=_verdicts(subjects),
        now=_verdicts(subjects),
        live=_verdicts(subjects),
        coverage=[{**_nothing(), **seen, "cycle": FIRST + index * PERIOD} for index in range(CYCLES)],
        limits=[{**_no_limit(), **limit(1, f"api-{number:04}")} for number in range(subjects)],
        policies=[],
        open_episodes=[],
    )
    request = AuditRequest(LABEL, FIRST, FIRST + dt.timedelta(days=1), "UTC")
    include = settings.include_dir()
    statements = {"audit/period_verdicts.sql": (include / "sql/audit/period_verdicts.sql").read_text()}
    _, facts = period_pack.write_files(
        folder, request, sources, config, statements, include, lambda day, rows, stretches: None
    )
    return facts


def _nothing() -> dict[str, Any]:
    return dict.fromkeys(coverage.COLUMNS)


def _no_limit() -> dict[str, Any]:
    return dict.fromkeys(period_pack.LIMIT_COLUMNS)


def _store(first: Path, facts: dict[str, Any], days: int, config: Config) -> str:
    """Put the days into the bucket, each linked to the one before; returns the head."""
    client = clients.storage_client(config, clients.AsPerson())
    client.create_bucket(BUCKET)
    label, log = LabelBucket(client, BUCKET, LABEL), dict[int, bytes]()
    for number in range(days):
        day = f"{FIRST + dt.timedelta(days=number):%Y-%m-%d}"
        with tempfile.TemporaryDirectory() as folder:
            for path in first.iterdir():
                content = path.read_bytes()
                dated = path.suffix in (".csv", ".html")
                (Path(folder) / path.name).write_bytes(
                    content.replace(b"2026-01-01", day.encode()) if dated else content
                )
            hashes = pack_files.file_hashes(Path(folder))
            manifest = pack_files.to_json(pack_files.manifest(hashes, {**facts, "days": [day, day]}))
            pack = chain.pack_name(day, label.write(day, Path(folder), manifest))
        entry = chain.following(log, LABEL, pack, chain.sha256_of(manifest), "first audit")
        label.append(entry)
        log = {entry.sequence: entry.to_bytes()}
    return chain.sha256_of(log[days])


@dataclass(frozen=True)
class Ran:
    """A process that has ended: seconds, of them on a processor, and the most memory it had, in megabytes."""

    seconds: float
    cpu_seconds: float
    memory_mb: float


def _run(command: list[str]) -> Ran:
    """Run a process to its end.

    Raises:
        RuntimeError: it failed; says how.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)}: {told}")
    return Ran(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def export_and_check(size: Size, folder: Path, config: Config) -> tuple[list[Goal], dict[str, Any]]:
    """Export a size and check it by its own verifier."""
    made, target = folder / "day", folder / "export.zip"
    made.mkdir()
    with running("sandbox.storage", "--data", str(folder / "objects")) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", server.address)
        head = _store(made, _day(made, size.subjects, config), size.days, config)
        last = FIRST + dt.timedelta(days=size.days - 1)
        days = ["--from", f"{FIRST:%Y-%m-%d}", "--to", f"{last:%Y-%m-%d}"]
        command = [sys.executable, "-m", "pedwatch", "audit", "export", f"gs://{BUCKET}/audits/{LABEL}", *days]
        wrote = _run([*command, "-o", str(target)])
    verifier = shutil.copy(made / "verify.py", folder / "verify.py")
    checked = _run([sys.executable, "-I", "-S", str(verifier), str(target), "--head", head])
    goals = [
        Goal(f"{size.name}: written and checked", wrote.seconds + checked.seconds, size.seconds, "s"),
        Goal(f"{size.name}: memory, the greater of both", max(wrote.memory_mb, checked.memory_mb), MOST_MB, "MB"),
        Goal(f"{size.name}: the file", target.stat().st_size / 1e6, MOST_MB, "MB"),
    ]
    unpacked = _bytes_of(made) * size.days / 1e6
    row = {"size": size.name, "verdicts": size.days * size.subjects * CYCLES, "unpacked_mb": unpacked}
    return goals, row | {"written": asdict(wrote), "checked": asdict(checked)}


def _bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def measure() -> tuple[list[Goal], list[dict[str, Any]]]:
    """Export and check both sizes."""
    goals, rows = [], []
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="pedwatch-export-") as folder, pytest.MonkeyPatch.context() as patch:
            path = Path(folder) / "pedwatch.yaml"
            given: dict[str, Any] = {"project": PROJECT, "dataset": "ped_watch", "bucket": BUCKET}
            given |= {"firestore": {"project": PROJECT, "database": "ped"}, "collector": {"image": "collector:bench"}}
            given |= {
                "clusters": [{"name": "eu-prod-1", "environment": "prod"}],
                "slack": {"platform_channel": "C0PLATFORM"},
            }
            path.write_text(yaml.safe_dump(given))
            patch.setenv("PEDWATCH_CONFIG", str(path))
            found, row = export_and_check(size, Path(folder), Config.model_validate(given))
        goals += found
        rows.append(row)
    return goals, rows
