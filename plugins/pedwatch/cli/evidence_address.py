"""Where evidence is, as a person types it: a folder, or an address in Cloud Storage."""

from collections.abc import Callable
from pathlib import Path

from pedwatch import settings
from pedwatch.audit import anchors
from pedwatch.audit.bucket.shelves import BucketShelf, FolderShelf
from pedwatch.cli.refusals import briefly
from pedwatch.errors import AuditError


def open_shelf(address: str) -> tuple[BucketShelf | FolderShelf, str]:
    """Return what is below an address, and the address without its scheme.

    Raises:
        AuditError: there is nothing; says what to name.
    """
    if not address.startswith("gs://"):
        folder = Path(address)
        if not folder.is_dir():
            raise AuditError(
                f"{folder} is no folder: name the folder of a pack or of a label, or gs://bucket/audits/label"
            )
        return FolderShelf(folder), folder.resolve().as_posix()
    bucket, _, prefix = address.removeprefix("gs://").partition("/")
    shelf = _in_bucket(bucket, prefix.rstrip("/"))
    if not shelf.names():
        raise AuditError(f"there is nothing below {address}: name the folder of a pack or of a label")
    return shelf, prefix.rstrip("/")


def _in_bucket(bucket: str, prefix: str) -> BucketShelf:
    """Return what is below a prefix.

    Raises:
        AuditError: there is no such bucket, or it may not be listed.
    """
    from google.api_core.exceptions import Forbidden, NotFound, Unauthorized

    from pedwatch.hooks import clients

    config = settings.load_config()
    try:
        return BucketShelf(clients.storage_client(config, clients.AsPerson()), bucket, f"{prefix}/")
    except NotFound:
        raise AuditError(
            f"there is no bucket {bucket}: check the name; the one of pedwatch.yaml is {config.bucket}"
        ) from None
    except (Forbidden, Unauthorized) as error:
        raise AuditError(
            f"you may not list the bucket {bucket} ({briefly(error)}): you need roles/storage.objectViewer on it, or "
            "log in as somebody who has it"
        ) from None


def bucket_of_heads(address: str, named: str | None) -> str | None:
    """Return the bucket of heads to look at: the one that was named, else the configured one of what is stored."""
    return named or (settings.load_config().evidence_heads.bucket if address.startswith("gs://") else None)


def kept_heads(address: str, named: str | None) -> Callable[[str], BucketShelf] | None:
    """Return what opens the heads that are kept of a label; None where no bucket has any."""
    bucket = bucket_of_heads(address, named)
    if bucket is None:
        return None
    return lambda label: _in_bucket(bucket, anchors.prefix(label).rstrip("/"))
