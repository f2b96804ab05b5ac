"""Documents as Firestore holds them, and what can be read out of one."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pedwatch.limits.document import PedLimit, raw_sha256
from pedwatch.limits.problems import explain, field_path


@dataclass(frozen=True)
class StoredDocument:
    """A document, or with ``is_archived`` a version of one from its history, as it was read."""

    document_id: str
    data: Mapping[str, Any]
    update_time: dt.datetime
    is_archived: bool = False

    @property
    def is_withdrawn(self) -> bool:
        """Whether the document was soft-deleted."""
        return self.data.get("deleted") is True

    @property
    def version(self) -> int:
        """The publisher's version number; 0 for a document that was never published."""
        version = self.data.get("version")
        return version if isinstance(version, int) else 0

    @property
    def number(self) -> int:
        """The number this content has among the document's versions, published or not.

        What somebody else wrote over the publisher's version is archived under the next number, once the publisher
        comes by (``publishing.write_of``).
        """
        return self.version + (not self.is_archived and self.was_edited_elsewhere)

    @property
    def previous_update_time(self) -> dt.datetime | None:
        """When the version before this one was written; None for the first, or outside the publisher."""
        moment = self.data.get("previous_update_time")
        return moment if isinstance(moment, dt.datetime) else None

    @property
    def raw_sha256(self) -> str:
        """Hash of the stored content as it is, valid or not."""
        return raw_sha256(self.data)

    @property
    def was_edited_elsewhere(self) -> bool:
        """Whether the content is not what the publisher wrote: it hashes to something else than is noted."""
        if self.is_withdrawn:
            return False
        try:
            actual = self.limit().content_sha256
        except ValueError:
            actual = self.raw_sha256
        return self.data.get("content_sha256") != actual

    def limit(self) -> PedLimit:
        """Read the limit.

        Raises:
            ValueError: the document is wrong; the message names each field, what is wrong and the fix.
        """
        try:
            return PedLimit.from_firestore(self.document_id, self.data)
        except ValidationError as error:
            raise ValueError(_reason(error)) from None


def _reason(error: ValidationError) -> str:
    parts = []
    for entry in error.errors(include_url=False):
        place = field_path(entry["loc"])
        parts.append(f"{place}: {explain(entry)}" if place else explain(entry))
    return "; ".join(parts)
