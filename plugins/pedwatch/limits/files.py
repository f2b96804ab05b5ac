"""Reads PED files and folders: every problem of every file at once, so that a batch is mended in one go."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pedwatch.errors import LimitDocumentError
from pedwatch.limits.document import SHAPE, PedLimit
from pedwatch.limits.overlaps import Placed, overlaps_within
from pedwatch.written.problems import Problem, document_problems, explanations
from pedwatch.written.yaml_text import MAX_BYTES, Location, YamlDocument, YamlProblem, read_documents

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class WrittenLimit:
    """A limit and where it was written."""

    limit: PedLimit
    path: str
    line: int

    @property
    def placed(self) -> Placed:
        """The limit with its place in words."""
        return Placed(self.limit, f"{self.path}:{self.line}")


@dataclass(frozen=True)
class Batch:
    """What was read: the good limits, all that is wrong, and what is worth knowing."""

    limits: tuple[WrittenLimit, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()

    def require_valid(self) -> None:
        """Raise LimitDocumentError with every problem, a line each, if there is any."""
        if self.problems:
            raise LimitDocumentError("\n".join(str(problem) for problem in self.problems))


def read_paths(paths: Sequence[Path]) -> Batch:
    """Read files, and folders with all below them that ends in .yaml or .yml."""
    limits: list[WrittenLimit] = []
    problems: list[Problem] = []
    for path, problem in _files(paths):
        if problem:
            problems.append(problem)
            continue
        for found in read_file(str(path), _bytes(path)):
            (problems if isinstance(found, Problem) else limits).append(found)  # type: ignore[arg-type]
    return _checked_together(limits, problems)


def _checked_together(limits: Sequence[WrittenLimit], problems: list[Problem]) -> Batch:
    """Compare the limits of a batch with each other; of those that do not go together none is good."""
    bad: set[int] = set()
    for one, other, problem in [*_duplicates(limits), *_contests(limits)]:
        bad |= {id(one), id(other)}
        problems.append(problem)
    good = tuple(written for written in limits if id(written) not in bad)
    found = overlaps_within([written.placed for written in good])
    return Batch(good, tuple(problems), tuple(overlap.note() for overlap in found if overlap.is_decided))


def read_file(source: str, raw: bytes | OSError) -> list[WrittenLimit | Problem]:
    """Read the documents of one file; a file that is no YAML is one problem."""
    if isinstance(raw, OSError):
        return [Problem(source, f"cannot be read: {raw.strerror}; check its permissions")]
    try:
        documents = read_documents(raw)
    except YamlProblem as problem:
        return [Problem(source, str(problem), line=problem.line)]
    if not documents:
        return [Problem(source, "holds no document: write the limit, or remove the file")]
    return [found for document in documents for found in _read_document(source, document)]


def _read_document(source: str, document: YamlDocument) -> list[WrittenLimit | Problem]:
    value: Any = document.value
    wrong: list[tuple[Location, str]] = []
    limit = None
    if not isinstance(value, dict):
        message = "a document must be a block of keys such as api_id: orders; begin each further one with ---"
        wrong.append(((), message))
    elif "source" in value:
        wrong.append((("source",), "publishing fills in where a document came from: remove it"))
    else:
        try:
            limit = PedLimit.model_validate(value)
        except ValidationError as error:
            wrong += explanations(error, SHAPE)
    problems = document_problems(document, wrong, source)
    if limit is None or problems:
        return list(problems)
    return [WrittenLimit(limit, source, document.line)]


def _bytes(path: Path) -> bytes | OSError:
    try:
        with path.open("rb") as file:
            # One byte more than allowed is enough to know that it is too large.
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        return error


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, Problem | None]]:
    """Find the files, each once, however many of the paths lead to it."""
    seen: set[str] = set()
    for path in paths:
        for file, problem in _found(path):
            real = os.path.realpath(file)
            if problem is not None or real not in seen:
                seen.add(real)
                yield file, problem


def _found(path: Path) -> Iterator[tuple[Path, Problem | None]]:
    if not path.exists():
        yield path, Problem(str(path), "does not exist: check the path")
    elif path.is_dir():
        found = list(_below(path))
        if not found:
            yield path, Problem(str(path), "holds no .yaml or .yml file: check the path")
        yield from sorted(found, key=lambda one: one[0])
    else:
        yield path, None


def _below(folder: Path) -> Iterator[tuple[Path, Problem | None]]:
    """Walk a folder; what cannot be looked into is a problem, because a limit that is not seen counts as taken out."""
    unread: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=unread.append):
        # Where a ConfigMap or Secret is mounted, all files are there once more behind ..data and the folder it names.
        folders[:] = [name for name in folders if not name.startswith("..")]
        for name in names:
            file = Path(place, name)
            if file.suffix in SUFFIXES:
                is_there = file.is_file()
                yield file, None if is_there else Problem(str(file), "is no file, or a link to none: remove it")
    for error in unread:
        closed = Path(error.filename or folder)
        yield closed, Problem(str(closed), f"cannot be read: {error.strerror}; check its permissions")


def _duplicates(limits: Iterable[WrittenLimit]) -> Iterator[tuple[WrittenLimit, WrittenLimit, Problem]]:
    first: dict[str, WrittenLimit] = {}
    for written in limits:
        earlier = first.setdefault(written.limit.limit_id, written)
        if earlier is not written:
            place = f"{earlier.path}:{earlier.line}"
            message = f"{written.limit.limit_id} is already written at {place}: remove one, or give it another name"
            yield earlier, written, Problem(written.path, message, "name", written.line)


def _contests(limits: Sequence[WrittenLimit]) -> Iterator[tuple[WrittenLimit, WrittenLimit, Problem]]:
    """Find limits that can match one workload without one being more specific."""
    places = {one.placed.place: one for one in limits}
    for overlap in overlaps_within([one.placed for one in limits]):
        one, other = places[overlap.one.place], places[overlap.other.place]
        if not overlap.is_decided and one.limit.limit_id != other.limit.limit_id:
            yield one, other, Problem(one.path, overlap.complaint(), "selectors", one.line)
