"""What the value of an option may be: each function reads one as it is typed, or says what it should have been.

Raises, all of them:
    argparse.ArgumentTypeError, ValueError: the value is none; argparse makes a sentence of it that names the option.
"""

import argparse
import math
import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from replica_collector.kinds import WORKLOADS

_ATTEMPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_LABEL_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", re.ASCII
)
_SERVICE_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9.-]*@[a-z0-9][a-z0-9.-]*\.gserviceaccount\.com")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def names(text: str) -> list[str]:
    """Read a list that is parted by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def cycle(text: str) -> datetime | None:
    """Read a cycle, as UTC; None where there is none."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or moment.microsecond:
        raise argparse.ArgumentTypeError("a cycle is a whole second with a zone, like 2026-01-01T10:05:00Z")
    return moment.astimezone(UTC)


def output(text: str) -> str:
    """Read where objects go, without a slash at its end."""
    parts = urlsplit(text)
    is_bucket = parts.scheme == "gs" and parts.netloc
    is_folder = parts.scheme == "file" and parts.path and not parts.netloc
    if (text and not (is_bucket or is_folder)) or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError("an output is gs://bucket[/prefix] or file:///folder")
    return text.rstrip("/")


def namespaces(text: str) -> tuple[str, ...]:
    """Read namespaces, each once."""
    given = names(text)
    if wrong := [name for name in given if not _NAMESPACE.fullmatch(name)]:
        raise argparse.ArgumentTypeError(f"not a namespace: {', '.join(wrong)}")
    return tuple(sorted(set(given)))


def kinds(text: str) -> tuple[str, ...]:
    """Read kinds of workloads, in the order in which they are listed."""
    given = names(text)
    if wrong := [name for name in given if name not in WORKLOADS]:
        raise argparse.ArgumentTypeError(f"not a kind: {', '.join(wrong)}; known are {', '.join(WORKLOADS)}")
    return tuple(kind for kind in WORKLOADS if kind in given)


def label_key(text: str) -> str:
    """Read the key of a label."""
    if not _LABEL_KEY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"not a label key: {text!r}")
    return text


def label_keys(text: str) -> tuple[str, ...]:
    """Read keys of labels."""
    return tuple(sorted(label_key(key) for key in names(text)))


def service_account(text: str) -> str:
    """Read the e-mail address of a service account."""
    if text and not _SERVICE_ACCOUNT.fullmatch(text):
        raise argparse.ArgumentTypeError(f"not the e-mail address of a service account: {text!r}")
    return text


def attempt(text: str) -> str:
    """Read the name of an attempt."""
    if text and not _ATTEMPT.fullmatch(text):
        raise argparse.ArgumentTypeError("an attempt is letters, digits, - and _")
    return text


def count(text: str) -> int:
    """Read a count from 1 to 10,000."""
    if not 1 <= (number := int(text)) <= 10_000:
        raise argparse.ArgumentTypeError("must be from 1 to 10000")
    return number


def seconds(text: str) -> float:
    """Read a duration that is not 0."""
    if not (number := seconds_or_none(text)) > 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return number


def seconds_or_none(text: str) -> float:
    """Read a duration, which may be 0."""
    number = float(text)
    if not math.isfinite(number) or number < 0:
        raise argparse.ArgumentTypeError("must be a number of seconds")
    return number
