"""Runs every shipped statement once on an empty dataset and notes what BigQuery says of each."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedwatch import ddl, sql
from pedwatch.config import Config
from pedwatch.hooks.parameters import Typed, query_parameters
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.probe import outcomes
from pedwatch.probe.outcomes import Allowance, Outcome

if TYPE_CHECKING:
    from google.cloud import bigquery

AREA = "BigQuery"
_JOB_SECONDS = 300.0


class Statements:
    """The shipped statements, against one dataset.

    Args:
        client: an authorised BigQuery client.
        config: names project and location, and the empty dataset.
        sql_root: the ``sql`` folder.
        cycle: the cycle that is asked about.
        allowance: of bytes, for all of them.
    """

    def __init__(
        self, client: "bigquery.Client", config: Config, sql_root: Path, cycle: dt.datetime, allowance: Allowance
    ) -> None:
        self._client, self._config, self._cycle, self._allowance = client, config, cycle, allowance
        self._warehouse = Warehouse(client, config, sql_root)
        self._names = ddl.in_order(sql.statement_names(sql_root))

    def plans(self) -> list[tuple[str, Callable[[], Outcome]]]:
        """Return what is to be run, in order, by name: each statement, each view once read, and an added column."""
        found: list[tuple[str, Callable[[], Outcome]]] = []
        for name in self._names:
            found.append((name, lambda name=name: self._statement(name)))  # type: ignore[misc]
            if name.startswith(ddl.VIEWS):
                found.append((f"{name}, read", lambda name=name: self._view(name)))  # type: ignore[misc]
        return [*found, ("ALTER TABLE … ADD COLUMN", self._column)]

    def run(self) -> Iterator[Outcome]:
        """Run them one after the other.

        Raises:
            ProbeError: the allowance does not suffice for the next one.
        """
        for _, ask in self.plans():
            yield ask()

    def _statement(self, name: str) -> Outcome:
        text = self._warehouse.render(name)
        return self._ask(name, text, outcomes.sample_parameters(text, self._cycle, name))

    def _view(self, name: str) -> Outcome:
        """Read a view: it is planned only then. What is partitioned below it is read by cycle, as people do."""
        view = name.removeprefix(ddl.VIEWS).removesuffix(".sql")
        columns = {field.name for field in self._client.get_table(f"{self._address}.{view}").schema}
        condition = " WHERE cycle >= @cycle" if "cycle" in columns else ""
        return self._ask(
            f"{name}, read",
            f"SELECT * FROM `{self._config.dataset}.{view}`{condition}",
            {"cycle": ("TIMESTAMP", self._cycle)} if condition else {},
        )

    def _column(self) -> Outcome:
        """Add a column, as migrations do."""
        column = "probed STRING OPTIONS (description = 'Added by the probe')"
        text = f"ALTER TABLE `{self._address}.limit_rejections` ADD COLUMN IF NOT EXISTS {column}"
        return self._ask("ALTER TABLE … ADD COLUMN", text, {})

    @property
    def _address(self) -> str:
        return f"{self._config.project}.{self._config.dataset}"

    def _ask(self, name: str, text: str, parameters: dict[str, tuple[Any, Any]]) -> Outcome:
        from google.api_core.exceptions import GoogleAPICallError

        typed = query_parameters({key: Typed(kind, value) for key, (kind, value) in parameters.items()})
        self._allowance.check(name, self._estimate(text, typed))
        began = time.monotonic()
        try:
            job = self._client.query(
                text,
                job_config=self._job_config(typed, maximum_bytes_billed=self._allowance.left),
                location=self._config.location,
                job_retry=None,
            )
            job.result(timeout=_JOB_SECONDS, job_retry=None)
        except GoogleAPICallError as error:
            if _is_too_dear(error):
                raise self._allowance.used_up(name, "would bill more than is left") from None
            return Outcome(AREA, name, "refused", _since(began), error=outcomes.first_sentence(_message(error)))
        except TimeoutError:
            job.cancel()
            return Outcome(
                AREA, name, "refused", _since(began), error=f"not done after {_JOB_SECONDS:.0f} s: cancelled"
            )
        billed = int(job.total_bytes_billed or 0)
        self._allowance.billed += billed
        return Outcome(
            AREA,
            name,
            "accepted",
            _since(began),
            _plan_ms(self._client, job),
            int(job.slot_millis or 0),
            int(job.total_bytes_processed or 0),
            billed,
        )

    def _estimate(self, text: str, typed: Any) -> int:
        """Ask what it would read, for nothing; 0 where only running it tells, as with scripts, or that it is wrong."""
        from google.api_core.exceptions import GoogleAPICallError

        try:
            config = self._job_config(typed, dry_run=True, use_query_cache=False)
            job = self._client.query(text, job_config=config, location=self._config.location, job_retry=None)
        except GoogleAPICallError:
            return 0
        return int(job.total_bytes_processed or 0)

    def _job_config(self, typed: Any, **options: Any) -> "bigquery.QueryJobConfig":
        from google.cloud import bigquery

        return bigquery.QueryJobConfig(
            query_parameters=typed, default_dataset=self._address, labels={"pedwatch": "probe"}, **options
        )


def _plan_ms(client: "bigquery.Client", job: Any) -> int | None:
    """Return what passed before the first stage began; of a script, in all its statements together."""
    jobs = client.list_jobs(parent_job=job.job_id) if job.num_child_jobs else [job]
    spans = [
        (min(begins) - one.started).total_seconds()
        for one in jobs
        if one.started and (begins := [stage.start for stage in getattr(one, "query_plan", ()) if stage.start])
    ]
    return round(sum(spans) * 1000) if spans else None


def _is_too_dear(error: Exception) -> bool:
    return any(entry.get("reason") == "bytesBilledLimitExceeded" for entry in getattr(error, "errors", None) or [])


def _message(error: Any) -> str:
    return str(getattr(error, "message", None) or error)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
