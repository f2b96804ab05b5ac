"""Documents as Firestore holds them, and what can be read out of one."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pedwatch.limits.document import SHAPE, PedLimit, raw_sha256
from pedwatch.written.plain_values import shown
from pedwatch.written.problems import explain, field_path

MAX_VERSION = 2**31 - 1
"""Higher ones nobody published; a step below the end of INT64 none could follow."""
LAST_COUNTED = 2**30
"""Above, publishing does not count on from a version but from the archive, so that there is always a next one."""
_MAX_REASON = 1000


@dataclass(frozen=True)
class StoredDocument:
    """A document, or with ``is_archived`` a version of one from its history, as it was read.

    ``unreadable`` says why Firestore's client could not hand out its fields; ``data`` is empty then.
    """

    document_id: str
    data: Mapping[str, Any]
    update_time: dt.datetime
    is_archived: bool = False
    unreadable: str | None = None

    @property
    def is_withdrawn(self) -> bool:
        """Whether the document was soft-deleted."""
        return self.data.get("deleted") is True

    @property
    def version(self) -> int:
        """The publisher's version number; 0 for a document that was never published, or has none that it gives."""
        return self.data["version"] if self._is_numbered else 0

    @property
    def counted(self) -> int:
        """The version that publishing counts on from."""
        return self.version if self.version <= LAST_COUNTED else 0

    @property
    def _is_numbered(self) -> bool:
        version = self.data.get("version")
        return type(version) is int and 0 <= version <= MAX_VERSION

    @property
    def number(self) -> int:
        """The number this content has among the document's versions, published or not.

        What somebody else wrote over the publisher's version is archived under the next number, once the publisher
        comes by (``document_changes.write_of``).
        """
        return self.version + (not self.is_archived and self.was_edited_elsewhere)

    @property
    def previous_update_time(self) -> dt.datetime | None:
        """When the version before this one was written; None for the first, or outside the publisher."""
        moment = self.data.get("previous_update_time")
        return moment if isinstance(moment, dt.datetime) and moment.tzinfo else None

    @property
    def raw_sha256(self) -> str:
        """Hash of the stored content as it is, valid or not."""
        return raw_sha256({"unreadable": self.unreadable} if self.unreadable else self.data)

    @property
    def was_edited_elsewhere(self) -> bool:
        """Whether the content is not what the publisher wrote: it hashes to something else than is noted."""
        if self.is_withdrawn:
            return False
        if self.version > LAST_COUNTED:
            return True
        try:
            return bool(self.data.get("content_sha256") != self.limit().content_sha256)
        except ValueError:
            return True  # the publisher writes nothing that cannot be read

    def limit(self) -> PedLimit:
        """Read the limit.

        Raises:
            ValueError: the document is wrong; the message names the fields, what is wrong and the fix.
        """
        if self.unreadable:
            raise ValueError(self.unreadable)
        if self.data.get("version") is not None and not self._is_numbered:
            raise ValueError(f"version: {shown(self.data['version'])} is none that publishing gives: publish it anew")
        try:
            return PedLimit.from_firestore(self.document_id, self.data)
        except ValidationError as error:
            raise ValueError(_reason(error)) from None
        except ValueError:
            raise
        except Exception as error:
            raise ValueError(f"cannot be read ({type(error).__name__}): publish it anew from its file") from error


def _reason(error: ValidationError) -> str:
    """Name what is wrong, as much of it as a row has room for: a document may be wrong in thousands of places."""
    text = ""
    entries = error.errors(include_url=False)
    for number, entry in enumerate(entries):
        place = field_path(entry["loc"])
        part = f"{place}: {explain(entry, SHAPE)}" if place else explain(entry, SHAPE)
        if len(text) + len(part) > _MAX_REASON:
            return f"{text or f'{part[:_MAX_REASON]}…'}; and {len(entries) - max(number, 1)} more"
        text += f"; {part}" if text else part
    return text
