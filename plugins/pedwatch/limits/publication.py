"""Publishes a batch of PED files: what may be written, what would change, and the writing itself."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pedwatch.config import Config
from pedwatch.errors import LimitDocumentError
from pedwatch.limits.advice import warnings_about
from pedwatch.limits.document import Source
from pedwatch.limits.document_changes import DocumentChange, Write, plan_changes, write_of
from pedwatch.limits.files import Batch, WrittenLimit
from pedwatch.limits.overlaps import Overlap, Placed, overlaps_between, overlaps_within, takes_unlabelled
from pedwatch.limits.stored_document import StoredDocument
from pedwatch.written.problems import Problem


class LimitStore(Protocol):
    """Firestore as publishing uses it."""

    def fetch(self, document_ids: Collection[str], at: dt.datetime | None = None) -> Iterable[StoredDocument]:
        """Return those of the documents that exist."""

    def matching(self, **fields: str) -> Iterable[StoredDocument]:
        """Return the documents whose fields have these values."""

    def of_apis(self, environment: str, team_id: str, api_ids: Collection[str]) -> Iterable[StoredDocument]:
        """Return the documents of some APIs of a team."""

    def selecting(self, selector: str) -> Iterable[StoredDocument]:
        """Return the documents, of all environments, that set a selector."""

    def archived_numbers(self, document_ids: Collection[str]) -> Mapping[str, int]:
        """Return the highest number in the archive of those documents that have one."""

    def write(self, writes: Sequence[Write]) -> None:
        """Write documents and their archived versions."""


@dataclass(frozen=True)
class Publishing:
    """How a batch is published."""

    skip_invalid: bool = False
    withdraw_missing: bool = False


@dataclass(frozen=True)
class Comparison:
    """What publishing a batch would change, what it leaves out because it is wrong, and what is worth knowing."""

    changes: tuple[DocumentChange, ...]
    skipped: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def remarks(self, batch: Batch, config: Config, now: dt.datetime) -> list[str]:
        """Return what to tell before the difference: what is skipped, what will not do what it seems to, notes."""
        warnings = warnings_about([written.limit for written in batch.limits], config, now)
        return [
            *(f"skipped: {problem}" for problem in self.skipped),
            *(f"warning: {text}" for text in warnings),
            *(f"note: {text}" for text in self.notes),
        ]


def compare(batch: Batch, store: LimitStore, how: Publishing) -> Comparison:
    """Compare a batch with what is stored.

    Documents are withdrawn only within the environments and teams that the batch itself speaks for.

    Raises:
        LimitDocumentError: something in the batch is wrong, and it was not asked to skip that.
    """
    if not how.skip_invalid:
        batch.require_valid()
    elif how.withdraw_missing and batch.problems:
        raise LimitDocumentError(
            "withdrawing what is missing while skipping what is invalid would withdraw the limits of invalid files: "
            "mend them, or ask for one of the two"
        )
    changes = plan_changes(
        [written.limit for written in batch.limits],
        _counterparts(batch, store, how),
        withdraw_missing=how.withdraw_missing,
    )
    written = {one.limit.limit_id: one for one in batch.limits}
    new = [written[change.document_id] for change in changes if _matches_anew(change)]
    untouched = _untouched_neighbours(new, store, written.keys() | {change.document_id for change in changes})
    found = list(overlaps_between([one.placed for one in new], untouched))
    contests = [_contest(overlap, written) for overlap in found if not overlap.is_decided]
    skipped = Batch((), (*batch.problems, *contests))
    if not how.skip_invalid:
        skipped.require_valid()
    refused = {overlap.one.limit.limit_id for overlap in found if not overlap.is_decided}
    changes = [change for change in changes if change.document_id not in refused]
    # What files say of each other is told where one of them is news; otherwise every publish would repeat it.
    news = {one.limit.limit_id for one in new}
    within = overlaps_within([one.placed for one in batch.limits])
    decided = [*(one for one in within if news & {one.one.limit.limit_id, one.other.limit.limit_id}), *found]
    notes = tuple(overlap.note() for overlap in decided if overlap.is_decided)
    return Comparison(tuple(_numbered(changes, store)), skipped.problems, notes)


def _counterparts(batch: Batch, store: LimitStore, how: Publishing) -> Iterable[StoredDocument]:
    """Read what the batch replaces or may withdraw."""
    limits = [written.limit for written in batch.limits]
    stored = {document.document_id: document for document in store.fetch([limit.limit_id for limit in limits])}
    if how.withdraw_missing:
        for environment, team_id in sorted({(limit.environment, limit.team_id) for limit in limits}):
            found = store.matching(environment=environment, team_id=team_id)
            stored |= {document.document_id: document for document in found}
    return stored.values()


def _matches_anew(change: DocumentChange) -> bool:
    """Tell whether a change can bring a limit together with others: a new ceiling alone cannot."""
    return change.kind == "added" or any(field.field.startswith("selectors") for field in change.fields)


def _untouched_neighbours(new: Sequence[WrittenLimit], store: LimitStore, touched: Collection[str]) -> Iterator[Placed]:
    """Read the stored limits that could meet new ones: those of the same APIs, and takers of unlabelled workloads."""
    seen = set(touched)
    for document in _neighbours(new, store):
        if document.document_id in seen or document.is_withdrawn:
            continue
        seen.add(document.document_id)
        try:
            yield Placed(document.limit(), "in Firestore")
        except ValueError:
            # Console edits that do not validate are the sync's to report; there is no selector to compare.
            continue


def _neighbours(new: Sequence[WrittenLimit], store: LimitStore) -> Iterator[StoredDocument]:
    apis: dict[tuple[str, str], set[str]] = defaultdict(set)
    for written in new:
        apis[written.limit.environment, written.limit.team_id].add(written.limit.api_id)
    for (environment, team_id), api_ids in sorted(apis.items()):
        yield from store.of_apis(environment, team_id, sorted(api_ids))
    environments = {one.limit.environment for one in new if takes_unlabelled(one.limit.selectors)}
    for selector in ("namespace", "name") if environments else ():
        yield from (one for one in store.selecting(selector) if one.data.get("environment") in environments)


def _contest(overlap: Overlap, written: Mapping[str, WrittenLimit]) -> Problem:
    place = written[overlap.one.limit.limit_id]
    return Problem(place.path, overlap.complaint(), "selectors", place.line)


def _numbered(changes: Iterable[DocumentChange], store: LimitStore) -> Iterator[DocumentChange]:
    """Go on counting where an archive stands: it outlives its document, and a console edit may miscount."""
    changes = list(changes)
    strange = [one.document_id for one in changes if one.before is None or one.before.was_edited_elsewhere]
    numbers = store.archived_numbers(strange)
    return (replace(one, archived=numbers.get(one.document_id, 0)) for one in changes)


def apply_changes(changes: Iterable[DocumentChange], store: LimitStore) -> None:
    """Write the changes, each only if its document is still what it was compared with."""
    store.write([write_of(change) for change in changes])


def with_source(batch: Batch, repo: str | None, commit: str | None, root: str | None = None) -> Batch:
    """Note on each limit where it came from; paths are written relative to ``root``."""
    limits = []
    for written in batch.limits:
        path = written.path.removeprefix(f"{root.rstrip('/')}/") if root else written.path
        source = Source(repo=repo, path=path, commit=commit)
        limits.append(replace(written, limit=written.limit.model_copy(update={"source": source})))
    return replace(batch, limits=tuple(limits))
