"""``--data``: what survives an ordinary end, and what survives a kill at any moment."""

import io
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery
from google.cloud.bigquery import LoadJobConfig, SchemaField
from requests.exceptions import ConnectionError as Unreachable

from sandbox.bigquery.tests.servers import PROJECT, create_table, stand_in

TABLE = f"{PROJECT}.d.t"
SCHEMA = [SchemaField("batch", "INTEGER"), SchemaField("n", "INTEGER")]
NO_RETRY: dict[str, Any] = {"retry": None, "job_retry": None}


def make(client: bigquery.Client) -> None:
    """Create the dataset and the table."""
    client.create_dataset(f"{PROJECT}.d", exists_ok=True)
    table = bigquery.Table(TABLE, schema=SCHEMA)
    table.description = "kept"
    create_table(client, table, exists_ok=True)


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    with stand_in(tmp_path) as server:
        client = server.client()
        make(client)
        client.load_table_from_json([{"batch": 1, "n": 1}], TABLE, job_config=LoadJobConfig(schema=SCHEMA)).result()
    with stand_in(tmp_path) as server:
        client = server.client()
        found = client.get_table(TABLE)
        assert (found.description, found.num_rows, found.schema) == ("kept", 1, SCHEMA)


def test_a_second_server_on_the_same_folder_says_why_it_cannot(tmp_path: Path) -> None:
    with stand_in(tmp_path), pytest.raises(AssertionError), stand_in(tmp_path):
        pass


@pytest.mark.parametrize("moment", [0.05, 0.4])
def test_a_kill_loses_nothing_committed_and_leaves_nothing_half_done(tmp_path: Path, moment: float) -> None:
    """Each load brings a hundred rows; whatever the moment of the kill, a batch is there as a whole or not at all."""
    acknowledged: list[int] = []
    with stand_in(tmp_path) as server:
        client = server.client()
        make(client)
        stop = threading.Event()

        def load() -> None:
            batch = 0
            while not stop.is_set():
                text = "".join(f'{{"batch":{batch},"n":{n}}}\n' for n in range(100)).encode()
                config = LoadJobConfig(schema=SCHEMA, source_format="NEWLINE_DELIMITED_JSON")
                try:
                    client.load_table_from_file(
                        io.BytesIO(text), TABLE, job_id=f"batch-{batch}", job_config=config, num_retries=0, timeout=5
                    ).result(timeout=5, retry=None)
                except (GoogleAPICallError, Unreachable, OSError):
                    return
                acknowledged.append(batch)
                batch += 1

        loader = threading.Thread(target=load)
        loader.start()
        deadline = time.monotonic() + 20
        while len(acknowledged) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(moment)
        server.kill()
        stop.set()
        loader.join()
    with stand_in(tmp_path) as server:
        client = server.client()
        counts: dict[int, int] = {}
        for row in client.list_rows(TABLE, selected_fields=SCHEMA):
            counts[row["batch"]] = counts.get(row["batch"], 0) + 1
        assert set(counts.values()) == {100}
        assert len(acknowledged) >= 3 and set(acknowledged) <= set(counts)
