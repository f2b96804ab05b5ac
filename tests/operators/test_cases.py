"""Inputs that ended in a traceback once, or in nobody's limits being read: tests/cases, one folder each."""

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud.firestore import SERVER_TIMESTAMP

from pedwatch.cli import main
from tests.operators.limit_slice import NAME, Slice, slice_
from tests.unit.limits.samples import limit

__all__ = ["slice_"]

CASES = Path(__file__).parents[1] / "cases"
EXPECTED = {path.parent.name: yaml.safe_load(path.read_text()) for path in sorted(CASES.glob("*/expected.yaml"))}


def _of(kind: str) -> Any:
    names = [name for name, expected in EXPECTED.items() if kind in expected]
    return pytest.mark.parametrize("case", names)


def _as_the_kubelet_does(files: Path, target: Path) -> None:
    """Lay a ConfigMap out as it is mounted: the files in a dated folder, a link to that, links through it."""
    dated = target / "..2026_03_02_10_00_00.123"
    shutil.copytree(files, dated)
    (target / "..data").symlink_to(dated.name)
    for file in files.iterdir():
        (target / file.name).symlink_to(Path("..data", file.name))


@_of("validate")
def test_validate(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = EXPECTED[case]["validate"]
    target = tmp_path / expected["path"]
    if (CASES / case / "files").exists():
        _as_the_kubelet_does(CASES / case / "files", target)
    else:
        shutil.copytree(CASES / case / expected["path"], target)
    monkeypatch.chdir(tmp_path)
    assert main(["limits", "validate", expected["path"]]) == expected["exit"]
    told = "".join(capsys.readouterr())
    assert [words for words in expected["says"] if words not in told] == []


def _written(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: SERVER_TIMESTAMP if value == {"$now": True} else value for name, value in fields.items()}


@_of("firestore")
def test_sync(case: str, slice_: Slice) -> None:
    expected = EXPECTED[case]["firestore"]
    slice_.publish(limit(10, name="n"), limit(20))
    slice_.sync()
    slice_.publish(limit(21))
    for name, fields in expected.get("update", {}).items():
        slice_.documents.document(name).update(_written(fields))
    for path, fields in expected.get("set", {}).items():
        slice_.client.document(path).set(_written(fields))
    try:
        slice_.sync(is_full=True)
        assert slice_.now() == expected["limits"]
        rejections = [row["document_id"] for row in slice_.rows("limit_rejections") if row["is_current"]]
        assert {name: rejections.count(name) for name in rejections} == expected["rejections"]
    finally:
        for path in expected.get("set", {}):
            slice_.client.document(path).delete()


def test_documents_of_every_type_are_rejections_that_say_the_same_in_every_sync(slice_: Slice) -> None:
    from google.cloud.firestore import GeoPoint
    from google.cloud.firestore_v1.vector import Vector

    elsewhere = type(slice_.client)(project="elsewhere", database="other", credentials=slice_.client._credentials)
    odd = {
        "reference": slice_.documents.document(NAME),
        "reference-elsewhere": elsewhere.document("their/document"),
        "point": GeoPoint(1.5, -2.5),
        "vector": Vector([1.0, 2.0]),
        "bytes": b"\x00\xff",
        "not-a-number": float("nan"),
        "deep": {"a": [{"b": {"c": [GeoPoint(0, 0)]}}]},
    }
    slice_.publish(limit(20), *(limit(10, name=name) for name in odd))
    slice_.sync()
    slice_.publish(limit(21))
    for name, value in odd.items():
        slice_.documents.document(f"{NAME}.{name}").update({"selectors": value})
    for _ in range(2):
        slice_.sync(is_full=True)
        rows = slice_.rows("limit_rejections")
        assert {row["document_id"].rpartition(".")[2] for row in rows} == odd.keys()
        assert len(rows) == len(odd)
        assert not [row["reason"] for row in rows if " at 0x" in row["reason"]]
    assert slice_.now()[NAME] == 21
    assert len(slice_.now()) == len(odd) + 1
    slice_.publish(*(limit(11, name=name) for name in odd))
    slice_.sync()
    assert set(slice_.now().values()) == {11, 21}
    assert [row for row in slice_.rows("limit_rejections") if row["is_current"]] == []


def test_a_version_that_nobody_published_is_a_rejection_and_publishing_mends_it(slice_: Slice) -> None:
    versions = {"huge": 2**63 - 1, "below": -1, "half": 1.5, "text": "3", "truth": True}
    slice_.publish(limit(20), *(limit(10, name=name) for name in versions))
    slice_.sync()
    slice_.publish(limit(21))
    for name, version in versions.items():
        slice_.documents.document(f"{NAME}.{name}").update({"version": version, "max_replicas": 12})
    slice_.sync(is_full=True)
    assert slice_.now() == {NAME: 21} | {f"{NAME}.{name}": 10 for name in versions}
    slice_.publish(*(limit(13, name=name) for name in versions))
    slice_.sync(is_full=True)
    assert slice_.now() == {NAME: 21} | {f"{NAME}.{name}": 13 for name in versions}


def test_an_archive_of_others_below_another_collection_is_passed_over(slice_: Slice) -> None:
    slice_.publish(limit(20))
    slice_.sync()
    deeper = slice_.client.document(f"apps/a/{slice_.documents.id}/x/history/1")
    deeper.set({"updated_at": SERVER_TIMESTAMP, "written_at": dt.datetime(9999, 12, 31, tzinfo=dt.UTC)})
    plan = slice_.sync(is_full=True)
    deeper.delete()
    assert plan and (plan.versions_written, plan.rejections) == (0, ())


def test_any_label_value_can_have_a_limit(slice_: Slice) -> None:
    names = [("Team_Pay", "orders.v2"), ("Team_Pay.x", "v2"), ("a", "b.c"), ("a.b", "c"), ("a..b", "c"), ("A", "0")]
    limits = [limit(5, team_id=team, api_id=api) for team, api in names]
    slice_.publish(*limits)
    slice_.sync()
    assert slice_.now() == {one.limit_id: 5 for one in limits}
    slice_.publish(*(limit(6, team_id=team, api_id=api) for team, api in names))
    slice_.sync()
    assert set(slice_.now().values()) == {6}
    assert len(slice_.now()) == len(names)
