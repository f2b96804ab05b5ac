"""The repository itself: what ships installs on Composer, names carry meaning, nothing of one machine is in it."""

import ast
import functools
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
#: What is known of Composer's image, and what it lacks.
IMAGE = yaml.safe_load((ROOT / "include" / "composer_image.yaml").read_text())
GRAB_BAGS = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def requirements() -> list[Requirement]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


@functools.cache
def with_dependencies(*names: str) -> frozenset[str]:
    """These packages and everything that they depend on, extras left out, in this environment."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        try:
            needed = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # switched off for development, see pyproject.toml
        found.add(name)
        for text in needed:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return frozenset(found)


def composer_distributions() -> frozenset[str]:
    """What the image has: the packages recorded of it, and what these cannot be without."""
    return with_dependencies(*IMAGE["packages"])


@functools.cache
def owners() -> dict[str, str]:
    """Installed file → the distribution that brought it."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"])  # parsed anew each time it is asked for
        for file in distribution.files or []:
            if file.suffix == ".py":
                found[str(distribution.locate_file(file))] = name
    return found


def imports(path: Path) -> Iterator[str]:
    """Modules that a file imports, also inside functions; ``from a import b`` is ``a.b``, should that be a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@functools.cache
def distribution_of(module: str) -> str | None:
    """The distribution that a module comes from; None for the standard library."""
    while module:
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, AttributeError):
            spec = None
        if spec is not None and spec.origin and spec.origin in owners():
            return owners()[spec.origin]
        module = module.rpartition(".")[0]
    return None


@functools.cache
def shipped_imports() -> dict[str, set[str]]:
    """Distribution → the shipped files that import it."""
    found: dict[str, set[str]] = {}
    for path in [*(ROOT / "dags").glob("*.py"), *(ROOT / "plugins").rglob("*.py")]:
        for module in set(imports(path)):
            if module.split(".")[0] in sys.stdlib_module_names or module.split(".")[0] == "pedwatch":
                continue
            name = distribution_of(module)
            assert name, f"{path.relative_to(ROOT)} imports {module}, which nothing installed provides"
            found.setdefault(name, set()).add(path.relative_to(ROOT).as_posix())
    return found


def test_composer_has_what_is_imported_or_requirements_bring_it() -> None:
    brought = with_dependencies(*(requirement.name for requirement in requirements()))
    missing = {
        name: sorted(files)
        for name, files in shipped_imports().items()
        if name not in composer_distributions() and name not in brought
    }
    assert missing == {}, "add them to requirements.txt, pinned"


def test_requirements_bring_what_the_image_lacks_and_somebody_imports() -> None:
    used = shipped_imports()
    assert {requirement.name for requirement in requirements()} == set(IMAGE["lacks"])
    for requirement in requirements():
        name = canonicalize_name(requirement.name)
        assert name not in composer_distributions(), f"{name} would replace the image's own version"
        assert name in used, f"nothing in dags/ or plugins/ imports {name}"


def test_requirements_fit_what_the_image_has() -> None:
    """pip would replace a package of the image that is too old for ours, and Airflow with it."""
    for requirement in requirements():
        for needed in map(Requirement, importlib.metadata.requires(requirement.name) or []):
            recorded = IMAGE["packages"].get(canonicalize_name(needed.name))
            assert recorded is None or needed.specifier.contains(recorded["version"]), f"{requirement.name}: {needed}"


@pytest.mark.parametrize("name", sorted(IMAGE["packages"]))
def test_what_is_recorded_of_the_image_says_how_it_is_known(name: str) -> None:
    recorded = IMAGE["packages"][name]
    assert recorded["proof"] in ("documented", "unproven") and recorded["reason"]
    if canonicalize_name(name) in shipped_imports() or name == "apache-airflow":
        assert recorded["version"] == importlib.metadata.version(name), "what we import is tested as the image has it"


def test_the_image_is_the_one_that_we_build_for() -> None:
    assert re.fullmatch(r"composer-3-airflow-[\d.]+-build\.\d+", IMAGE["image"]), "pinned to a build"
    assert IMAGE["packages"]["apache-airflow"]["version"] in IMAGE["image"]
    assert IMAGE["released_on"] <= IMAGE["recorded_on"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert IMAGE["python"]["version"] in SpecifierSet(project["requires-python"])


def test_requirements_are_pinned_to_what_is_tested() -> None:
    assert requirements()
    for requirement in requirements():
        assert str(requirement.specifier) == f"=={importlib.metadata.version(requirement.name)}"
    locked = {
        package["name"]: package["version"] for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    }
    for requirement in requirements():
        assert f"=={locked[canonicalize_name(requirement.name)]}" == str(requirement.specifier)


def test_what_is_switched_off_is_not_in_the_lock() -> None:
    """A marker that uv cannot prove false keeps the package, and all that it brings, in the lock."""
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["override-dependencies"]
    off = {canonicalize_name(Requirement(text).name) for text in overrides}
    assert off
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    assert off.isdisjoint(package["name"] for package in locked)
    sources = {package["source"]["registry"] for package in locked if "registry" in package["source"]}
    assert sources == {"https://pypi.org/simple"}, "the index of one machine is in uv.lock"


def tracked() -> list[Path]:
    """Files that git knows, and that are there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_module_is_a_grab_bag() -> None:
    found = [path for path in tracked() if path.suffix == ".py" and path.stem in GRAB_BAGS]
    assert found == []


def test_everything_in_the_root_has_its_line_on_the_readmes_map() -> None:
    """Also the other way round; settings that pyproject.toml can hold are there."""
    here = {path.relative_to(ROOT).parts[0] + "/" * (path.parent != ROOT) for path in tracked()}
    fences = (ROOT / "README.md").read_text().partition("## Find your way")[2].split("```\n")
    lines = [line.split(maxsplit=1) for line in fences[1].splitlines()]
    assert [line for line in lines if len(line) < 2] == [], "a line says what is there"
    assert sorted(line[0] for line in lines) == sorted(here)
    settings = {"ruff.toml", "mypy.ini", "pytest.ini", "setup.cfg", "tox.ini", ".sqlfluff", ".importlinter"}
    assert here.isdisjoint(settings)


def test_nothing_of_one_machine_is_committed() -> None:
    machine = re.compile(r"/(?:root|work)/|/home/(?!airflow/)\w+/")
    for path in tracked():
        if path.suffix in (".py", ".md", ".sql", ".yaml", ".yml", ".toml", ".ini", ".sh", ".txt", "") and path != Path(
            __file__
        ):
            found = machine.search(path.read_text(errors="replace"))
            assert found is None, f"{path.relative_to(ROOT)} names {found.group()!r}" if found else ""


def test_nothing_secret_is_committed() -> None:
    # What the stand-ins' tests use is spelt so that nobody takes it for real.
    secret = re.compile(
        r"xox[abp]-\d{6,}-|\"private_key_id\": \"[0-9a-f]{40}"
        r"|-----BEGIN (?:RSA |EC )?PRIVATE KEY-----\n[A-Za-z0-9+/]{40}"
    )
    for path in tracked():
        if path.suffix not in (".lock",):
            assert not secret.search(path.read_text(errors="replace")), path.relative_to(ROOT)


@pytest.mark.parametrize("name", [".ci/run", "bootstrap/environment.sh"])
def test_shell_scripts_parse(name: str) -> None:
    shell = "bash" if name == ".ci/run" else "sh"
    done = subprocess.run([shell, "-n", str(ROOT / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ci_runs_lint_then_the_tests_the_readme_names() -> None:
    steps = re.findall(r"^make (\w+)", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert steps == ["setup", "lint", "test"]
    assert "make test" in (ROOT / "README.md").read_text()
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_files_that_are_to_run_first_are_there(pytestconfig: pytest.Config) -> None:
    longest = pytestconfig.pluginmanager.getplugin(str(ROOT / "conftest.py")).LONGEST
    assert longest and [name for name in longest if not (ROOT / name).is_file()] == []
