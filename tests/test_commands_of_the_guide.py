"""The deployment guide, walked: every command of its code blocks is one that exists, with arguments that it takes.

And so for the pages that it leads to: whoever carries them out has a project before them and no time. The files that
the pages name tests/test_docs.py looks for.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.terraform.configuration import read_folder

ROOT = Path(__file__).resolve().parents[1]
SHAPES: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "command_shapes.yaml").read_text())
PAGES = sorted(
    [
        *(ROOT / "docs" / f"{name}.md" for name in ("deployment", "maintenance", "network", "people", "restore")),
        *(ROOT / "docs" / f"{name}.md" for name in ("sizing", "versions", "comparison")),
        *(ROOT / "docs" / "runbooks").glob("*.md"),
    ]
)
#: Commands of Airflow that its auth manager on Composer brings: not in Airflow's own command line.
OF_THE_AUTH_MANAGER = {("users", "add-role"): {"--email", "--role"}}


class WrongCommandError(AssertionError):
    """Whoever typed this would get an error."""


def blocks(page: str) -> Iterator[str]:
    """Code blocks without a language: those are typed at a shell."""
    for indent, language, code in re.findall(r"^( *)```(\w*)\n(.*?)^\1```", page, re.MULTILINE | re.DOTALL):
        if not language:
            yield "\n".join(line.removeprefix(indent) for line in code.splitlines())


def commands(code: str) -> Iterator[list[str]]:
    """The words of each command; one may go on in the next line, after a backslash or within quotes."""
    waiting = ""
    for line in code.splitlines():
        waiting = f"{waiting}\n{line}" if waiting else line
        if waiting.endswith("\\"):
            waiting = waiting[:-1].rstrip()
            continue
        try:
            words = shlex.split(waiting, comments=True)
        except ValueError:
            continue
        waiting = ""
        if words:
            yield words
    if waiting:
        raise WrongCommandError(f"a quote without an end: {waiting}")


def check(words: list[str]) -> None:
    """Hold one command against what it may be.

    Raises:
        WrongCommandError: it is none, or has an argument that is not its own.
    """
    program, *rest = words
    if program == "make":
        targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
        _demand(rest and rest[0] in targets, words, "no such target")
        settings = set(re.findall(r"\$\((\w+)\)", (ROOT / "Makefile").read_text()))
        _demand({word.partition("=")[0] for word in rest[1:]} <= settings, words, "make knows no such setting")
    elif program == ".venv/bin/pedwatch":
        _check_pedwatch(words)
    elif program == "cp":
        _demand(len(rest) == 2 and (ROOT / rest[0]).is_file(), words, "no such file")
    elif program in SHAPES:
        if "composer-user-workloads" in words:
            _demand(program != "kubectl", words, "nobody has kubectl there")
        _check_shape(program, rest, words)
    else:
        raise WrongCommandError(f"{program} is no program that the guide may use: {shlex.join(words)}")


def _demand(is_right: Any, words: list[str], why: str) -> None:
    if not is_right:
        raise WrongCommandError(f"{shlex.join(words)}: {why}")


def _check_pedwatch(words: list[str]) -> None:
    from pedwatch.cli import build_parser

    try:
        build_parser().parse_args(words[1:])
    except SystemExit:
        raise WrongCommandError(f"{shlex.join(words)}: pedwatch refuses it") from None


def _check_shape(program: str, rest: list[str], words: list[str]) -> None:
    rest, behind = (rest[: rest.index("--")], rest[rest.index("--") + 1 :]) if "--" in rest else (rest, [])
    plain = [word for word in rest if not word.startswith("-")]
    name = next((n for n in (" ".join(plain[:length]) for length in (4, 3, 2, 1)) if n in SHAPES[program]), None)
    _demand(name, words, "no such command")
    shape = SHAPES[program][name]
    general = SHAPES["everywhere"] if program == "gcloud" else {}
    with_value = {*shape.get("takes_a_value", ()), *general.get("takes_a_value", ())}
    without = {*shape.get("takes_none", ()), *general.get("takes_none", ())}
    given: list[tuple[str, str | None]] = []
    others: list[str] = []
    waiting = iter(rest)
    for word in waiting:
        if not word.startswith("-"):
            others.append(word)
            continue
        flag, is_joined, value = word.lstrip("-").partition("=")
        _demand(flag in with_value | without, words, f"{name} has no flag {flag}")
        if flag in with_value:
            value = value if is_joined else next(waiting, "")
            _demand(value and not value.startswith("--"), words, f"{flag} needs a value")
        else:
            _demand(not is_joined, words, f"{flag} takes no value")
        given.append((flag, value))
    others = others[len(str(name).split()) :]
    least, most = shape["words"]
    _demand(least <= len(others) <= most, words, f"{name} takes {least} to {most} words, not {others}")
    for flag, value in given:
        _check_value(program, flag, str(value), words)
    if program == "docker" and name == "build":
        _demand((ROOT / others[0] / "Dockerfile").is_file(), words, "no Dockerfile there")
    if program == "terraform" and name == "output" and others:
        outputs = {b.labels[0] for b in read_folder(_chdir(given)) if b.kind == "output"}
        _demand(others[0] in outputs, words, "no such output")
    if name == "composer environments run":
        _check_airflow(others[1:], behind, words)


def _chdir(given: list[tuple[str, str | None]]) -> Path:
    return ROOT / str(dict(given)["chdir"])


def _check_value(program: str, flag: str, value: str, words: list[str]) -> None:
    if program == "terraform" and flag == "chdir":
        _demand(list((ROOT / value).glob("*.tf")), words, "no Terraform there")
    elif program == "terraform" and flag == "target":
        module = {f"module.pedwatch.{b.address}" for b in read_folder(ROOT / "deploy" / "terraform" / "pedwatch")}
        _demand(value in module, words, "no such resource")
    elif program == "kubectl" and flag in ("f", "filename"):
        _demand((ROOT / value).is_file(), words, "no such file")


def _check_airflow(first: list[str], behind: list[str], words: list[str]) -> None:
    from airflow.cli.cli_parser import get_parser

    if tuple(first) in OF_THE_AUTH_MANAGER:
        flags = {word for word in behind if word.startswith("-")}
        _demand(flags == OF_THE_AUTH_MANAGER[first[0], first[1]], words, "other flags")
        return
    try:
        arguments = get_parser().parse_args([*first, *behind])
    except SystemExit:
        raise WrongCommandError(f"{shlex.join(words)}: Airflow refuses it") from None
    dag_id = getattr(arguments, "dag_id", None)
    if isinstance(dag_id, str):
        _demand((ROOT / "dags" / f"{dag_id}.py").is_file(), words, "no such DAG")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_commands_of_a_page_exist(path: Path) -> None:
    for code in blocks(path.read_text()):
        for words in commands(code):
            check(words)


def test_the_guide_is_walked_from_its_first_command_to_the_last_dag() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()
    found = [words for code in blocks(text) for words in commands(code)]
    programs = {words[0] for words in found}
    assert programs == {".venv/bin/pedwatch", "bq", "cp", "docker", "gcloud", "kubectl", "make", "terraform"} - {"bq"}
    unpaused = [
        words[-1] for words in found if words[:3] == ["gcloud", "composer", "environments"] and "unpause" in words
    ]
    assert sorted(unpaused) == sorted(path.stem for path in (ROOT / "dags").glob("*.py")), "all six"


def test_the_services_that_have_to_be_on_before_are_known_to_terraform() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()
    (enabled,) = (w[3:] for c in blocks(text) for w in commands(c) if w[:3] == ["gcloud", "services", "enable"])
    assert set(enabled) <= set(
        re.findall(r'"([a-z]+\.googleapis\.com)"', (ROOT / "deploy/terraform/pedwatch/services.tf").read_text())
    )


def test_scopes_of_the_slack_app_are_the_same_on_both_pages() -> None:
    scope = re.compile(r"`((?:chat|channels|groups|metadata\.message|reactions):\w+)`")
    app = (ROOT / "docs" / "slack.md").read_text().partition("## The app")[2].partition("\n2.")[0]
    guide = (ROOT / "docs" / "deployment.md").read_text().partition("## 2. The Slack app")[2].partition("\n## ")[0]
    assert set(scope.findall(app)) == set(scope.findall(guide))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("make deplyo ENV=prod", "no such target"),
        ("make deploy EVN=prod", "no such setting"),
        ("gcloud composer environmets run E --location L dags list", "no such command"),
        ("gcloud secrets versions add NAME --data-fiel FILE", "no flag data-fiel"),
        ("gcloud secrets versions add --data-file FILE", "takes 1 to 1 words"),
        ("gcloud secrets versions add NAME --data-file", "needs a value"),
        ("gcloud composer environments run E --location L dags unpause -- ped_watch", "no such DAG"),
        ("gcloud composer environments run E --location L dags unpauze -- ped_digest", "Airflow refuses it"),
        ("gcloud composer environments run E --location L users add-role -- --mail X --role Op", "other flags"),
        ("terraform -chdir=deploy/terrafrom/example apply", "no Terraform there"),
        (
            "terraform -chdir=deploy/terraform/example apply -target=module.pedwatch.google_storage_bucket.x",
            "no such resource",
        ),
        ("terraform -chdir=deploy/terraform/example output heartbeat", "no such output"),
        ("kubectl apply -f deploy/rbac/collector.yaml", "no such file"),
        (
            "kubectl apply -f deploy/rbac/replica-collector.yaml --namespace composer-user-workloads",
            "nobody has kubectl there",
        ),
        ("kubectl create serviceaccount x", "no such command"),
        ("docker build --tag X images/collector", "no Dockerfile there"),
        (".venv/bin/pedwatch docter", "pedwatch refuses it"),
        ("python -m pedwatch doctor", "no program that the guide may use"),
        ("cp deploy/terraform/tfvars x", "no such file"),
        ("gsutil ls", "no program that the guide may use"),
        ("bq query 'SELECT 1", "a quote without an end"),
    ],
)
def test_a_command_that_would_fail_is_found(line: str, why: str) -> None:
    with pytest.raises(WrongCommandError, match=re.escape(why)):
        for words in commands(line):
            check(words)
