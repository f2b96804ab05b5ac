"""Writes and reads heads of evidence in their own bucket."""

import logging
from typing import TYPE_CHECKING

from pedwatch.audit import anchors
from pedwatch.audit.anchors import Anchor
from pedwatch.audit.chain import Entry
from pedwatch.config import EvidenceHeads
from pedwatch.errors import AuditError

if TYPE_CHECKING:
    from google.cloud import storage

log = logging.getLogger(__name__)


def anchor(client: "storage.Client", heads: EvidenceHeads, entry: Entry) -> None:
    """Keep the head that an entry is; where it is kept already, nothing changes.

    Args:
        client: of the account that may only create there.
        heads: names the bucket.
        entry: the one that was linked.

    Raises:
        AuditError: it was refused; says which right is missing.
    """
    from google.api_core.exceptions import Forbidden, NotFound, PreconditionFailed
    from google.auth.exceptions import RefreshError

    content, who = entry.to_bytes(), heads.writer or "the environment's account"
    name = anchors.object_name(entry.label, entry.sequence, content)
    where = f"gs://{heads.bucket}/{name}"
    blob = client.bucket(heads.bucket).blob(name)
    try:
        blob.upload_from_string(content, content_type="application/json", if_generation_match=0)
    except PreconditionFailed:
        log.info("%s is there already", where)
    except Forbidden as error:
        if not anchors.is_there(str(error)):
            fix = f"grant roles/storage.objectCreator on {heads.bucket} to {who} (deploy/iam/bindings.yaml)"
            raise AuditError(f"{where} cannot be written: {error.message}. {fix}, and clear this task") from None
        log.info("%s is there already", where)
    except NotFound:
        fix = "create it with a retention policy (deploy/terraform), or correct evidence_heads.bucket"
        raise AuditError(f"there is no bucket {heads.bucket}: {fix}, and clear this task") from None
    except RefreshError as error:
        fix = f"grant roles/iam.serviceAccountTokenCreator on {who} to the environment's account"
        raise AuditError(f"this task cannot become {who}: {error.args[0]}. {fix}, and clear it") from None


def read_anchors(client: "storage.Client", bucket: str, label: str) -> list[Anchor]:
    """Return all anchors of a label.

    Raises:
        google.api_core.exceptions.GoogleAPIError: who asks may not list them, or there is no such bucket.
    """
    names = (blob.name for blob in client.list_blobs(bucket, prefix=anchors.prefix(label)))
    return anchors.read(label, names)
