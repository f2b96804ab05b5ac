"""What strangers write into PED files: one clear error each, with file, line, field and fix."""

import os
from pathlib import Path

import pytest

from pedwatch.errors import LimitDocumentError
from pedwatch.limits.files import read_paths

GOOD = """\
environment: prod
team_id: orders
api_id: orders-api
max_replicas: 12
grant: {approver: ana@platform, ticket: CAP-1}
"""


def problems(folder: Path, text: str | bytes) -> list[str]:
    """Write one file and return what is wrong with it, without the folder's path."""
    path = folder / "ped.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [str(problem).replace(f"{folder}/", "") for problem in read_paths([path]).problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + "max_replica: 3\n", "ped.yaml:6: max_replica: unknown key; did you mean max_replicas?"),
        (
            GOOD.replace("max_replicas", "max_replica"),
            "ped.yaml:4: max_replica: unknown key; did you mean",
        ),
        (
            GOOD + "colour: red\n",
            "ped.yaml:6: colour: unknown key; remove it; known here: environment, team_id",
        ),
        (GOOD + "selectors:\n  nmae: x\n", "ped.yaml:7: selectors.nmae: unknown key; did you mean name?"),
        (
            GOOD + "selectors: {labels: {'bad key': x}}\n",
            "ped.yaml:6: selectors.labels.bad key: 'bad key' does not fit: use a Kubernetes label key such as tier",
        ),
        (GOOD + "selectors: {labels: {tier: 'a b'}}\n", "ped.yaml:6: selectors.labels.tier: 'a b' does not fit: use"),
        (GOOD + "selectors: {labels: [tier]}\n", "ped.yaml:6: selectors.labels: must be a block of keys, not ['tier']"),
        (GOOD.replace("12", "-1"), "ped.yaml:4: max_replicas: must be 0 or more, not -1"),
        (GOOD.replace("12", "'12'"), "ped.yaml:4: max_replicas: must be a whole number, not '12': write it without"),
        (GOOD.replace("12", "12.5"), "ped.yaml:4: max_replicas: must be a whole number, not 12.5"),
        (GOOD.replace("12", "yes"), "ped.yaml:4: max_replicas: must be a whole number, not 'yes'"),
        (GOOD.replace("orders\n", "7\n"), "ped.yaml:2: team_id: must be text, not 7: put it in quotes"),
        (GOOD.replace("prod", "Prod"), "ped.yaml:1: environment: 'Prod' does not fit: use lower-case letters"),
        (GOOD.replace("team_id: orders\n", ""), "ped.yaml:1: team_id: is missing: add it"),
        (GOOD + "scope: pod\n", "ped.yaml:6: scope: must be 'cluster', 'workload' or 'total', not 'pod'"),
        (GOOD + "effective_from: 2026-03-01 10:00\n", "ped.yaml:6: effective_from: 2026-03-01T10:00:00 has no offset"),
        (GOOD + "effective_from: 20260301\n", "ped.yaml:6: effective_from: 20260301 is no time: write it like"),
        (GOOD + "exemptions: none\n", "ped.yaml:6: exemptions: must be a list"),
        (GOOD + "exemptions: [sale]\n", "ped.yaml:6: exemptions[0]: must be a block of keys, not 'sale'"),
        (GOOD + "source: {commit: abc}\n", "ped.yaml:6: source: publishing fills in where a document came from"),
        (GOOD + "max_replicas: 99\n", "ped.yaml:6: max_replicas: is written twice, first in line 4: remove one"),
        (GOOD + "name: &a x\n", "ped.yaml:6: name: anchors and aliases (& and *) are not supported: write the value"),
        ("a: " + "[" * 5000, "ped.yaml:1: is nested more than 10 levels deep"),
        ("a: " + "{a: " * 5000, "ped.yaml:1: is nested more than 10 levels deep"),
        ("a: [1\nb: 2\n", "ped.yaml:2: is not valid YAML: while parsing a flow sequence"),
        ("\ta: 1\n", "ped.yaml:1: is not valid YAML"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "ped.yaml:1: is not UTF-8 text: is this a YAML file?"),
        (b"ok: 1\nbad: \x00\x01", "ped.yaml:2: holds control characters"),
        (b"\x00" * 10_000_000, "ped.yaml: is larger than 1 MB: split it into several files"),
        ("a" * 1_000_001, "ped.yaml: is larger than 1 MB: split it into several files"),
        (GOOD + "# see ticket\u2028name: batch\n", "ped.yaml:6: holds U+2028, which ends no line in YAML 1.2"),
        ("# \u2029\n", "ped.yaml:1: holds U+2029"),
        ("a: 1\r\nb: 2\r# \x85\n", "ped.yaml:3: holds U+0085"),
        ("a: \x7f\n", "ped.yaml:1: holds control characters"),
        (GOOD.replace("CAP-1", '"CAP\\L1"'), "ped.yaml:5: grant.ticket: holds the character U+2028, which nobody sees"),
        (GOOD.replace("CAP-1", '"CAP\\0"'), "ped.yaml:5: grant.ticket: holds the character U+0000"),
        (
            GOOD + 'effective_from: "9999-12-31T23:59:59.999999Z"\n',
            "ped.yaml:6: effective_from: 9999-12-31",
        ),
        (GOOD.replace("orders\n", "-orders\n"), "ped.yaml:2: team_id: '-orders' does not fit: use a Kubernetes label"),
        (GOOD.replace("orders-api", "orders.v2."), "ped.yaml:3: api_id: 'orders.v2.' does not fit: use a Kubernetes"),
        ("- 1\n", "ped.yaml:1: a document must be a block of keys"),
        ("", "ped.yaml: holds no document: write the limit, or remove the file"),
    ],
)
def test_a_wrong_file_is_one_clear_error(tmp_path: Path, text: str | bytes, expected: str) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a: &a [x]\nb: &b [*a, *a]\n",
            ["1: a: anchors", "2: b: anchors", "2: b[0]: anchors", "2: b[1]: anchors"],
        ),
        ("a: !!python/object/apply:os.system [ls]\n", ["1: a: tags (tag:yaml.org,2002:python/object/apply"]),
        ("b: " + "9" * 400_000, ["1: b: is a number of 400000 digits"]),
        ("a: 1\na: {b: [1, {c: 2}]}\na: 3\n", ["2: a: is written twice, first in line 1", "3: a: is written twice"]),
        ("? [a]\n: {b: 1}\nc: *d\n", ["1: a key must be a plain word", "3: c: anchors"]),
    ],
)
def test_all_that_is_no_plain_yaml_is_told_at_once(tmp_path: Path, text: str, expected: list[str]) -> None:
    found = [one for one in problems(tmp_path, text) if "unknown key" not in one and "is missing" not in one]
    assert len(found) == len(expected)
    assert all(one.startswith(f"ped.yaml:{start}") for one, start in zip(found, expected, strict=True)), found


def test_a_line_is_that_of_its_document(tmp_path: Path) -> None:
    second = GOOD.replace("12", "-1").replace("orders-api", "other-api")
    assert problems(tmp_path, f"{GOOD}---\n{second}") == ["ped.yaml:10: max_replicas: must be 0 or more, not -1"]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("12", "-1").replace("prod", "Prod") + "scope: pod\n"
    assert [line.split(":")[1] for line in problems(tmp_path, text)] == ["1", "4", "6"]


def test_folders_are_read_to_the_bottom_and_documents_counted(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "a.yaml").write_text(f"---\n{GOOD}---\n{GOOD}name: batch\nselectors: {{name: batch}}\n---\n")
    (tmp_path / "deep" / "er" / "b.yml").write_text(GOOD.replace("prod", "test"))
    (tmp_path / "README.md").write_text("no limit")
    batch = read_paths([tmp_path])
    assert batch.problems == ()
    assert [written.limit.limit_id for written in batch.limits] == [
        "prod.orders.orders-api",
        "prod.orders.orders-api.batch",
        "test.orders.orders-api",
    ]


def test_an_id_written_twice_names_both_places(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(f"# mine\n{GOOD}")
    [problem] = read_paths([tmp_path]).problems
    assert str(problem).startswith(f"{tmp_path}/b.yaml:2: name: prod.orders.orders-api is already written at ")
    assert f"{tmp_path}/a.yaml:1: remove one" in str(problem)


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir], ids=["missing", "empty folder"])
def test_a_path_without_files_is_a_problem(tmp_path: Path, make) -> None:
    make(tmp_path / "limits")
    with pytest.raises(LimitDocumentError, match="check the path"):
        read_paths([tmp_path / "limits"]).require_valid()


def test_a_file_is_read_once_however_many_paths_lead_to_it(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text(GOOD)
    (tmp_path / "again.yml").symlink_to("orders.yaml")
    batch = read_paths([tmp_path, tmp_path / "orders.yaml", tmp_path / "." / "again.yml"])
    assert (len(batch.limits), batch.problems) == (1, ())


def test_what_is_mounted_as_copies_is_read_once(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "..2026_03_02_10_00_00.123", tmp_path / "shop" / "..data"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "orders.yaml").write_text(GOOD)
    [written] = read_paths([tmp_path]).limits
    assert written.path == str(tmp_path / "orders.yaml")
    # Who names the folder itself means it.
    assert len(read_paths([tmp_path / "..2026_03_02_10_00_00.123"]).limits) == 1


def test_what_cannot_be_looked_into_is_a_problem_and_no_absence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "orders.yaml").write_text(GOOD)
    (tmp_path / "gone.yaml").symlink_to("nowhere.yaml")
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    told = [str(problem).replace(f"{tmp_path}/", "") for problem in read_paths([tmp_path]).problems]
    assert told == [
        "closed: cannot be read: Permission denied; check its permissions",
        "gone.yaml: is no file, or a link to none: remove it",
    ]
