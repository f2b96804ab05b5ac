"""Where evidence is, as a person types it: a folder, or an address in Cloud Storage."""

from pathlib import Path

from pedwatch import settings
from pedwatch.audit.bucket.shelves import BucketShelf, FolderShelf
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
    from pedwatch.hooks import clients

    bucket, _, prefix = address.removeprefix("gs://").partition("/")
    client = clients.storage_client(settings.load_config(), clients.AsPerson())
    shelf = BucketShelf(client, bucket, prefix.rstrip("/") + "/")
    if not shelf.names():
        raise AuditError(f"there is nothing below {address}: name the folder of a pack or of a label")
    return shelf, prefix.rstrip("/")
