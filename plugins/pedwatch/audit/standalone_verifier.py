#!/usr/bin/env python3
"""Checks an export of evidence packs, with Python 3.9 or later and nothing else.

    python verify.py EXPORT.zip --head SHA256    the file as it came
    python verify.py FOLDER --head SHA256        the folder that it was unpacked to

SHA256 is the head of the chain as a digest in Slack, or the bucket of heads, has it. Without it this says only whether
the files belong together, which whoever made them anew could arrange. README.txt says what is proven and what is not.

Exit status: 0 all is as it was, 4 something differs (each thing is one line), 2 the question was wrong.

This file is complete in itself: it may be read, and it reads nothing but what it is given. It is part of every evidence
pack, so that its own hash stands in a manifest that the head proves.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import datetime as dt
import hashlib
import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

DIFFERS = 4
"""Exit status when something differs."""
MANIFEST = "manifest.json"
REPORT = "report.html"
CONTENTS = "export.json"
PACKS, HEADS = "packs", "heads"
TOOLS = ("README.txt", "verify.py")
"""Files of every pack that an export has beside the packs as well."""
_BLOCK = 1 << 20
_ENTRY = re.compile(r"chain/([0-9]{6,})\.json")
_HEAD = re.compile(r"heads/([0-9]{6,})-([0-9a-f]{64})\.json")
_PACK = re.compile(r"packs/([^/]+)/([^/]+)/([^/]+)")
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_PERIOD = re.compile(f"({_DAY})(?:_({_DAY}))?")
_SHOWN = re.compile(r'data-figure="([a-z_]+)">([^<]*)<')
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class Problem(NamedTuple):
    """Something that differs."""

    where: str
    what: str

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.where}: {self.what}"


class Entry(NamedTuple):
    """An entry of the chain: what was appended, and the hash of its own bytes, which is the head then."""

    sequence: int
    label: str
    pack: str
    manifest_sha256: str
    previous_sha256: str | None
    head: str


class Outcome(NamedTuple):
    """What a check found."""

    problems: list[Problem]
    label: str
    days: tuple[str, str]
    packs: int
    files: int
    proven_by: Entry | None
    newest: Entry | None


class _Hashing(io.RawIOBase):
    """Passes bytes on and hashes them: a large file is read once, whatever is made of it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._whole = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            block = self._stream.read(len(buffer))
        except (zlib.error, EOFError) as error:
            raise zipfile.BadZipFile(f"it is damaged: {error}") from None
        self._whole.update(block)
        buffer[: len(block)] = block
        return len(block)

    def finished(self) -> str:
        """Read what nobody has asked for; return the hash of all of it."""
        while self.read(_BLOCK):
            pass
        self._stream.close()
        return self._whole.hexdigest()


class Files:
    """The files of an export, by their names: of a folder, or of a zip file."""

    def __init__(self, address: Path) -> None:
        self.problems: list[Problem] = []
        self._folder = address if address.is_dir() else None
        self._zip = None if self._folder else zipfile.ZipFile(address)
        if self._zip is not None:
            infos = self._zip.infolist()
            self.names = [info.filename for info in infos]
            self._check_zip(infos)
        else:
            found = sorted(path for path in address.rglob("*") if not path.is_dir())
            self.names = [path.relative_to(address).as_posix() for path in found]

    def _check_zip(self, infos: list[zipfile.ZipInfo]) -> None:
        """A zip file may name one file twice, so that two programs unpack two things."""
        seen: set[str] = set()
        for info in infos:
            name = info.filename
            if name in seen:
                self.problems.append(Problem(name, "the zip file has it twice"))
            elif name.startswith("/") or ".." in name.split("/"):
                self.problems.append(Problem(name, "it would be unpacked outside of its folder"))
            elif tuple(info.date_time) != ZIP_TIME or info.comment or info.extra:
                self.problems.append(Problem(name, "the zip file was not written by an export"))
            seen.add(name)

    def open(self, name: str) -> _Hashing:
        """Return a file, to be read and hashed in one go."""
        if self._zip is not None:
            return _Hashing(self._zip.open(name))
        assert self._folder is not None
        return _Hashing((self._folder / name).open("rb"))

    def read(self, name: str) -> bytes:
        """Return the whole of a small file."""
        with self.open(name) as stream:
            return stream.read() or b""


class Figures:
    """The figures of a report, counted anew from verdicts.csv and coverage.csv."""

    def __init__(self) -> None:
        self.minutes = {"violation_hours": 0, "strict_hours": 0, "unknown_hours": 0, "replica_hours_over": 0}
        self.judged = 0
        self.violating: set[tuple[str, str, str]] = set()
        self.expected = self.complete = 0

    def add_verdicts(self, stream: Any) -> None:
        """Count the rows of verdicts.csv."""
        rows = csv.reader(stream)
        header = next(rows)
        names = "cycle_minutes verdict is_over_strict measured max_replicas environment team_id api_id".split()
        length, verdict, strict, measured, granted, environment, team, api = [header.index(name) for name in names]
        for row in rows:
            self.judged += 1
            minutes = int(row[length])
            if row[strict] == "true":
                self.minutes["strict_hours"] += minutes
            if row[verdict] == "unknown":
                self.minutes["unknown_hours"] += minutes
            elif row[verdict] == "over_limit":
                self.minutes["violation_hours"] += minutes
                above = int(row[measured] or 0) - int(row[granted] or 0)
                self.minutes["replica_hours_over"] += minutes * max(0, above)
                self.violating.add((row[environment], row[team], row[api]))

    def add_coverage(self, stream: Any) -> None:
        """Count the rows of coverage.csv."""
        rows = csv.reader(stream)
        status = next(rows).index("status")
        for row in rows:
            self.expected += 1
            self.complete += row[status] == "complete"

    def shown(self) -> dict[str, str]:
        """Return the figures as a report writes them."""
        percent = int(10000 * self.complete / self.expected) / 100 if self.expected else 0.0
        found = {name: _number(minutes / 60, 2) for name, minutes in self.minutes.items()}
        found.update(
            judged=_number(self.judged, 0),
            violating=str(len(self.violating)),
            expected=str(self.expected),
            complete=str(self.complete),
            coverage=_number(percent, 2),
        )
        return found


def _number(value: float, digits: int) -> str:
    text = "{:,.{}f}".format(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _counted(count: int, one: str) -> str:
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def sha256(content: bytes) -> str:
    """Return the hash of bytes."""
    return hashlib.sha256(content).hexdigest()


def read_chain(files: Files) -> tuple[list[Entry], list[Problem]]:
    """Read the chain; every entry has to name the hash of the one before it."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    previous: str | None = None
    names = sorted((int(match[1]), name) for name in files.names for match in [_ENTRY.fullmatch(name)] if match)
    for number, (sequence, name) in enumerate(names, 1):
        content = files.read(name)
        try:
            entry = _entry(json.loads(content), sha256(content))
        except (ValueError, KeyError, TypeError, AttributeError):
            return entries, [*problems, Problem(name, "it is no entry of a chain any more")]
        if sequence != number or entry.sequence != number:
            problems.append(Problem(name, f"it should be entry {number}: one is missing, or has another number"))
        if entry.previous_sha256 != previous:
            what = "it was appended to an entry with the hash {}…, and the one before it has {}…"
            problems.append(Problem(name, what.format(str(entry.previous_sha256)[:12], str(previous)[:12])))
        if entries and entry.label != entries[0].label:
            problems.append(Problem(name, f"it is of the label {entry.label}"))
        previous = entry.head
        entries.append(entry)
    if not entries:
        problems.append(Problem("chain", "there is no chain"))
    return entries, problems


def _entry(document: Any, head: str) -> Entry:
    said = [document[name] for name in ("sequence", "label", "pack", "manifest_sha256", "previous_sha256")]
    if not isinstance(said[0], int) or not all(isinstance(text, str) for text in said[1:4]):
        raise ValueError
    return Entry(said[0], said[1], said[2], said[3], said[4], head)


def days_of(pack: str) -> tuple[str, str] | None:
    """Return first and last day of a pack by its name; None of one of a single cycle."""
    match = _PERIOD.fullmatch(pack.split("/")[0])
    return (match[1], match[2] or match[1]) if match else None


def is_within(pack: str, days: tuple[str, str]) -> bool:
    """Tell whether a pack has a day of a period, first and last included."""
    found = days_of(pack)
    return found is not None and found[0] <= days[1] and days[0] <= found[1]


def days_without(packs: Iterable[str], days: tuple[str, str]) -> list[str]:
    """Return the days of a period that no pack is of."""
    spans = [span for span in map(days_of, packs) if span]
    day, last = (dt.date.fromisoformat(text) for text in days)
    missing = []
    while day <= last:
        if not any(first <= day.isoformat() <= end for first, end in spans):
            missing.append(day.isoformat())
        day += dt.timedelta(days=1)
    return missing


def check_pack(files: Files, folder: str, manifest: Mapping[str, Any]) -> list[Problem]:
    """Check the files of one pack against its manifest, and what its report says against its tables."""
    problems: list[Problem] = []
    figures, report = Figures(), ""
    listed = manifest["files"]
    there = {name[len(folder) :] for name in files.names if name.startswith(folder)} - {MANIFEST}
    for name in sorted(set(listed) | there):
        where = folder + name
        if name not in listed:
            problems.append(Problem(where, "the manifest does not name it"))
        elif name not in there:
            problems.append(Problem(where, "the manifest names it, and it is gone"))
        else:
            stream = files.open(where)
            try:
                if name in ("verdicts.csv", "coverage.csv"):
                    text = io.TextIOWrapper(io.BufferedReader(stream, _BLOCK), encoding="utf-8", newline="")
                    (figures.add_verdicts if name == "verdicts.csv" else figures.add_coverage)(text)
                    text.detach().detach()
                elif name == REPORT:
                    report = (stream.read() or b"").decode("utf-8")
            except (ValueError, IndexError, StopIteration, csv.Error, zipfile.BadZipFile) as error:
                problems.append(Problem(where, f"it cannot be read: {error}"))
            problems += _of_hash(where, stream, listed[name])
    return problems + (_of_figures(folder + REPORT, figures, report) if REPORT in listed and report else [])


def _of_hash(where: str, stream: _Hashing, listed: Mapping[str, Any]) -> list[Problem]:
    try:
        found = stream.finished()
    except zipfile.BadZipFile as error:
        return [Problem(where, str(error))]
    if found == listed["sha256"]:
        return []
    return [Problem(where, "it has SHA-256 {}…, and {}… when it was written".format(found[:12], listed["sha256"][:12]))]


def _of_figures(where: str, figures: Figures, report: str) -> list[Problem]:
    expected, said = figures.shown(), _SHOWN.findall(report)
    problems = [
        Problem(where, f"it shows {name} as {text}, and the tables come to {expected.get(name)}")
        for name, text in said
        if expected.get(name) != text
    ]
    unsaid = sorted(set(expected) - {name for name, _ in said})
    return problems + [Problem(where, f"it does not show {name}") for name in unsaid]


class _Check:
    """One check of an export."""

    def __init__(self, files: Files, head: str | None) -> None:
        self.files, self.head = files, head
        self.problems = list(files.problems)
        self.proven_by: Entry | None = None
        self.known: set[str] = {CONTENTS, *TOOLS}
        self.manifests: dict[str, Mapping[str, Any]] = {}
        self.statements: dict[str, bytes] = {}
        self.heads = 0

    def run(self) -> Outcome:
        entries, problems = read_chain(self.files)
        self.problems += problems
        self.known |= {name for name in self.files.names if _ENTRY.fullmatch(name)}
        label, days = self._contents()
        self._hold_against_head(entries)
        self._packs(entries, days)
        self._tools(entries)
        self._statements()
        self._heads(entries)
        for name in sorted(set(self.files.names) - self.known):
            self.problems.append(Problem(name, "nothing names it, so it is no evidence"))
        if entries and label != entries[0].label:
            self.problems.append(Problem(CONTENTS, f"it says label {label}, the chain {entries[0].label}"))
        newest = entries[-1] if entries else None
        packs, files = len(self.manifests), len(self.files.names)
        return Outcome(self.problems, label, days, packs, files, self.proven_by, newest)

    def _contents(self) -> tuple[str, tuple[str, str]]:
        """Read what the export says it is of; everything else in it follows from that, or is a problem."""
        try:
            content = self.files.read(CONTENTS)
            document = json.loads(content)
            found = str(document["label"]), (str(document["from"]), str(document["to"]))
            self.heads = int(document["heads"])
            canonical = contents(found[0], found[1][0], found[1][1], self.heads)
            is_sound = bool(re.fullmatch(_DAY, found[1][0]) and re.fullmatch(_DAY, found[1][1]))
            if not is_sound or content != canonical:
                self.problems.append(Problem(CONTENTS, "it is not as an export writes it"))
            return found
        except (KeyError, ValueError, TypeError, OSError, zipfile.BadZipFile):
            self.problems.append(Problem(CONTENTS, "it is gone, or cannot be read"))
            return "", ("", "")

    def _hold_against_head(self, entries: list[Entry]) -> None:
        if self.head is None or not entries:
            return
        self.proven_by = next((entry for entry in entries if entry.head == self.head), None)
        if self.proven_by is None:
            self.problems.append(Problem("chain", f"no entry has the head {self.head[:12]}… that was posted"))
        elif self.proven_by is not entries[-1]:
            what = (
                f"entries after {self.proven_by.sequence} are later than the head you gave, which does not prove them"
            )
            self.problems.append(Problem("chain", f"{what}: take a later head, or have it exported with --head"))

    def _packs(self, entries: list[Entry], days: tuple[str, str]) -> None:
        there = {f"{match[1]}/{match[2]}" for match in map(_PACK.fullmatch, self.files.names) if match}
        expected = {entry.pack: entry for entry in entries if is_within(entry.pack, days)}
        for pack in sorted(there | set(expected)):
            folder = f"packs/{pack}/"
            self.known |= {name for name in self.files.names if name.startswith(folder)}
            if pack not in expected:
                self.problems.append(Problem(folder, "it is no pack of the chain and the days of the export"))
            elif folder + MANIFEST not in self.files.names:
                self.problems.append(Problem(folder + MANIFEST, "the chain names it, and it is gone"))
            else:
                self._pack(folder, expected[pack])
        with contextlib.suppress(ValueError):  # days that are none are said already
            self.problems += [Problem(day, "no pack is of this day") for day in days_without(expected, days)]

    def _pack(self, folder: str, entry: Entry) -> None:
        content = self.files.read(folder + MANIFEST)
        if sha256(content) != entry.manifest_sha256:
            what = "it is not the manifest that entry {} of the chain was appended for"
            self.problems.append(Problem(folder + MANIFEST, what.format(entry.sequence)))
        try:
            manifest = json.loads(content)
            self.problems += check_pack(self.files, folder, manifest)
            self.manifests[entry.pack] = manifest
            self.statements.update(statement_files(content))
        except (KeyError, ValueError, TypeError, AttributeError):
            self.problems.append(Problem(folder + MANIFEST, "it is no manifest any more"))

    def _tools(self, entries: list[Entry]) -> None:
        """README and verifier are those of the newest pack of all that are here: so the head proves them, too."""
        here = [entry.pack for entry in entries if entry.pack in self.manifests]
        for name in TOOLS:
            if name not in self.files.names:
                self.problems.append(Problem(name, "it is gone"))
            elif here:
                listed = self.manifests[here[-1]]["files"].get(name)
                if listed is None or sha256(self.files.read(name)) != listed["sha256"]:
                    self.problems.append(Problem(name, f"it is not the one of pack {here[-1]}"))

    def _statements(self) -> None:
        self.known |= set(self.statements)
        for name, text in sorted(self.statements.items()):
            if name not in self.files.names:
                self.problems.append(Problem(name, "a manifest has this statement, and the file is gone"))
            elif self.files.read(name) != text:
                self.problems.append(Problem(name, "it is not the statement that manifests have"))

    def _heads(self, entries: list[Entry]) -> None:
        """Copies of what the bucket of heads had: each is an entry of the chain, under its number and its hash."""
        names = [name for name in self.files.names if name.startswith(HEADS + "/")]
        if len(names) != self.heads:
            self.problems.append(Problem(HEADS, f"there are {len(names)}, and {CONTENTS} says {self.heads}"))
        for name in names:
            match = _HEAD.fullmatch(name)
            if match is None:
                continue  # said with what nothing names
            self.known.add(name)
            sequence = int(match[1])
            if sha256(self.files.read(name)) != match[2]:
                self.problems.append(Problem(name, "it is not what it is named after"))
            elif sequence > len(entries) or entries[sequence - 1].head != match[2]:
                self.problems.append(Problem(name, f"entry {sequence} of the chain is another one"))


def contents(label: str, first_day: str, last_day: str, heads: int) -> bytes:
    """Return the file that says what an export is of, and how many copies of kept heads it has."""
    document = {"label": label, "from": first_day, "to": last_day, "heads": heads}
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()


def statement_files(manifest: bytes) -> dict[str, bytes]:
    """Return the SQL of every figure as files, named by statement and hash: most packs have the same.

    Raises:
        ValueError: it is no manifest.
    """
    found = {}
    for name, text in json.loads(manifest).get("statements", {}).items():
        content = text.encode()
        stem = name[: -len(".sql")] if name.endswith(".sql") else name
        found[f"sql/{stem}.{sha256(content)[:12]}.sql"] = content
    return found


def check(address: Path, head: str | None) -> Outcome:
    """Check an export.

    Args:
        address: the zip file, or the folder it was unpacked to.
        head: of the chain, as it was posted; None to leave that open.

    Raises:
        OSError: it cannot be read.
        zipfile.BadZipFile: it is no zip file, or damaged so that none of it can be believed.
    """
    try:
        return _Check(Files(address), head).run()
    except RuntimeError as error:  # encrypted, or packed in a way that no export is
        raise zipfile.BadZipFile(str(error)) from None


def told(outcome: Outcome) -> Iterator[str]:
    """Yield what to say of a check."""
    for problem in outcome.problems:
        yield str(problem)
    packs, files = _counted(outcome.packs, "pack"), _counted(outcome.files, "file")
    scope = "{} of label {}, {} to {}, {}".format(packs, outcome.label, *outcome.days, files)
    if outcome.problems:
        yield "NOT as it was: {} in {}".format(_counted(len(outcome.problems), "problem"), scope)
        return
    yield f"as it was: {scope}"
    if outcome.proven_by is not None:
        yield f"proven by entry {outcome.proven_by.sequence} of the chain, whose head is the one you gave"
    elif outcome.newest is not None:
        yield "held against no head: the files belong together, and whoever made all of them anew could arrange that"
        yield f"compare with what was posted: entry {outcome.newest.sequence} {outcome.newest.head}"


def main() -> int:
    """Run the check; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", nargs="?", type=Path, default=Path(__file__).resolve().parent, metavar="FILE")
    parser.add_argument("--head", metavar="SHA256", help="head of the chain, as a digest has posted it")
    arguments = parser.parse_args()
    head = arguments.head.lower() if arguments.head else None
    if head is not None and not re.fullmatch("[0-9a-f]{64}", head):
        parser.error("--head is no SHA-256: it has 64 digits from 0 to f")
    try:
        outcome = check(arguments.address, head)
    except (OSError, zipfile.BadZipFile) as error:
        print(f"{arguments.address}: {error}", file=sys.stderr)
        return DIFFERS
    print("\n".join(told(outcome)))
    return DIFFERS if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
