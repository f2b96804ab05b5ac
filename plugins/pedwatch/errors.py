"""The errors people see: each says what is wrong, where, and what to do next."""


class PedwatchError(Exception):
    """Anything a person has to act on."""


class ConfigurationError(PedwatchError):
    """The configuration file or an environment variable is missing or wrong.

    The message names the file, the field and the fix.
    """


class MixedBuildError(PedwatchError):
    """Files of two builds lie side by side; the message names them. It passes when all of one have arrived."""


class LimitDocumentError(PedwatchError):
    """A PED document is wrong; the message names file, line, field and fix."""


class LimitStoreError(PedwatchError):
    """Firestore could not be read or written."""


class SyncRefusedError(PedwatchError):
    """A sync of limits would have done what nobody asked for. Nothing was written but a row in ``limit_sync_refusals``.

    ``reason`` is what that row calls it. The message names the setting or parameter that mends or allows it.
    """

    reason = "refused"


class MassEndError(SyncRefusedError):
    """Too many limits would have ended at once, because their documents are no longer listed."""

    reason = "mass_end"


class OtherSourceError(SyncRefusedError):
    """The limits would have been read from another project, database or collection than the last time."""

    reason = "other_source"


class LedgerError(PedwatchError):
    """BigQuery refused or lacks something; the message names the table or statement and the fix."""


class NewerSchemaError(LedgerError):
    """The tables are of a schema that this build does not know; the message names both numbers and the way out."""


class ForeignDatasetError(LedgerError):
    """The dataset is that of another environment; the message names both and the way out."""


class AuditError(PedwatchError):
    """An audit was asked for what cannot be answered; the message names the param, what it is and the fix."""


class NothingCollectedYetError(AuditError):
    """The period of an audit ended before anything was ever collected: there is nothing to be said about it."""


class ProbeError(PedwatchError):
    """The probe cannot go on; the message says what is in its way, and the option or step that mends it."""


class NotifyError(PedwatchError):
    """A message could not be handed to its channel."""
