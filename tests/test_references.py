"""What a text of the repository names as a reason is in the repository: pages, their anchors, decisions."""

import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: What Google, Slack and Kubernetes wrote, and what machines write: their ``docs/`` is not ours.
FOREIGN = re.compile(r"^sandbox/contracts/|\.(?:json|lock|svg|png|xlsx)$")
NOT_HERE = re.compile(r"\bDESIGN\b|(?<=\()D\d{1,2}(?=[,) ])")
"""How a document that nobody can open used to be cited."""

PAGE = re.compile(r"(?<![\w/.@}-])docs/(?P<path>[\w./-]*\w|)(?P<anchors>(?:(?:, )?#[\w-]+)*)")
LINK = re.compile(r"\]\((?P<path>[^)#\s:]*)(?:#(?P<anchor>[^)\s]+))?\)")
DECISION = re.compile(r"\bdecisions?[ /](?P<number>\d{4})\b|[\[(](?P<bare>0\d{3})[\])]")
LISTED = re.compile(r"(?<![\w.:/-])0\d{3}(?![\w.:/-])")
"""Within the records of decisions any such number is one."""


@functools.cache
def anchors(page: Path) -> frozenset[str]:
    """Anchors of a page, as GitHub makes them of its headings."""
    found = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return frozenset(re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in found)


@functools.cache
def decisions() -> frozenset[str]:
    """Numbers of the decisions that are recorded."""
    return frozenset(path.name[:4] for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def exists(path: str) -> bool:
    """Whether something below ``docs/`` is there; a decision may be named by its number alone."""
    number = re.fullmatch(r"decisions/(\d{4})", path)
    return number[1] in decisions() if number else (ROOT / "docs" / path).exists()


def without_a_target(text: str, name: str) -> Iterator[str]:
    """Yield what a text refers to and what is not in the repository."""
    yield from (found[0] for found in NOT_HERE.finditer(text))
    for found in PAGE.finditer(text) if "docs/" in text else ():
        if not exists(found["path"]):
            yield found[0]
        elif found["anchors"]:
            known = anchors(ROOT / "docs" / found["path"])
            yield from (f"{found['path']}#{a}" for a in re.findall(r"#([\w-]+)", found["anchors"]) if a not in known)
    yield from (found[0] for found in DECISION.finditer(text) if (found["number"] or found["bare"]) not in decisions())
    if name.startswith("docs/decisions/"):
        yield from (found[0] for found in LISTED.finditer(text) if found[0] not in decisions())
    if name.endswith(".md"):
        yield from broken_links(text, name)


def broken_links(text: str, name: str) -> Iterator[str]:
    """Yield the links of a page that lead to no file of the repository, or to no heading there."""
    for found in LINK.finditer(text):
        page = (ROOT / name).parent / found["path"] if found["path"] else ROOT / name
        if not page.exists() or (found["anchor"] and found["anchor"] not in anchors(page.resolve())):
            yield found[0]


def test_what_is_referred_to_is_here() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = [name for name in listed.stdout.split("\0") if name and not FOREIGN.search(name)]
    own = Path(__file__).relative_to(ROOT).as_posix()
    found = {}
    for name in names:
        if name != own and (ROOT / name).is_file():
            missing = sorted(set(without_a_target((ROOT / name).read_text(errors="replace"), name)))
            if missing:
                found[name] = missing
    assert len(names) > 500 and found == {}


def test_what_a_decision_overrides_of_the_design_says_so_there() -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", (ROOT / "docs/design.md").read_text(), re.M | re.S))
    assert len(sections) == 17
    for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        for anchor in re.findall(r"\.\./design\.md#(d\d+)", path.read_text()):
            assert path.name in sections[anchor.upper()], f"{anchor} in docs/design.md does not name {path.name}"


@pytest.mark.parametrize(
    ("text", "name", "missing"),
    [
        ("as DESIGN D5 has it", "plugins/a.py", ["DESIGN"]),
        ("denied (D9)", "plugins/a.py", ["D9"]),
        ("see docs/nowhere.md.", "plugins/a.py", ["docs/nowhere.md"]),
        ("see docs/design.md#d5, #d99", "include/sql/a.sql", ["design.md#d99"]),
        ("(docs/decisions/9999)", "plugins/a.py", ["docs/decisions/9999", "decisions/9999"]),
        ("decision 0998 says (0999)", "plugins/a.py", ["decision 0998", "(0999)"]),
        ("0009, 0997 hold", "docs/decisions/0001-a.md", ["0997"]),
        ("[x](gone.md) and [y](design.md#gone)", "docs/a.md", ["](gone.md)", "](design.md#gone)"]),
        ("docs/design.md#d5, #d7; docs/decisions/0001; https://slack.dev/docs/x; (0001)", "plugins/a.py", []),
        ("0600 and 09:05 are no decisions", "plugins/a.py", []),
    ],
)
def test_a_reference_to_nothing_would_be_noticed(text: str, name: str, missing: list[str]) -> None:
    assert list(without_a_target(text, name)) == missing
