"""The bundle is what Composer needs, whole and nothing more, and it knows which build it is."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy import bundle
from deploy.bundle import Bundle, BundleError
from pedwatch import build

ROOT = Path(__file__).resolve().parents[1]
CODE = "def f() -> None: ...\n"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The repository's own."""
    return bundle.build(target=tmp_path_factory.mktemp("bundle") / "composer")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small repository: one DAG, a package of two modules, a statement; no checkout of git."""
    for name, text in {
        "dags/ped_one.py": 'BUILD = "source"\n',
        "include/sql/one.sql": "SELECT 1\n",
        "plugins/.airflowignore": "pedwatch/\n",
        "plugins/pedwatch/__init__.py": 'BUILD = "source"\n',
        "plugins/pedwatch/one.py": CODE,
        "requirements.txt": "one==1\n",
    }.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "root"


def test_every_file_of_the_three_folders_ships(shipped: Bundle) -> None:
    """Whatever git does not ignore there, of whatever kind; only what is written for readers stays."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *bundle.FOLDERS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    there = {name for name in names if not name.endswith("README.md")}
    assert len(there) > 300
    places = {f"{bundle.FOLDERS[name.split('/')[0]]}/{name.partition('/')[2]}" for name in there}
    made = {"plugins/pedwatch/build.json", "requirements.txt"}
    if shipped.unattributed is None:
        made.add("plugins/pedwatch/include/config/policy_commits.json")
    assert places | made == set(shipped.files)


def test_what_keeps_airflow_from_importing_everything_ships(shipped: Bundle) -> None:
    assert "plugins/.airflowignore" in shipped.files


def test_nothing_else_ships(shipped: Bundle) -> None:
    found = {path.relative_to(shipped.folder).as_posix() for path in shipped.folder.rglob("*") if path.is_file()}
    assert found == set(shipped.files)
    assert not [name for name in found if "__pycache__" in name or "sandbox" in name or "test" in name.lower()]


@pytest.mark.parametrize("name", ["page.js", "page.svg", "page.woff2", "page.css", "page.html", "page.py"])
def test_a_page_ships_with_all_that_it_needs(root: Path, tmp_path: Path, name: str) -> None:
    (root / "plugins" / name).write_text("")
    (root / "plugins" / "pedwatch" / name).write_text("")
    found = bundle.build(root, tmp_path / "target")
    assert {f"plugins/{name}", f"plugins/pedwatch/{name}"} < set(found.files)


def test_a_file_of_an_unknown_kind_stops_it_and_is_not_left_behind_in_silence(root: Path, tmp_path: Path) -> None:
    (root / "plugins" / "page.wasm").write_text("")
    with pytest.raises(
        BundleError, match=r"plugins/page\.wasm: nobody said .* add '\.wasm' to SUFFIXES in deploy/bundl"
    ):
        bundle.build(root, tmp_path / "target")


@pytest.mark.parametrize(
    "name",
    [
        "plugins/pedwatch/__pycache__/one.pyc",
        "plugins/pedwatch/tests/test_one.py",
        "dags/.one.py.swp",
        "include/README.md",
    ],
)
def test_what_is_left_over_of_work_neither_ships_nor_stops_it(root: Path, tmp_path: Path, name: str) -> None:
    before = bundle.build(root, tmp_path / "target")
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("x")
    assert bundle.build(root, tmp_path / "target") == before


def test_the_same_sources_give_the_same_build_and_a_changed_one_another(root: Path, tmp_path: Path) -> None:
    ids = [bundle.build(root, tmp_path / name).id for name in ("one", "two")]
    (root / "include/sql/one.sql").write_text("SELECT 2\n")
    ids.append(bundle.build(root, tmp_path / "one").id)
    assert ids[0] == ids[1] != ids[2]
    assert re.fullmatch(r"0{12}-[0-9a-f]{12}", ids[0]), "there is no commit here"


def test_the_id_begins_with_the_commit(shipped: Bundle) -> None:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    assert shipped.id.startswith(done.stdout[:12] + "-")


def test_the_id_stands_in_every_dag_file_and_in_the_package(shipped: Bundle) -> None:
    dags = [name for name in shipped.files if name.startswith("dags/")]
    assert len(dags) == 6
    for name in (*dags, "plugins/pedwatch/__init__.py"):
        assert f'BUILD = "{shipped.id}"' in (shipped.folder / name).read_text()


def test_a_dag_file_without_a_place_for_the_id_is_named(root: Path, tmp_path: Path) -> None:
    (root / "dags" / "ped_two.py").write_text(CODE)
    with pytest.raises(BundleError, match=r"dags/ped_two\.py must hold BUILD = \"source\" once"):
        bundle.build(root, tmp_path / "target")


def test_an_old_bundle_is_replaced(root: Path, tmp_path: Path) -> None:
    (tmp_path / "target" / "dags").mkdir(parents=True)
    (tmp_path / "target" / "dags" / "left_over.py").write_text("")
    bundle.build(root, tmp_path / "target")
    assert not (tmp_path / "target" / "dags" / "left_over.py").exists()


def test_a_whole_build_is_not_objected_to(shipped: Bundle) -> None:
    package = shipped.folder / "plugins" / "pedwatch"
    assert build.objection(shipped.id, shipped.id, package) is None
    assert build.tag_of(shipped.id) == f"build {shipped.id}"


def test_in_the_repository_there_is_nothing_to_compare() -> None:
    assert build.objection(build.SOURCE) is None
    assert build.tags(build.SOURCE) == []


def test_each_mixture_is_objected_to_and_named(root: Path, tmp_path: Path) -> None:
    """Whatever of two builds arrived first, on the way there and back."""
    old = bundle.build(root, tmp_path / "old")
    (root / "plugins/pedwatch/one.py").write_text(CODE * 2)
    (root / "plugins/pedwatch/two.py").write_text(CODE)
    new = bundle.build(root, tmp_path / "new")
    package = tmp_path / "bucket"
    shutil.copytree(old.folder / "plugins" / "pedwatch", package)

    def seen(asked: str, loaded: str) -> str:
        return str(build.objection(asked, loaded, package))

    assert seen(new.id, old.id) == f"the DAG file is of build {new.id}, the package in plugins/ of {old.id}"
    assert seen(build.SOURCE, old.id) == f"the DAG file is of build source, the package in plugins/ of {old.id}"
    shutil.copy(new.folder / "plugins/pedwatch/build.json", package)
    assert seen(old.id, old.id) == f"the DAG file is of build {old.id}, the package in plugins/ of {new.id}"
    assert seen(new.id, old.id) == f"this process has loaded the package of build {old.id}, in plugins/ lies {new.id}"
    for name, state in (("__init__.py", "of another build"), ("one.py", "of another build"), ("two.py", "not there")):
        assert (
            seen(new.id, new.id) == f"plugins/pedwatch/{name} is {state}, the rest of the package is of build {new.id}"
        )
        shutil.copy(new.folder / "plugins/pedwatch" / name, package)
    assert build.objection(new.id, new.id, package) is None
    (package / "left_over.py").write_text(CODE)
    assert build.objection(new.id, new.id, package) is None, "what the build before left is no mixture"
    (package / "build.json").write_text('{"id": "half')
    assert "is no list of a build's files" in seen(new.id, new.id)


def test_a_wrong_configuration_is_not_bundled(root: Path, tmp_path: Path) -> None:
    path = root / "include" / "config" / "pedwatch.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        (ROOT / "include" / "config" / "pedwatch.yaml").read_text().replace("grace_minutes", "grace_minuts")
    )
    with pytest.raises(BundleError, match=r"pedwatch.yaml:42: policy.defaults.grace_minuts: unknown key; did you mean"):
        bundle.build(root, tmp_path / "target")
    assert not (tmp_path / "target").exists()
