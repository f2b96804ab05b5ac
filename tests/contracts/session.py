"""pytest's part: the tests' stand-ins record their traffic, and the run fails when it deviates in a new way.

Whoever starts a stand-in for the product's tests does so under ``recorded``; the stand-ins' own tests, which send what
is wrong on purpose, do not.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.traffic import VARIABLE
from tests.contracts.checking import check
from tests.contracts.deviations import Findings, complaints, known

_FOLDER = "PEDWATCH_TESTS_TRAFFIC"
_ROOT = Path(__file__).resolve().parents[2] / "build" / "traffic"
_LINES = pytest.StashKey[list[str]]()


@contextlib.contextmanager
def recorded() -> Iterator[None]:
    """Let the stand-ins that are started meanwhile record their traffic."""
    with pytest.MonkeyPatch.context() as patch:
        if folder := os.environ.get(_FOLDER):
            patch.setenv(VARIABLE, folder)
        yield


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder; xdist's workers inherit it."""
    if not _is_worker(config):
        os.environ[_FOLDER] = str(_ROOT / str(os.getpid()))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Check what was recorded, once all workers have ended."""
    folder = Path(os.environ.get(_FOLDER, ""))
    if _is_worker(session.config) or not folder.name.isdigit() or not folder.is_dir():
        return
    findings = check(folder)
    wrong = complaints(findings, known(), is_whole=_is_whole(session))
    session.config.stash[_LINES] = [*_summary(findings), *wrong]
    report = [*_counts(findings), "", *(f"{one}   {example}" for one, example in sorted(findings.examples.items()))]
    (_ROOT / "report.txt").write_text("\n".join([*report, "", *wrong]) + "\n", encoding="utf-8")
    if wrong:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was checked, and what is wrong."""
    lines = config.stash.get(_LINES, [])
    if lines:
        terminalreporter.section("contracts")
        for line in lines:
            terminalreporter.write_line(line)


def _is_whole(session: pytest.Session) -> bool:
    """Whether everything ran: only then has a deviation that was not seen vanished."""
    config = session.config
    chosen = config.option.keyword or config.option.markexpr or config.option.lf or session.testsfailed
    return config.args_source == pytest.Config.ArgsSource.TESTPATHS and not chosen


def _counts(findings: Findings) -> list[str]:
    return [f"{count:7}  {operation}" for operation, count in findings.exchanges.items()]


def _summary(findings: Findings) -> Iterator[str]:
    services: dict[str, int] = {}
    for operation, count in findings.exchanges.items():
        service = operation.replace(" ", ".").partition(".")[0]
        services[service] = services.get(service, 0) + count
    seen = ", ".join(f"{service} {count}" for service, count in sorted(services.items()))
    left_out = sum(findings.unchecked.values())
    yield f"exchanges held against the services' descriptions: {seen}; {left_out} without a body too large to keep"
