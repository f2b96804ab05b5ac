"""What Firestore's refusals mean here, and what mends them."""

from typing import NoReturn

from google.api_core import exceptions

from pedwatch.errors import LimitStoreError


def refuse(error: exceptions.GoogleAPIError) -> NoReturn:
    """Say what a person can do about an error of Firestore's.

    Raises:
        LimitStoreError: always.
    """
    cause = getattr(error, "cause", None) or error
    message = getattr(cause, "message", None) or str(cause)
    advice = {
        exceptions.PermissionDenied: "check that firestore.project and firestore.database name the limits' database, "
        "and grant the custom role pedLimitReader (the sync) or pedLimitPublisher (publishing) of deploy/iam on it to "
        "the account of the Google connection",
        exceptions.Unauthenticated: "the Google connection's credentials are missing or expired: renew them",
        exceptions.NotFound: "the database does not exist: check firestore.project and firestore.database",
        exceptions.FailedPrecondition: "an index or the database's mode is missing: see deploy/ for what it needs",
        exceptions.InvalidArgument: "this is an error in pedwatch: report it with this message",
        exceptions.ResourceExhausted: "the quota is used up: see Firestore's usage page; the next run catches up",
    }
    default = "Firestore is not answering: see its status page and the network; the next run catches up"
    hint = next((text for kind, text in advice.items() if isinstance(cause, kind)), default)
    raise LimitStoreError(f"Firestore: {type(cause).__name__}: {message}. What to do: {hint}.") from error
