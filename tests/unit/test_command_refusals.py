"""What keeps a command from Google, or from its configuration, is a sentence; a fault of ours keeps its trace."""

import argparse
from collections.abc import Callable

import pytest
import requests
from google.api_core.exceptions import Forbidden, NotFound, RetryError, ServiceUnavailable, Unauthorized
from google.auth.exceptions import DefaultCredentialsError, TransportError

from pedwatch import cli
from pedwatch.cli import refusals
from pedwatch.errors import ConfigurationError

Fail = Callable[[BaseException], int]


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Run a command that ends in an error."""

    def command(error: BaseException) -> int:
        def run(_: argparse.Namespace) -> int:
            raise error

        monkeypatch.setattr("pedwatch.cli.status.register", lambda parser: parser.set_defaults(run=run))
        return cli.main(["status"])

    return command


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (DefaultCredentialsError("none were found."), "there are no valid credentials (none were found): log in with"),
        (TransportError("no route"), "Google cannot be reached: no route. Check the network and the proxy"),
        (requests.ConnectionError("no route"), "Google cannot be reached: no route."),
        (RetryError("timed out", None), "Google cannot be reached: timed out"),
        (ServiceUnavailable("try later"), "Google cannot be reached: try later."),
        (Unauthorized("expired"), "Google does not take these credentials (expired): log in with"),
        (Forbidden("no datastore.entities.get"), "you lack a right: no datastore.entities.get. docs/people.md"),
        (NotFound("no database"), "Google refused: no database"),
        (ModuleNotFoundError("x", name="google.cloud"), "pip install 'pedwatch[google]'"),
        (ModuleNotFoundError("x", name="airflow.sdk"), "run it where Airflow is"),
        (Forbidden("a page " * 200), "…"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_it_is_one_sentence(fails: Fail, error: Exception, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(error) == 1
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1 and len(told) < 450


def test_a_variable_that_nobody_set_leads_to_the_sandbox(fails: Fail, capsys: pytest.CaptureFixture[str]) -> None:
    fails(ConfigurationError("pedwatch.yaml:3: project: environment variable PEDWATCH_PROJECT is not set."))
    assert capsys.readouterr().err.splitlines()[-1] == refusals.WHERE_TO_ASK
    fails(ConfigurationError("pedwatch.yaml:3: project: is empty"))
    assert refusals.WHERE_TO_ASK not in capsys.readouterr().err


def test_an_end_from_outside_is_an_end(fails: Fail) -> None:
    assert fails(KeyboardInterrupt()) == cli.INTERRUPTED


@pytest.mark.parametrize("error", [ValueError("ours"), ModuleNotFoundError("x", name="pedwatch.none")])
def test_a_fault_of_ours_shows_where(fails: Fail, error: Exception) -> None:
    with pytest.raises(type(error)):
        fails(error)
