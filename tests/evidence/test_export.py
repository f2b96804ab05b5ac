"""A period as one file: it verifies by itself, and no byte of any file in it can be changed so that it still does."""

import ast
import json
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pedwatch.audit import standalone_verifier
from pedwatch.audit.standalone_verifier import ZIP_TIME, check
from pedwatch.cli import main
from tests.evidence.hourly_shop import LABEL, HourlyShop

DAYS = ("--from", "2026-03-02", "--to", "2026-03-03")
Files = dict[str, bytes]


@dataclass(frozen=True)
class Exported:
    """An export of both days, and the head that was posted of it."""

    path: Path
    head: str
    files: Mapping[str, bytes]


@pytest.fixture(scope="module")
def exported(shop: HourlyShop, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    path = tmp_path_factory.mktemp("export") / "march.zip"
    assert main(["audit", "export", shop.address, *DAYS, "-o", str(path)]) == 0
    with zipfile.ZipFile(path) as archive:
        return Exported(path, shop.head, {name: archive.read(name) for name in archive.namelist()})


def written(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write files as an export does."""
    path = folder / "changed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), content)
    return path


def problems(files: Mapping[str, bytes], folder: Path, head: str | None) -> list[str]:
    """Check files as an export, by a verifier that nobody has changed."""
    return [str(problem) for problem in check(written(files, folder), head).problems]


def test_an_export_has_what_it_promises(exported: Exported) -> None:
    packs = [name for name in exported.files if name.endswith("/manifest.json")]
    assert packs == [f"packs/2026-03-0{day}/1/manifest.json" for day in (2, 3)]
    tops = {name.partition("/")[0] for name in exported.files}
    assert tops == {"README.txt", "verify.py", "export.json", "packs", "chain", "sql", "heads"}
    manifest = json.loads(exported.files[packs[0]])
    assert {"report.html", "verdicts.csv", "policy_changes.csv", "README.txt", "verify.py"} <= set(manifest["files"])
    assert all(manifest["statements"][f"audit/{name}.sql"] for name in ("period_verdicts", "period_ledger"))
    assert exported.files["verify.py"] == Path(standalone_verifier.__file__).read_bytes()
    named = [line.split()[0] for line in exported.files["README.txt"].decode().splitlines() if line.startswith("  ")]
    assert {"verify.py", "packs/DAY/REVISION/", "chain/", "heads/", "sql/", "export.json"} <= set(named)
    assert set(manifest["files"]) <= set(named), "the README names every file of a pack"


def test_the_same_packs_give_the_same_bytes(shop: HourlyShop, exported: Exported, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    assert main(["audit", "export", shop.address, *DAYS, "-o", str(again)]) == 0
    assert again.read_bytes() == exported.path.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.zip"]


@pytest.mark.parametrize("is_unpacked", [False, True], ids=["as it came", "unpacked"])
def test_it_verifies_with_python_and_the_file_alone(exported: Exported, tmp_path: Path, is_unpacked: bool) -> None:
    """By its own verifier, isolated from what is installed here."""
    shutil.unpack_archive(exported.path, tmp_path / "unpacked")
    address = tmp_path / "unpacked" if is_unpacked else exported.path
    verifier = tmp_path / "verify.py"
    verifier.write_bytes(exported.files["verify.py"])
    command = [sys.executable, "-I", "-S", str(verifier), str(address), "--head", exported.head]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env={})
    assert (done.returncode, done.stderr) == (0, "")
    assert "as it was: 2 packs of label daily" in done.stdout and "proven by entry 2" in done.stdout


def test_the_verifier_is_one_file_of_pythons_own_for_old_pythons() -> None:
    tree = ast.parse(Path(standalone_verifier.__file__).read_text(), feature_version=(3, 9))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert not any(isinstance(node, ast.Match) for node in ast.walk(tree))


def test_no_byte_of_any_file_can_be_changed(exported: Exported, tmp_path: Path) -> None:
    """Each file in turn, in its first byte, its last, and some between; verifier and README, too."""
    random_ = random.Random(20260302)
    for name, content in exported.files.items():
        for place in {0, len(content) - 1, *(random_.randrange(len(content)) for _ in range(2))}:
            changed = bytearray(content)
            changed[place] ^= 1 << random_.randrange(8)
            found = problems({**exported.files, name: bytes(changed)}, tmp_path, exported.head)
            assert found, f"byte {place} of {name}"


def test_no_file_can_be_left_out_or_added(exported: Exported, tmp_path: Path) -> None:
    for name in exported.files:
        assert problems({key: text for key, text in exported.files.items() if key != name}, tmp_path, exported.head), (
            name
        )
    for name in (
        "note.txt",
        "packs/2026-03-02/1/note.txt",
        "packs/2026-03-02/2/manifest.json",
        "sql/more.sql",
        "heads/x",
    ):
        assert problems({**exported.files, name: b"{}"}, tmp_path, exported.head), name


def test_the_zip_file_itself_holds_no_second_truth(exported: Exported, tmp_path: Path) -> None:
    path = written(exported.files, tmp_path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(zipfile.ZipInfo("export.json", ZIP_TIME), exported.files["export.json"])
    assert "export.json: the zip file has it twice" in map(str, check(path, exported.head).problems)
    assert problems({**exported.files, "../verify.py": b""}, tmp_path, exported.head)


def test_a_file_that_cannot_be_unpacked_is_a_problem(exported: Exported, tmp_path: Path) -> None:
    name, path, damaged = (
        "packs/2026-03-02/1/verdicts.csv",
        tmp_path / "damaged.zip",
        bytearray(exported.path.read_bytes()),
    )
    with zipfile.ZipFile(exported.path) as archive:
        start = damaged.index(name.encode(), archive.getinfo(name).header_offset) + len(name)
    damaged[start : start + 200] = b"\xff" * 200
    path.write_bytes(damaged)
    assert any(problem.where == name for problem in check(path, exported.head).problems)


def forged(files: Mapping[str, bytes], file: str, change: Callable[[bytes], bytes], *, is_chained: bool) -> Files:
    """Change a file of the first pack, and everything that vouches for it, as whoever has all of the export can."""
    made = {name: content for name, content in files.items() if not name.startswith("heads/")}
    folder, said = "packs/2026-03-02/1/", json.loads(files["export.json"])
    made["export.json"] = standalone_verifier.contents(said["label"], said["from"], said["to"], 0)
    made[folder + file] = change(files[folder + file])
    manifest = json.loads(files[folder + "manifest.json"])
    manifest["files"][file]["sha256"] = standalone_verifier.sha256(made[folder + file])
    made[folder + "manifest.json"] = json.dumps(manifest).encode()
    if is_chained:
        previous = None
        for sequence in (1, 2):
            entry = json.loads(files[f"chain/00000{sequence}.json"])
            entry["manifest_sha256"] = standalone_verifier.sha256(made[f"packs/{entry['pack']}/manifest.json"])
            made[f"chain/00000{sequence}.json"] = json.dumps(entry | {"previous_sha256": previous}).encode()
            previous = standalone_verifier.sha256(made[f"chain/00000{sequence}.json"])
    return made


def one_within(content: bytes) -> bytes:
    assert b"over_limit" in content
    return content.replace(b"over_limit", b"within_limit", 1)


def test_who_makes_everything_anew_has_another_head(exported: Exported, tmp_path: Path) -> None:
    assert problems(forged(exported.files, "verdicts.csv", one_within, is_chained=False), tmp_path, exported.head)
    assert (
        problems(forged(exported.files, "limits.csv", lambda text: text + b"x", is_chained=True), tmp_path, None) == []
    )
    told = problems(
        forged(exported.files, "limits.csv", lambda text: text + b"x", is_chained=True), tmp_path, exported.head
    )
    assert told == [f"chain: no entry has the head {exported.head[:12]}… that was posted"]


def test_figures_are_counted_anew(exported: Exported, tmp_path: Path) -> None:
    """Also where all hashes fit: a report that says less than its tables is found without any head."""
    told = problems(forged(exported.files, "verdicts.csv", one_within, is_chained=True), tmp_path, None)
    assert any("it shows violation_hours as" in line for line in told) and all("it shows" in line for line in told)

    def less(page: bytes) -> bytes:
        return page.replace(b'data-figure="judged">', b'data-figure="judged">1')

    told = problems(forged(exported.files, "report.html", less, is_chained=True), tmp_path, None)
    assert any("it shows judged as" in line for line in told)


def test_the_command_line_checks_an_export_the_same(
    exported: Exported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "verify", str(exported.path), "--head", exported.head]) == 0
    assert "proven by entry 2" in capsys.readouterr().out
    assert main(["audit", "verify", str(exported.path)]) == 0
    assert "held against no head" in capsys.readouterr().out
    assert main(["audit", "verify", str(exported.path), "--head", "0" * 64, "--format", "json"]) == 4
    assert json.loads(capsys.readouterr().out)["problems"][0]["where"] == "chain"
    nonsense = tmp_path / "x.zip"
    nonsense.write_bytes(b"no zip")
    assert main(["audit", "verify", str(nonsense)]) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--from", "2026-03-03", "--to", "2026-03-02"), "--to is before --from"),
        (("--from", "2025-03-03", "--to", "2025-03-04"), "no pack of 2025-03-03 to 2025-03-04"),
    ],
)
def test_a_wrong_period_is_refused_and_leaves_nothing(
    shop: HourlyShop, words: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "export", shop.address, *words, "-o", str(tmp_path / "x.zip")]) == 1
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_head_proves_nothing_that_came_after_it(
    shop: HourlyShop, exported: Exported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = standalone_verifier.sha256(exported.files["chain/000001.json"])
    [problem] = check(exported.path, earlier).problems
    assert "entries after 1 are later than the head you gave" in problem.what
    path, words = tmp_path / "x.zip", ("--from", "2026-03-02", "--to", "2026-03-02")
    assert main(["audit", "export", shop.address, *words, "-o", str(path), "--head", earlier]) == 0
    assert check(path, earlier).problems == []
    assert main(["audit", "export", shop.address, *words, "-o", str(path), "--head", "f" * 64]) == 1
    assert "no entry of the chain has the head ffffffffffff" in capsys.readouterr().err


def test_a_day_without_a_pack_is_told_and_found(
    shop: HourlyShop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.zip"
    assert main(["audit", "export", shop.address, "--from", "2026-03-03", "--to", "2026-03-04", "-o", str(path)]) == 0
    assert "2026-03-04: no pack is of this day" in capsys.readouterr().out
    assert [str(problem) for problem in check(path, shop.head).problems] == ["2026-03-04: no pack is of this day"]
    assert LABEL in shop.address
