"""The ruler: another commit in build/base, both trees by one benchmark, and what is said when that cannot be."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from rich.console import Console

from bench import base_tree, catalogue, ruler, tree
from bench.base_tree import BaseError
from bench.catalogue import BENCHMARKS, Benchmark
from bench.former_names import first_of
from bench.ruler import Side

RENDERING = BENCHMARKS["statement_rendering"]

#: A bootstrap as small as can be: this interpreter, which finds the tree's packages as an editable install would.
BOOTSTRAP = f"""
cd "$(dirname "$0")/.."
mkdir -p .venv/bin
cat > .venv/bin/python <<END
#!/bin/sh
PYTHONPATH="\\$PYTHONPATH:$PWD:$PWD/plugins:$PWD/images" exec {shlex.quote(sys.executable)} "\\$@"
END
chmod +x .venv/bin/python
date +%s >> .venv/made
"""
SQL = """
import time
def statement_names(root): return ["one.sql"]
def render(root, name, dataset):
    time.sleep({seconds})
    return name
"""
FILES = {
    "bootstrap/environment.sh": BOOTSTRAP,
    "plugins/pedwatch/__init__.py": "",
    "plugins/pedwatch/settings.py": "from pathlib import Path\ndef include_dir(): return Path('include')\n",
    "plugins/pedwatch/sql.py": SQL.format(seconds=0.001),
    "sandbox/__init__.py": "",
    "images/replica_collector/__init__.py": "",
    "bench/__init__.py": "raise RuntimeError('the benchmarks of the tree under test are not asked')\n",
}


def git(clone: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=clone, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write(clone: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with two commits: one that renders slowly, and one that has no renderer."""
    root = tmp_path / "clone"
    root.mkdir()
    git(root, "init", "-q")
    write(root, {**FILES, ".gitignore": "/build/\n/.venv/\n/.uv/\n"})
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    (root / "plugins/pedwatch/sql.py").unlink()
    git(root, "commit", "-qam", "second")
    return root


def test_every_benchmark_is_in_the_catalogue() -> None:
    measures = re.compile(r"^def measure\(.*\) -> tuple\[list\[Goal\],", re.MULTILINE)
    modules = {path.stem for path in (tree.OWN / "bench").glob("*.py") if measures.search(path.read_text())}
    assert set(BENCHMARKS) == modules
    long = {name for name, each in BENCHMARKS.items() if each.is_long}
    assert long == {"audit", "cycle", "limits", "odd_inputs", "one_minute_hour", "verdicts"}


def test_the_page_has_every_benchmark_with_its_minutes() -> None:
    page = (tree.OWN / "docs" / "benchmarks.md").read_text()
    for each in BENCHMARKS.values():
        assert f"| `{each.name}` | {each.minutes:g} |" in page


def test_both_trees_are_measured_by_their_own_code_and_one_benchmark(clone: Path, tmp_path: Path) -> None:
    base = base_tree.build(clone, "HEAD~1")
    work = tmp_path / "work"
    write(work, {**FILES, "plugins/pedwatch/sql.py": SQL.format(seconds=0.01)})
    subprocess.run(["sh", "bootstrap/environment.sh"], cwd=work, check=True)
    said: list[str] = []
    sides = Side("base", base), Side("work", work)
    [found] = ruler.compare(*sides, [Benchmark("statement_rendering", minutes=6)], said.append)
    assert found.refusals == {}
    [goal] = found.goals()
    assert len(goal["base"]) == len(goal["work"]) == 1
    assert goal["base"][0] < goal["work"][0] and goal["ratio"] == goal["work"][0] / goal["base"][0]
    for side in sides:
        modules = found.runs[side.name][0]["modules"]
        assert modules.pop("bench") == str(tree.OWN / "bench" / "__init__.py")
        assert all(Path(path).is_relative_to(side.tree.resolve()) for path in modules.values())
        assert any(str(side.tree / "plugins" / "pedwatch") in line for line in said)


def test_what_the_base_cannot_run_is_said_and_stops_nothing(clone: Path, tmp_path: Path) -> None:
    work = base_tree.build(clone, "HEAD~1")
    base = tmp_path / "base"
    write(base, FILES)
    (base / "plugins/pedwatch/sql.py").unlink()
    subprocess.run(["sh", "bootstrap/environment.sh"], cwd=base, check=True)
    found = ruler.compare(Side("base", base), Side("work", work), [Benchmark(RENDERING.name, 6)], lambda line: None)
    assert list(found[0].refusals) == ["base"] and "sql" in found[0].refusals["base"]
    [goal] = found[0].goals()
    assert (goal["base"], len(goal["work"]), goal["ratio"]) == ([], 1, None)
    path = tmp_path / "out" / "ratios.json"
    ruler.write(path, "c0ffee", found)
    told = json.loads(path.read_text())
    assert told["base"] == "c0ffee" and told["benchmarks"][0]["refused"] == found[0].refusals
    console = Console(width=200, record=True, quiet=True)
    console.print(ruler.table("c0ffee", found))
    assert "base cannot run it" in ruler.table("c0ffee", found).columns[1]._cells[-1]


def test_a_tree_without_an_environment_is_refused(tmp_path: Path) -> None:
    told = Side("base", tmp_path).run(RENDERING)
    assert str(tmp_path / ".venv" / "bin" / "python") in told["refused"]


def test_packages_of_another_tree_are_refused(tmp_path: Path) -> None:
    """An environment that was copied with its tree still points to where it came from."""
    write(tmp_path, {"bootstrap/environment.sh": BOOTSTRAP})
    subprocess.run(["sh", "bootstrap/environment.sh"], cwd=tmp_path, check=True)
    assert f"not of {tmp_path}" in Side("base", tmp_path).run(RENDERING)["refused"]


class Fake(Side):
    """A side that answers at once."""

    order: ClassVar[list[str]] = []

    def run(self, benchmark: Benchmark) -> dict[str, Any]:
        self.order.append(f"{self.name[0]}{benchmark.name}")
        goals = [{"name": "g", "value": float(len(self.order)), "goal": 1, "unit": "s"}]
        return {"modules": {}, "seconds": 0.0, "goals": goals}


def test_sides_take_turns_three_times_and_long_ones_once() -> None:
    Fake.order = []
    sides = Fake("base", Path()), Fake("work", Path())
    found = ruler.compare(*sides, [Benchmark("1", 1), Benchmark("2", 20)], lambda line: None)
    assert Fake.order == ["b1", "w1", "w1", "b1", "b1", "w1", "b2", "w2"]
    assert found[0].goals() == [
        {"name": "g", "unit": "s", "base": [1.0, 4.0, 5.0], "work": [2.0, 3.0, 6.0], "ratio": 3 / 4}
    ]


@pytest.mark.parametrize(
    ("base", "work", "expected"),
    [
        ([2.0], [1.0], 0.5),
        ([0.0], [0.0], None),
        ([], [1.0], None),
        ([1.0], [float("inf")], None),
    ],
)
def test_ratios(base: list[float], work: list[float], expected: float | None) -> None:
    assert ruler.ratio(base, work) == expected


def test_the_base_is_made_once_and_follows_the_commit(clone: Path) -> None:
    base = base_tree.build(clone, "HEAD~1")
    assert base == clone / "build" / "base" and (base / "plugins/pedwatch/sql.py").exists()
    assert (base / ".uv").resolve() == (clone / ".uv").resolve(), "what was downloaded is shared"
    (base / "build").mkdir()
    (base / "build" / "left").write_text("of a benchmark: no change of the commit's files")
    base_tree.build(clone, "HEAD~1")
    assert (base / "build" / "left").exists()
    base_tree.build(clone, "HEAD")
    assert not (base / "plugins/pedwatch/sql.py").exists()
    assert len((base / ".venv" / "made").read_text().split()) == 3, (
        "the environment stays, its bootstrap looks after it"
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda base: (base / "plugins/pedwatch/settings.py").write_text("#"), "remove it", id="changed"),
        pytest.param(lambda base: (base / "sandbox/__init__.py").unlink(), "sandbox/__init__.py", id="removed"),
        pytest.param(lambda base: (base / base_tree.COMMIT).unlink(), "not made by `make bench`", id="not-ours"),
    ],
)
def test_a_base_that_somebody_worked_in_is_left_alone(clone: Path, spoil: Callable[[Path], Any], message: str) -> None:
    spoil(base_tree.build(clone, "HEAD"))
    with pytest.raises(BaseError, match=message):
        base_tree.build(clone, "HEAD~1")


def test_an_unknown_commit_is_named(clone: Path) -> None:
    with pytest.raises(BaseError, match=r"no commit 'v0'.*git log"):
        base_tree.build(clone, "v0")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"bootstrap/environment.sh": "exit 3\n"}, "bootstrap of HEAD failed"),
        ({"bootstrap/environment.sh": None}, "has no bootstrap/environment.sh"),
    ],
)
def test_a_commit_without_an_environment_is_told(clone: Path, files: dict[str, str | None], message: str) -> None:
    for name, content in files.items():
        (clone / name).unlink() if content is None else (clone / name).write_text(content)
    git(clone, "commit", "-qam", "third")
    with pytest.raises(BaseError, match=message):
        base_tree.build(clone, "HEAD")


def test_the_command_line_names_what_there_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench import __main__ as command

    monkeypatch.setattr(sys, "argv", ["bench", "speed"])
    with pytest.raises(SystemExit) as stopped:
        command.main()
    assert stopped.value.code == 2 and "no benchmark speed" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["bench", "--base", "no-such-commit"])
    assert command.main() == 2
    assert "no commit 'no-such-commit'" in capsys.readouterr().err
    assert catalogue.LONG_MINUTES == 5


def test_the_newest_of_the_names_that_a_base_is_looked_up_by_is_this_trees() -> None:
    asked = re.findall(
        r'first_of\(\s*"([\w.]+)"', "".join(path.read_text() for path in (tree.OWN / "bench").glob("*.py"))
    )
    assert len(asked) > 5
    assert [name for name in asked if first_of(name, "pedwatch.of_no_tree").__name__ != name] == []
    assert first_of("pedwatch.of_no_tree", "pedwatch.cycles").__name__ == "pedwatch.cycles"
    with pytest.raises(ModuleNotFoundError, match="of_no_tree"):
        first_of("pedwatch.of_no_tree")
