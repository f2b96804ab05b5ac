"""Buttons on tasks: where what a task did can be looked at.

A worker stores a link when its task ends, under a name the DAG knows; the web server only reads it. So the scheduler,
which on Composer has no plugins, needs nothing of this.
"""

from typing import Any
from urllib.parse import quote, urlencode

from airflow.sdk import BaseOperatorLink

from pedwatch import settings
from pedwatch.config import Config

CONSOLE = "https://console.cloud.google.com"


def storage_url(address: str, name: str) -> str:
    """Return where a person, logged in, reads an object of a ``gs://`` folder."""
    return f"https://storage.cloud.google.com/{quote(address.removeprefix('gs://'))}/{quote(name)}"


def table_url(config: Config, table: str) -> str:
    """Return a table's page in the console."""
    place = f"!1m5!1m4!4m3!1s{config.project}!2s{config.dataset}!3s{table}"
    return f"{CONSOLE}/bigquery?{urlencode({'project': config.project, 'ws': place})}"


def message_url(channel: str, message_ts: str) -> str:
    """Return where Slack shows a message, in whatever workspace the reader is logged in to."""
    return f"https://slack.com/app_redirect?{urlencode({'channel': channel, 'message_ts': message_ts})}"


def with_links(called: Any, *links: BaseOperatorLink) -> None:
    """Give the task behind a called ``@task`` function its buttons, besides those that its operator brings."""
    called.operator.operator_extra_links = (*called.operator.operator_extra_links, *links)


class ReturnedLink(BaseOperatorLink):
    """A link that is made of what the task returned; none when it returned nothing to look at."""

    def url(self, returned: Any) -> str:
        """Return the address, or the empty text."""
        raise NotImplementedError

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Read what the task has just returned; called by the worker, with the task instance."""
        return self.url(ti_key.xcom_pull(task_ids=ti_key.task_id, map_indexes=ti_key.map_index))


class AuditReportLink(ReturnedLink):
    """To the report of an evidence pack."""

    name = "Audit report"

    def url(self, returned: Any) -> str:
        """Return the address of ``report.html``."""
        return storage_url(returned["location"], "report.html") if returned else ""


class EvidenceLink(ReturnedLink):
    """To the folder of a re-compared cycle's evidence."""

    name = "Evidence"

    def url(self, returned: Any) -> str:
        """Return the address of the folder's page in the console."""
        return f"{CONSOLE}/storage/browser/{quote(returned.removeprefix('gs://'))}" if returned else ""


class SlackMessageLink(ReturnedLink):
    """To the newest message about a cycle."""

    name = "Slack message"

    def url(self, returned: Any) -> str:
        """Return the address of the message; none when nothing was sent."""
        message = (returned or {}).get("message")
        return message_url(**message) if message else ""


class VerdictsLink(BaseOperatorLink):
    """To the ledger's table."""

    name = "Verdicts in BigQuery"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of the table; called by the worker."""
        return table_url(settings.load_config(), "verdicts")


class WorkloadsLink(BaseOperatorLink):
    """To the workloads themselves."""

    name = "Workloads in the console"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of the project's workloads; called by the worker."""
        return f"{CONSOLE}/kubernetes/workload/overview?{urlencode({'project': settings.load_config().project})}"
