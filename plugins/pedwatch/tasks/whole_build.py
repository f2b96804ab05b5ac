"""What every DAG gives its tasks: none begins on a mixture of two builds, and while there is one, it is tried again.

The task's own process asks, since it is the one that parses the DAG file and loads the package; parsing never fails for
it. Composer takes three to five minutes to bring a build everywhere.
"""

import datetime as dt
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

from pedwatch import build
from pedwatch.errors import MixedBuildError

ARRIVES_WITHIN = dt.timedelta(minutes=5)


class WholeBuild:
    """A task's ``pre_execute``: refuses to begin where not everything is of the build of its DAG file.

    Args:
        asked: the id that the DAG file carries.
    """

    def __init__(self, asked: str) -> None:
        self.asked = asked

    def __call__(self, context: Any) -> None:
        """Compare; Airflow calls it in the task's process, before the task does anything.

        Raises:
            MixedBuildError: says what is of which build.
        """
        if objection := build.objection(self.asked):
            raise MixedBuildError(
                f"two builds are mixed here: {objection}. Nothing was done. Composer is still bringing one of them: "
                "this task is tried again over five minutes; if it stays so, run make deploy again."
            )


class UntilWhole(RetryPolicy):
    """Spreads a task's retries over the time in which a build arrives, while two are mixed.

    Args:
        retries_others: whether other failures are tried again as well, as the task's ``retries`` says.
    """

    def __init__(self, retries_others: bool = True) -> None:
        self.retries_others = retries_others

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """Decide; Airflow asks in the task's process, when it has failed."""
        if isinstance(exception, MixedBuildError):
            return RetryDecision.retry(ARRIVES_WITHIN / max(1, max_tries), "two builds are mixed")
        return RetryDecision.default() if self.retries_others else RetryDecision.fail()


ONLY_UNTIL_WHOLE: dict[str, Any] = {"retries": 2, "retry_policy": UntilWhole(retries_others=False)}
"""Of a task that is tried again for nothing else."""


def of(asked: str) -> dict[str, Any]:
    """Return what goes into a DAG's ``default_args``.

    Args:
        asked: the id that the DAG file carries.
    """
    return {"pre_execute": WholeBuild(asked), "retry_policy": UntilWhole()}
