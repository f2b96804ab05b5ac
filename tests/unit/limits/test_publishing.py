"""What publishing would change, in words, and what it refuses."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pedwatch.config import Config, LabelKeys, PolicyConfig
from pedwatch.errors import LimitDocumentError
from pedwatch.limits.advice import warnings_about
from pedwatch.limits.document import PedLimit
from pedwatch.limits.document_changes import Write, describe, plan_changes, write_of
from pedwatch.limits.files import Batch, WrittenLimit
from pedwatch.limits.publication import Publishing, compare, with_source
from pedwatch.limits.stored_document import StoredDocument
from pedwatch.written.problems import Problem
from tests.unit.limits.samples import exemption, limit, minutes, stored


class Shelf:
    """A store that holds some documents."""

    def __init__(self, *documents: StoredDocument) -> None:
        self.documents = documents

    def fetch(self, document_ids: Collection[str], at: dt.datetime | None = None) -> Iterable[StoredDocument]:
        """Return those of the documents that exist."""
        return [document for document in self.documents if document.document_id in document_ids]

    def matching(self, **fields: str) -> Iterable[StoredDocument]:
        """Return the documents whose fields have these values."""
        return [one for one in self.documents if all(one.data[name] == value for name, value in fields.items())]

    def of_apis(self, environment: str, team_id: str, api_ids: Collection[str]) -> Iterable[StoredDocument]:
        """Return the documents of some APIs of a team."""
        team = self.matching(environment=environment, team_id=team_id)
        return [document for document in team if document.data["api_id"] in api_ids]

    def selecting(self, selector: str) -> Iterable[StoredDocument]:
        """Return the documents that set a selector."""
        return [document for document in self.documents if document.data["selectors"][selector] is not None]

    def archived_numbers(self, document_ids: Collection[str]) -> Mapping[str, int]:
        """Nothing is archived here."""
        return {}

    def write(self, writes: Sequence[Write]) -> None:
        """Refuse: these tests only compare."""
        raise AssertionError("nothing is written here")


def batch(*limits: PedLimit, problems: Sequence[Problem] = ()) -> Batch:
    """Return limits as if they had been read from a file each."""
    written = [WrittenLimit(content, f"/repo/ped/{content.limit_id}.yaml", 1) for content in limits]
    return Batch(tuple(written), tuple(problems))


def test_the_difference_is_told_field_by_field() -> None:
    before = stored(limit(12, exemptions=[exemption()]), minutes(0))
    gone = stored(limit(3, name="old"), minutes(0))
    after = limit(15, exemptions=[exemption(max_replicas=30)], selectors={"name": "orders-*"})
    changes = plan_changes([after, limit(5, name="batch")], [before, gone], withdraw_missing=True)
    assert describe(changes).splitlines() == [
        "~ prod.orders.orders-api changed",
        "    selectors.name: (none) → orders-*",
        "    max_replicas: 12 → 15",
        "    exemptions[sale].max_replicas: 20 → 30",
        "+ prod.orders.orders-api.batch added: max_replicas 5",
        "- prod.orders.orders-api.old withdrawn",
        "",
        "1 added, 1 changed, 1 withdrawn",
    ]


def test_a_new_commit_alone_is_no_change() -> None:
    before = stored(limit(), minutes(0))
    after = limit(source={"repo": "r", "path": "p", "commit": "new"})
    assert describe(plan_changes([after], [before])) == "nothing to publish: Firestore already says the same"


def test_an_edit_that_still_carries_its_effective_from_is_warned_of() -> None:
    before = stored(limit(12, effective_from=minutes(-60)), minutes(0))
    [change] = plan_changes([limit(15, effective_from=minutes(-60))], [before])
    assert change.warnings == (
        "still says effective_from 2026-03-02T09:00:00Z, as before: the change counts from now on, not from then",
    )


@pytest.mark.parametrize("effective_from", [None, minutes(-30)], ids=["dropped", "moved"])
def test_an_edit_of_effective_from_itself_is_not_warned_of(effective_from: dt.datetime | None) -> None:
    before = stored(limit(12, effective_from=minutes(-60)), minutes(0))
    [change] = plan_changes([limit(15, effective_from=effective_from)], [before])
    assert change.warnings == ()


def test_a_stored_document_that_does_not_validate_is_mended() -> None:
    document = stored(limit(), minutes(0))
    broken = StoredDocument(document.document_id, {**document.data, "max_replicas": "many", "note": "x"}, minutes(1))
    [change] = plan_changes([limit()], [broken])
    assert [(field.field, field.before, field.after) for field in change.fields] == [
        ("max_replicas", "many", 12),
        ("note", "x", None),
    ]
    assert write_of(change).removed_fields == ("note",)


def test_one_wrong_document_publishes_nothing() -> None:
    with pytest.raises(LimitDocumentError, match=r"x\.yaml:3: is wrong"):
        compare(batch(limit(), problems=[Problem("x.yaml", "is wrong", line=3)]), Shelf(), Publishing())


def test_one_wrong_document_is_skipped_when_asked_to() -> None:
    wrong = [Problem("x.yaml", "is wrong")]
    [change] = compare(batch(limit(), problems=wrong), Shelf(), Publishing(skip_invalid=True)).changes
    assert change.kind == "added"


def test_skipping_and_withdrawing_together_are_refused_when_something_is_wrong() -> None:
    how = Publishing(skip_invalid=True, withdraw_missing=True)
    with pytest.raises(LimitDocumentError, match="would withdraw the limits of invalid files"):
        compare(batch(limit(), problems=[Problem("x.yaml", "is wrong")]), Shelf(), how)


def test_only_limits_of_the_teams_in_the_files_are_withdrawn() -> None:
    ours, theirs = stored(limit(name="old"), minutes(0)), stored(limit(team_id="search"), minutes(0))
    changes = compare(batch(limit()), Shelf(ours, theirs), Publishing(withdraw_missing=True)).changes
    assert [(change.kind, change.document_id) for change in changes] == [
        ("added", "prod.orders.orders-api"),
        ("withdrawn", "prod.orders.orders-api.old"),
    ]


def test_without_being_asked_nothing_is_withdrawn() -> None:
    shelf = Shelf(stored(limit(name="old", selectors={"name": "old"}), minutes(0)))
    assert [change.kind for change in compare(batch(limit()), shelf, Publishing()).changes] == ["added"]


def test_a_source_names_repository_commit_and_the_path_within() -> None:
    [written] = with_source(batch(limit()), "https://git/ped", "abc", "/repo").limits
    assert written.limit.source is not None
    assert written.limit.source.model_dump() == {
        "repo": "https://git/ped",
        "path": "ped/prod.orders.orders-api.yaml",
        "commit": "abc",
    }


@pytest.mark.parametrize(
    ("approver", "reason"),
    [("eve", "not on the allow-list"), ("olga", "of the team itself"), ("ana", None)],
)
def test_an_exemption_that_will_not_count_is_warned_of(approver: str, reason: str | None) -> None:
    approvers: Any = [{"id": "ana", "team_id": "platform"}, {"id": "olga", "team_id": "orders"}]
    config = Config.model_construct(
        policy=PolicyConfig.model_validate({"approvers": approvers}), label_keys=LabelKeys(also=["tier"])
    )
    granted = {"approver": "ana", "ticket": "CAP-1"}
    warnings = warnings_about([limit(grant=granted, exemptions=[exemption(approver=approver)])], config, minutes(0))
    assert [reason in warning for warning in warnings] == ([True] if reason else [])


def test_paths_of_other_roots_stay_whole(tmp_path: Path) -> None:
    [written] = with_source(batch(limit()), None, None, str(tmp_path)).limits
    assert written.limit.source and written.limit.source.path == "/repo/ped/prod.orders.orders-api.yaml"


def test_a_label_that_is_never_collected_is_warned_of() -> None:
    config = Config.model_construct(policy=PolicyConfig(), label_keys=LabelKeys(also=["tier"]))
    [warning] = warnings_about([limit(selectors={"labels": {"tier": "gold", "acme.io/zone": "a"}})], config, minutes(0))
    assert "selectors.labels.acme.io/zone will match nothing: this label is never collected" in warning
    assert "label_keys.also" in warning


def test_a_grant_by_nobody_known_and_a_year_that_is_past_are_warned_of() -> None:
    approvers: Any = [{"id": "ana@platform", "team_id": "platform"}]
    policy = PolicyConfig.model_validate({"approvers": approvers})
    config = Config.model_construct(policy=policy, label_keys=LabelKeys())
    strange = limit(grant={"approver": "ana@platfrom", "ticket": "CAP-1"}, effective_from="2016-03-01T09:00:00Z")
    by_whom, since_when = warnings_about([strange], config, minutes(0))
    assert "granted by ana@platfrom, whom policy.approvers in pedwatch.yaml does not name" in by_whom
    assert "(did you mean ana@platform?); the ceiling counts all the same" in by_whom
    assert "effective_from 2016-03-01 is 10.0 years ago" in since_when
    assert warnings_about([limit(effective_from="2026-03-01T09:00:00Z")], config, minutes(0)) == []
    nobody = Config.model_construct(policy=PolicyConfig(), label_keys=LabelKeys())
    assert warnings_about([limit()], nobody, minutes(0)) == [], "where nobody is listed, nobody is unknown"


def test_labels_are_in_the_difference() -> None:
    before = stored(limit(selectors={"labels": {"tier": "gold", "zone": "a"}}), minutes(0))
    [change] = plan_changes([limit(selectors={"labels": {"tier": "gold*"}})], [before])
    assert [(field.field, field.before, field.after) for field in change.fields] == [
        ("selectors.labels.tier", "gold", "gold*"),
        ("selectors.labels.zone", "a", None),
    ]


IN_SHOP = {"namespace": "shop"}


def test_a_limit_that_would_contest_a_stored_one_is_refused() -> None:
    """Nothing of the batch is published: which of the two would judge is anybody's guess."""
    shelf = Shelf(stored(limit(name="old", selectors=IN_SHOP), minutes(0)))
    with pytest.raises(LimitDocumentError, match=r"\.new\.yaml:1: selectors: .*same selectors as .*in Firestore"):
        compare(batch(limit(name="new", selectors=IN_SHOP), limit(api_id="other")), shelf, Publishing())
    kept = compare(
        batch(limit(name="new", selectors=IN_SHOP), limit(api_id="other")), shelf, Publishing(skip_invalid=True)
    )
    assert [change.document_id for change in kept.changes] == ["prod.orders.other"]
    assert [problem.field for problem in kept.skipped] == ["selectors"]


def test_a_stored_limit_that_is_withdrawn_or_replaced_with_it_contests_nothing() -> None:
    shelf = Shelf(stored(limit(name="old", selectors=IN_SHOP), minutes(0)))
    moved = batch(limit(name="new", selectors=IN_SHOP))
    assert len(compare(moved, shelf, Publishing(withdraw_missing=True)).changes) == 2
    narrowed = batch(limit(name="new", selectors=IN_SHOP), limit(name="old", selectors={"namespace": "attic"}))
    assert len(compare(narrowed, shelf, Publishing()).changes) == 2
    withdrawn = Shelf(stored(limit(name="old", selectors=IN_SHOP), minutes(0), deleted=True))
    assert len(compare(moved, withdrawn, Publishing()).changes) == 1


def test_another_teams_limit_can_contest_workloads_without_labels() -> None:
    theirs = stored(limit(team_id="search", api_id="search-api", selectors=IN_SHOP), minutes(0))
    with pytest.raises(LimitDocumentError, match=r"prod\.search\.search-api \(in Firestore\)"):
        compare(batch(limit(selectors={"namespace": "sh*"})), Shelf(theirs), Publishing())


def test_a_more_specific_stored_limit_is_a_note_that_says_who_wins() -> None:
    shelf = Shelf(stored(limit(name="old", selectors=IN_SHOP), minutes(0)))
    [note] = compare(batch(limit()), shelf, Publishing()).notes
    assert note == (
        "where both match, prod.orders.orders-api.old (in Firestore) judges and prod.orders.orders-api "
        "(/repo/ped/prod.orders.orders-api.yaml:1) does not: it is more specific (namespace shop, against no selector)"
    )


def test_a_new_ceiling_alone_asks_for_no_neighbours() -> None:
    class Quiet(Shelf):
        def of_apis(self, environment: str, team_id: str, api_ids: Collection[str]) -> Iterable[StoredDocument]:
            raise AssertionError("a new ceiling meets nobody new")

    quiet = Quiet(stored(limit(10, selectors=IN_SHOP), minutes(0)))
    assert len(compare(batch(limit(11, selectors=IN_SHOP)), quiet, Publishing()).changes) == 1
