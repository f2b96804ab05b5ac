"""An evidence pack: the same rows give the same bytes, and the manifest's hashes are those of the files."""

import csv
import datetime as dt
import hashlib
import io
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pedwatch.audit import pack_files

_CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.none()


def test_a_csv_as_auditors_read_it() -> None:
    vienna = dt.timezone(dt.timedelta(hours=1))
    rows = [
        {"cycle": dt.datetime(2026, 3, 2, 11, 5, tzinfo=vienna), "api": 'a "b", c', "over": True, "measured": 0},
        {"cycle": dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC), "api": None, "over": False, "measured": None},
    ]
    assert pack_files.to_csv(["cycle", "api", "over", "measured"], rows) == (
        b'cycle,api,over,measured\r\n2026-03-02T10:05:00Z,"a ""b"", c",true,0\r\n2026-03-02T10:05:00Z,,false,\r\n'
    )


def test_without_rows_the_columns_are_still_named() -> None:
    assert pack_files.to_csv(["a", "b"], []) == b"a,b\r\n"


def test_only_the_named_columns_are_written_in_their_order() -> None:
    assert pack_files.to_csv(["b", "a"], [{"a": 1, "b": 2, "c": 3}]) == b"b,a\r\n2,1\r\n"


@given(rows=st.lists(st.fixed_dictionaries({"a": _CELLS, "b": _CELLS})))
def test_whatever_text_stands_in_it_is_read_back(rows: list[dict[str, str | None]]) -> None:
    text = pack_files.to_csv(["a", "b"], rows).decode()
    found = list(csv.reader(io.StringIO(text, newline="")))
    assert found == [["a", "b"], *([row["a"] or "", row["b"] or ""] for row in rows)]


def test_the_manifest_has_the_facts_and_every_files_hash(tmp_path: Path) -> None:
    files = {"verdicts.csv": b"a\r\n", "limits.csv": b"", pack_files.MANIFEST: b"{}"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    document = json.loads(pack_files.to_json(pack_files.manifest(pack_files.file_hashes(tmp_path), {"label": "march"})))
    del files[pack_files.MANIFEST]
    assert document["label"] == "march"
    assert document["files"] == {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)} for name, content in files.items()
    }


def test_the_same_manifest_is_the_same_bytes() -> None:
    one = pack_files.to_json({"a": {"x": 1, "y": "ü"}, "b": 2})
    assert one == pack_files.to_json({"b": 2, "a": {"y": "ü", "x": 1}})
    assert one != pack_files.to_json({"a": {"x": 1, "y": "u"}, "b": 2})
