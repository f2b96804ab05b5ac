"""A job that failed is never submitted again unseen: what a repeat means is known by who called, not by the client.

BigQuery may answer backendError for a job whose work was done. Its client would submit such a script again by itself,
under a new job id, for up to forty minutes.
"""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import bigquery

from pedwatch import settings
from pedwatch.alerts.delivery.leasing import lease_of
from pedwatch.errors import LedgerError
from pedwatch.hooks.warehouse import Warehouse
from tests.conftest import PROJECT, Server

BACKEND_ERROR = {"reason": "backendError", "message": "Error encountered during execution. Retrying may solve it."}


class FailedAfterwards(AuthorizedSession):
    """Says of the first query job, once it is done, that the backend failed."""

    def __init__(self) -> None:
        super().__init__(AnonymousCredentials())
        self.submitted = 0

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request, and spoil its answer."""
        answer = super().request(method, url, *args, **kwargs)
        told = answer.json()
        if told.get("kind") == "bigquery#job" and "query" in told["configuration"]:
            self.submitted += method == "POST"
            if self.submitted == 1 and told["status"]["state"] == "DONE":
                told["status"] |= {"errorResult": BACKEND_ERROR, "errors": [BACKEND_ERROR]}
                answer._content = json.dumps(told).encode()
        return answer


@pytest.fixture
def failing(bigquery_server: Server, warehouse: Warehouse) -> Iterator[tuple[Warehouse, FailedAfterwards]]:
    """The warehouse, where the first statement does its work and fails then."""
    session = FailedAfterwards()
    client = bigquery.Client(
        project=PROJECT,
        location=warehouse.config.location,
        client_options=ClientOptions(api_endpoint=bigquery_server.address),
        _http=session,
    )
    yield Warehouse(client, warehouse.config, settings.include_dir() / "sql"), session
    client.close()


def test_a_lease_that_failed_is_submitted_once_and_taken_when_it_is_asked_for_again(
    warehouse: Warehouse, failing: tuple[Warehouse, FailedAfterwards]
) -> None:
    rows = f"`{warehouse.config.dataset}.notifications`"
    columns = "notification_id, episode_id, reason, destination, channel, told_state, message, status, run_id"
    texts = "'n1', 'e1', 'first', 'team', 'C0ORDERS', '{}', '{}', 'unsent', 'run-0'"
    warehouse.client.query(
        f"INSERT INTO {rows} ({columns}, sequence, attempts, cycle, created_at)"
        f" VALUES ({texts}, 1, 0, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP())"
    ).result()
    spoilt, session = failing
    lease = lease_of("run-1", dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1), dt.timedelta(minutes=4))
    with pytest.raises(LedgerError, match="Retrying may solve it"):
        spoilt.run("alerts/lease_notifications.sql", lease)
    assert session.submitted == 1
    assert [(row["status"], row["attempts"]) for row in warehouse.client.list_rows(rows.strip("`"))] == [("sending", 1)]

    (again,) = warehouse.run("alerts/lease_notifications.sql", lease)
    assert (again["notification_id"], again["attempts"], again["was_tried"]) == ("n1", 0, False)
    assert not warehouse.run("alerts/lease_notifications.sql", lease | {"owner": "run-2"})
