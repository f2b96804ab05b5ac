"""The task of ``ped_limits_publish``: publishes a folder of PED files, local or in the bucket; the command line too."""

import contextlib
import logging
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.errors import ForeignDatasetError, LimitDocumentError, NewerSchemaError
from pedwatch.hooks import applied_schema, clients
from pedwatch.limits.document_changes import DocumentChange, describe
from pedwatch.limits.files import SUFFIXES, read_paths
from pedwatch.limits.publication import Publishing, apply_changes, compare, with_source
from pedwatch.limits.store.firestore import FirestoreLimits
from pedwatch.replay.proposed_limits import would_have_fired

log = logging.getLogger(__name__)

DRY_RUN = "dry run: nothing was written; run it again with Apply to publish\n"
ASKING_SECONDS = 20.0
"""For asking which schema the tables have."""


@dataclass(frozen=True)
class Request:
    """What the DAG's form asks for."""

    path: str
    apply: bool = False
    skip_invalid: bool = False
    withdraw_missing: bool = False
    source_repo: str | None = None
    source_commit: str | None = None

    @property
    def command(self) -> str:
        """The command that does the same at a shell."""
        words = ["python", "-m", "pedwatch", "limits", "publish", self.path]
        words += [
            flag
            for flag, is_set in (
                ("--apply", self.apply),
                ("--skip-invalid", self.skip_invalid),
                ("--withdraw-missing", self.withdraw_missing),
            )
            if is_set
        ]
        for flag, value in (("--source-repo", self.source_repo), ("--source-commit", self.source_commit)):
            words += [flag, value] if value else []
        return shlex.join(words)


def publish(config: Config, request: Request, source: clients.ClientSource | None = None) -> str:
    """Compare a folder with Firestore and, if asked to, write; returns the report.

    Raises:
        LimitDocumentError: a document is wrong; nothing was written.
        LimitStoreError: Firestore refused, or somebody else wrote meanwhile.
        NewerSchemaError: the tables are of a later build, which may read documents otherwise; nothing was written.
    """
    _refuse_newer_schema(config, source)
    store = FirestoreLimits.from_config(config, source)
    with local_folder(config, request.path, source) as folder:
        batch = with_source(read_paths([folder]), request.source_repo, request.source_commit, str(folder))
    comparison = compare(batch, store, Publishing(request.skip_invalid, request.withdraw_missing))
    report = [] if request.apply or not comparison.changes else [DRY_RUN]
    report += [*comparison.remarks(batch, config, settings.now()), describe(comparison.changes)]
    report += would_have_fired(comparison.changes, config, source)
    if comparison.changes and request.apply:
        apply_changes(comparison.changes, store)
        report.append(published(comparison.changes))
    return "\n".join(report)


def _refuse_newer_schema(config: Config, source: clients.ClientSource | None) -> None:
    try:
        applied_schema.refuse(
            clients.warehouse_of_any_schema(config, source).within(ASKING_SECONDS), settings.environment()
        )
    except (ForeignDatasetError, NewerSchemaError):
        raise
    except Exception as error:  # noqa: BLE001 - whoever publishes needs no access to BigQuery
        log.info("the schema of the tables is not known here (%s)", type(error).__name__)


def published(changes: Sequence[DocumentChange]) -> str:
    """Say what was written, and when it counts."""
    count = "1 document" if len(changes) == 1 else f"{len(changes)} documents"
    return f"published {count}; the next sync, within a cycle, takes them up"


@contextlib.contextmanager
def local_folder(config: Config, path: str, source: clients.ClientSource | None) -> Iterator[Path]:
    """Return a path as a local one; the YAML files below gs://… are downloaded for the while."""
    if not path.startswith("gs://"):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory(prefix="ped-limits-") as folder:
        _download(clients.storage_client(config, source), path, Path(folder))
        yield Path(folder)


def _download(client: Any, uri: str, folder: Path) -> None:
    bucket, _, prefix = uri.removeprefix("gs://").partition("/")
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""
    for blob in client.list_blobs(bucket, prefix=prefix):
        name = PurePosixPath(blob.name.removeprefix(prefix))
        if name.suffix not in SUFFIXES:
            continue
        if ".." in name.parts or name.is_absolute():
            raise LimitDocumentError(f"gs://{bucket}/{blob.name}: the object's name leaves the folder: rename it")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        blob.download_to_filename(str(target))
