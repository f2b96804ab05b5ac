"""Firestore's error answers: a gRPC status code and a message."""

import grpc


class FirestoreError(Exception):
    """An error as Firestore reports it to the client."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> FirestoreError:
    """Say that the request itself is wrong."""
    return FirestoreError(grpc.StatusCode.INVALID_ARGUMENT, message)


def failed_precondition(message: str) -> FirestoreError:
    """Say that the request is well formed but the state does not allow it."""
    return FirestoreError(grpc.StatusCode.FAILED_PRECONDITION, message)


def not_found(name: str) -> FirestoreError:
    """Say that a document that has to exist does not."""
    return FirestoreError(grpc.StatusCode.NOT_FOUND, f'Document "{name}" not found.')


def already_exists(name: str) -> FirestoreError:
    """Say that a document that must not exist does."""
    return FirestoreError(grpc.StatusCode.ALREADY_EXISTS, f"Document already exists: {name}")


def not_implemented(feature: str) -> FirestoreError:
    """Say that the stand-in does not do this; the message names the feature."""
    return FirestoreError(grpc.StatusCode.UNIMPLEMENTED, f"The Firestore stand-in does not implement {feature}")
