"""The chain of packs is an append-only log: whoever changes anything is found, at any head that was ever posted."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.audit import chain, pack_files
from pedwatch.audit.anchors import Anchor
from pedwatch.audit.chain import Entry
from pedwatch.audit.stored_label import one_pack, sort_out
from pedwatch.audit.verification import Verified, verify

PACKS = ["2026-03-01/1", "2026-03-02/1", "2026-03-03/1", "2026-03-02/2", "2026-03-04/1", "2026-03-01_2026-03-04/1"]
Files = dict[str, bytes]


class Shelf:
    """Files in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def names(self) -> list[str]:
        """Return their names."""
        return sorted(self.files)

    def read(self, name: str) -> bytes:
        """Return one."""
        return self.files[name]

    def sha256(self, name: str) -> str:
        """Return the hash of one."""
        return chain.sha256_of(self.files[name])


def label_of(packs: list[str]) -> Files:
    """Return a label whose packs were linked in an order."""
    files: Files = {}
    log: dict[int, bytes] = {}
    for pack in packs:
        content = f"cycle\r\n{pack}\r\n".encode()
        hashes = {"verdicts.csv": {"sha256": chain.sha256_of(content), "bytes": len(content)}}
        manifest = pack_files.to_json(pack_files.manifest(hashes, {"label": "daily"}))
        files |= {f"{pack}/verdicts.csv": content, f"{pack}/manifest.json": manifest}
        entry = chain.following(log, "daily", pack, chain.sha256_of(manifest), "first audit")
        log[entry.sequence] = entry.to_bytes()
        files[f"chain/{chain.file_name(entry.sequence)}"] = log[entry.sequence]
    return files


def heads(files: Files) -> list[str]:
    """Return the head after each entry."""
    return [chain.sha256_of(content) for name, content in sorted(files.items()) if name.startswith("chain/")]


def anchored(files: Files) -> tuple[Anchor, ...]:
    """Return an anchor of each entry."""
    return tuple(Anchor(number, head) for number, head in enumerate(heads(files), 1))


def checked(files: Files, *posted: str, anchors: tuple[Anchor, ...] = ()) -> Verified:
    """Verify all of a label."""
    shelf = Shelf(files)
    named = {"label": "daily", "is_whole_label": True}
    return verify(shelf, sort_out(shelf.names()), **named, heads=posted, anchors=anchors)


def test_what_was_written_is_in_order_at_every_head_that_ever_held() -> None:
    files = label_of(PACKS)
    found = checked(files, *heads(files), anchors=anchored(files))
    assert found.problems == []
    assert found.head == (6, heads(files)[-1])
    assert [line for line in found.notes if "all up to it is as it was" in line] == [
        f"head {head[:12]}… was that of entry {number}: all up to it is as it was; "
        + (f"{6 - number} since" if number < 6 else "nothing came after it")
        for number, head in enumerate(heads(files), 1)
    ]
    assert checked({}).head is None


def test_a_day_that_was_audited_anew_stands_beside_what_was_posted() -> None:
    """The fault that this chain mends: an ordinary re-audit voided every head that was posted since."""
    before = label_of(PACKS[:3])
    posted = heads(before)[-1]
    after = label_of(PACKS[:4])
    assert {name: after[name] for name in before} == before
    found = checked(after, posted)
    assert found.problems == []
    assert found.notes[0].endswith("all up to it is as it was; 1 since")
    assert found.notes[1:] == ["  entry 4: 2026-03-02/2, first audit"]


def without(name: str) -> Callable[[Files], object]:
    """Remove a file."""
    return lambda files: files.__delitem__(name)


def changed(name: str) -> Callable[[Files], object]:
    """Change one byte of a file."""
    return lambda files: files.update({name: files[name].replace(b"2026", b"2027", 1).replace(b'"l', b'"1', 1)})


def rewritten(pack: str) -> Callable[[Files], object]:
    """Write a pack and its manifest anew, so that they agree."""

    def manipulate(files: Files) -> None:
        forged = label_of([pack])
        content = forged[f"{pack}/verdicts.csv"] + b"another\r\n"
        hashes = {"verdicts.csv": {"sha256": chain.sha256_of(content), "bytes": len(content)}}
        files[f"{pack}/verdicts.csv"] = content
        files[f"{pack}/manifest.json"] = pack_files.to_json(pack_files.manifest(hashes, {"label": "daily"}))

    return manipulate


def slipped_in(files: Files) -> None:
    """Put a pack there that no run linked."""
    files |= {name: content for name, content in label_of(["2026-03-09/1"]).items() if not name.startswith("chain/")}


def of_another_label(files: Files) -> None:
    """Append an entry of another label's chain."""
    log = {6: files["chain/000006.json"]}
    entry = chain.following(log, "march", "2026-03-04/1", chain.sha256_of(files["2026-03-04/1/manifest.json"]), "x")
    files["chain/000007.json"] = entry.to_bytes()


@pytest.mark.parametrize(
    ("manipulate", "says"),
    [
        (changed("2026-03-02/1/verdicts.csv"), "changed after the pack was written"),
        (changed("2026-03-02/1/manifest.json"), "not the one that entry 2 of the chain names"),
        (rewritten("2026-03-02/1"), "not the one that entry 2 of the chain names"),
        (without("2026-03-02/1/verdicts.csv"), "the manifest names it, but it is gone"),
        (without("2026-03-02/1/manifest.json"), "its manifest is gone"),
        (without("chain/000003.json"), "this entry of the chain is gone"),
        (changed("chain/000003.json"), "entry 3 is not the one that it was linked to"),
        (lambda files: files.update({"chain/000003.json": b"{}"}), "no entry of a chain any more"),
        (lambda files: files.update({"chain/000003.json": files["chain/000002.json"]}), "says that it is entry 2"),
        (lambda files: files.update({"chain/000001.json": files["chain/000002.json"]}), "names one before it"),
        (
            lambda files: [files.pop(name) for name in list(files) if "03-02/1/" in name],
            "names this pack, and it is gone",
        ),
        (slipped_in, "no entry of the chain names it"),
        (of_another_label, "it is an entry of the chain of march"),
        (of_another_label, "2026-03-04/1 is linked already, by entry 5"),
        (lambda files: files.update({"notes.txt": b"n"}), "belongs to no pack and no chain"),
        (lambda files: files.update({"2026-03-02/1/notes.txt": b"n"}), "the manifest does not name it"),
        (lambda files: files.update({"2026-03-09/1/verdicts.csv": b"v"}), "not a finished pack"),
        (lambda files: files.update({"2026-03-02/1/manifest.json": b"<html>"}), "not a manifest any more"),
    ],
)
def test_every_manipulation_is_told_with_what_to_do(manipulate: Callable[[Files], object], says: str) -> None:
    files = label_of(PACKS)
    manipulate(files)
    told = [str(problem) for problem in checked(files).problems]
    assert any(says in line and "What to do: " in line for line in told), told


def test_a_chain_that_was_written_anew_as_a_whole_shows_by_a_head_outside_alone() -> None:
    """Who may write the bucket can make another chain that agrees with itself; not one with the heads that are out."""
    files = label_of(PACKS)
    forged = label_of(["2026-03-01/1", "2026-03-03/1", "2026-03-02/1", "2026-03-04/1"])
    assert checked(forged).problems == []
    [by_hand] = checked(forged, heads(files)[-1]).problems
    assert "no entry has the head" in by_hand.what
    anchors = anchored(files)
    assert [problem.entry for problem in checked(forged, anchors=anchors).problems] == [2, 3, 4, 5, 6]
    cut = label_of(PACKS[:4])
    assert checked(cut).problems == []
    assert [problem.what for problem in checked(cut, anchors=anchors[5:]).problems] == [
        f"its head {heads(files)[5][:12]}… is anchored, and the chain does not have it"
    ]


@given(st.permutations(PACKS), st.data())
def test_no_file_can_be_changed_or_removed_unseen(order: list[str], data: st.DataObject) -> None:
    """Whatever the order: held against the last head, one byte of any file is found, and so is any that is gone."""
    files = label_of(order)
    head = heads(files)[-1]
    name = data.draw(st.sampled_from(sorted(files)))
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(files[name]) - 1))
        content = bytearray(files[name])
        content[at] ^= data.draw(st.integers(1, 255))
        files[name] = bytes(content)
    else:
        del files[name]
    assert checked(files, head).problems


def test_problems_behind_a_head_leave_it_standing() -> None:
    files = label_of(PACKS)
    changed("2026-03-04/1/verdicts.csv")(files)  # entry 5
    notes = checked(files, heads(files)[3], heads(files)[4]).notes
    assert "all up to it is as it was" in notes[0]
    assert any("up to it: 1 problem" in line for line in notes[1:])


def test_what_was_begun_and_never_finished_is_no_problem_once_another_took_its_place() -> None:
    files = label_of(["2026-03-01/2"]) | {"2026-03-01/1/verdicts.csv": b"half"}
    found = checked(files)
    assert found.problems == []
    assert found.notes == ["2026-03-01/1 was begun and never finished; a later revision took its place"]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"sequence": true}', Entry(1, "a", "notes/1", "m", None, "c").to_bytes()],
)
def test_what_is_no_entry_is_none(content: bytes) -> None:
    assert Entry.read(content) is None


def test_names_of_packs_and_entries() -> None:
    entry = Entry(12, "daily", "2026-03-02_2026-03-08/3", "m", "p", "late data")
    assert Entry.read(entry.to_bytes()) == entry
    assert chain.parts_of(entry.pack) == ("2026-03-02_2026-03-08", 3)
    for name in ("2026-03-02", "2026-03-02/0", "2026-03-02/01", "20260302T100500Z/1", "2026-03-02/1/x"):
        assert chain.parts_of(name) is None
    assert [chain.sequence_of(name) for name in ("000012.json", "1000000.json", "12.json", "0000012.json", "a")] == [
        12,
        1000000,
        None,
        None,
        None,
    ]


def test_what_nobody_could_find_is_said() -> None:
    files = label_of(PACKS)
    [cut] = checked(files).not_checked
    assert "--head" in cut and "removed together with their entries" in cut
    assert checked(files, heads(files)[-1]).not_checked == []
    assert checked(files, anchors=anchored(files)[-1:]).not_checked == []

    shelf = Shelf({name.rpartition("/")[2]: content for name, content in files.items() if name.startswith(PACKS[0])})
    one = verify(shelf, one_pack(PACKS[0], shelf.names()))
    assert one.not_checked == [
        "the chain, which is in the folder of the label: that a pack was removed, or replaced with its manifest"
    ]
    cycles = {
        name.replace(PACKS[0], cycle): content
        for cycle in ("20260302T100500Z", "20260302T101000Z")
        for name, content in files.items()
        if name.startswith(PACKS[0])
    }
    alone = checked(cycles)
    assert (alone.problems, alone.head) == ([], None)
    assert alone.not_checked == [
        "they are of single cycles, which have no chain: that one was removed, or replaced with its manifest"
    ]
    [beside, _] = checked(files | cycles).not_checked
    assert beside.startswith("2 of them are of single cycles")
