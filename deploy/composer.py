"""An environment of Cloud Composer as gcloud shows it: its bucket, its DAGs, its snapshots, and who is to be quiet."""

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.gcloud import Done, Gcloud, GcloudError, json_in
from deploy.target import Target

_NO_OBJECT = "matched no objects"
"""What gcloud says where a name of the bucket is of nothing."""


@dataclass(frozen=True)
class Described:
    """What an environment is."""

    state: str
    bucket: str
    """With ``gs://``, without a slash at its end."""
    image: str
    packages: dict[str, str]
    """PyPI packages that it was given: name → version specifier."""


@dataclass(frozen=True)
class DagState:
    """A DAG as Airflow's database has it."""

    dag_id: str
    is_paused: bool
    tags: frozenset[str]


class Composer:
    """An environment.

    Args:
        gcloud: the program.
        target: which environment.
    """

    def __init__(self, gcloud: Gcloud, target: Target) -> None:
        self.gcloud, self.target = gcloud, target

    @property
    def _place(self) -> tuple[str, ...]:
        return (self.target.environment, f"--location={self.target.location}", f"--project={self.target.project}")

    def _environments(self, *words: str, assume: str = "") -> str:
        return self.gcloud.call("composer", "environments", *words, assume=assume)

    def airflow_words(self, *words: str) -> tuple[str, ...]:
        """Return the words of an Airflow command, after ``gcloud``: two of the command, then its arguments."""
        return ("composer", "environments", "run", *self._place, *words[:2], "--", *words[2:])

    def _airflow(self, *words: str, assume: str = "", is_answer: Callable[[Done], bool] | None = None) -> str:
        return self.gcloud.call(*self.airflow_words(*words), assume=assume, is_answer=is_answer)

    def describe(self) -> Described:
        """Return what the environment is."""
        config: dict[str, Any] = {"dagGcsPrefix": "gs://BUCKET/dags", "softwareConfig": {"imageVersion": "IMAGE"}}
        assumed = json.dumps({"state": "RUNNING", "config": config})
        found = json.loads(self._environments("describe", *self._place, "--format=json", assume=assumed))
        software = found["config"]["softwareConfig"]
        return Described(
            found["state"],
            found["config"]["dagGcsPrefix"].removesuffix("/").removesuffix("/dags"),
            software["imageVersion"],
            software.get("pypiPackages", {}),
        )

    def dags(self, assumed: Iterable[DagState] = ()) -> dict[str, DagState]:
        """Return the DAGs that are serialized."""
        rows = [
            {"dag_id": dag.dag_id, "is_paused": str(dag.is_paused), "tags": [{"name": tag} for tag in dag.tags]}
            for dag in assumed
        ]
        output = self._airflow(
            *("dags", "list", "--output", "json", "--columns", "dag_id,is_paused,tags"), assume=json.dumps(rows)
        )
        return {
            row["dag_id"]: DagState(
                row["dag_id"], row["is_paused"] == "True", frozenset(tag["name"] for tag in row["tags"])
            )
            for row in json_in(output)
        }

    def import_errors(self) -> dict[str, str]:
        """Return the files that cannot be parsed, and the last line of why; Airflow ends with 1 when there are any."""
        output = self._airflow(
            *("dags", "list-import-errors", "--output", "json"),
            assume="[]",
            is_answer=lambda done: done.status == 1 and "\n[{" in f"\n{done.output}",
        )
        return {row["filepath"]: row["error"].strip().splitlines()[-1] for row in json_in(output)}

    def set_paused(self, dag_id: str, is_paused: bool) -> None:
        """Pause or unpause a DAG; what is so already stays so, without a word from Airflow."""
        self._airflow("dags", "pause" if is_paused else "unpause", dag_id)

    def trigger(self, dag_id: str, run_id: str) -> None:
        """Start a run."""
        self._airflow("dags", "trigger", dag_id, "--run-id", run_id)

    def runs(self, dag_id: str, assumed: Sequence[dict[str, str]] = ()) -> dict[str, str]:
        """Return the runs of a DAG: run id → state."""
        output = self._airflow("dags", "list-runs", dag_id, "--output", "json", assume=json.dumps(assumed))
        return {row["run_id"]: row["state"] for row in json_in(output)}

    def save_snapshot(self) -> None:
        """Save a snapshot into the environment's bucket, where snapshots go by themselves."""
        self._environments("snapshots", "save", *self._place)

    def upgrade(self, image: str) -> None:
        """Bring the environment to an image; takes up to an hour."""
        self._environments("update", *self._place, f"--image-version={image}")

    def snooze(self, policies: Sequence[str], title: str, minutes: int) -> str:
        """Let policies be quiet; returns the name of that."""
        words = ["create", f"--project={self.target.project}", f"--display-name={title}"]
        words += [f"--criteria-policies={','.join(policies)}", "--start-time=+PT5S", f"--end-time=+PT{minutes}M"]
        name = self.gcloud.call("monitoring", "snoozes", *words, "--format=value(name)", assume="SNOOZE")
        return name.strip()

    def end_snooze(self, name: str, minutes: int) -> None:
        """Let the policies speak again in so many minutes."""
        words = (name, f"--project={self.target.project}", f"--end-time=+PT{minutes}M")
        self.gcloud.call("monitoring", "snoozes", "update", *words)

    def read(self, address: str) -> str | None:
        """Return the text of an object, None where there is none."""
        try:
            text = self.gcloud.call("storage", "cat", address)
        except GcloudError as error:
            if _NO_OBJECT in error.done.errors:
                return None
            raise
        return None if self.gcloud.is_dry else text

    def write(self, address: str, text: str) -> None:
        """Write an object."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / address.rpartition("/")[2]
            path.write_text(text, encoding="utf-8")
            self.gcloud.call("storage", "cp", str(path), address)

    def copy(self, source: str, destination: str, exclude: str | None = None) -> None:
        """Make a folder's files be in another one as well, by their contents; nothing there is removed.

        Args:
            source: a folder, here or in a bucket.
            destination: a folder in a bucket.
            exclude: a pattern of paths within the source that stay where they are.
        """
        words = ["rsync", "--recursive", "--checksums-only", *([f"--exclude={exclude}"] if exclude else [])]
        self.gcloud.call("storage", *words, source, destination)

    def files(self, folder: str) -> set[str]:
        """Return the addresses of all objects below a folder."""
        try:
            listed = self.gcloud.call("storage", "ls", f"{folder}/**")
        except GcloudError as error:
            if _NO_OBJECT in error.done.errors:
                return set()
            raise
        return {line.strip() for line in listed.splitlines() if line.startswith("gs://")}

    def remove(self, addresses: Iterable[str]) -> None:
        """Remove objects that are there."""
        if addresses := sorted(addresses):
            self.gcloud.call("storage", "rm", *addresses)
