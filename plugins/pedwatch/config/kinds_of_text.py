"""What texts and numbers of the configuration look like, and the rules that hold for all of it."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
CLUSTER_NAME = r"^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
LABEL_VALUE = r"^[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?$"
SERVICE_ACCOUNT = r"^[a-z0-9][-.a-z0-9]*@[a-z0-9][-.a-z0-9]*\.gserviceaccount\.com$"
CHANNEL_ID = r"^[CGD][A-Z0-9]{2,}$"
DATASET = r"^[A-Za-z_][A-Za-z0-9_]*$"
MENTION = r"^<[!@].+>$"
MAIL, WEBHOOK = "mailto:", "webhook:"
COPY_TARGET = rf"^({MAIL}[^@\s,]+@[^@\s,]+|{WEBHOOK}[A-Za-z0-9_.-]+)$"
HTTP_ADDRESS = r"^https?://[^\s<>|]+$"
HTTPS_ADDRESS = r"^https://[^\s@]+$"
PATTERNS = {
    NAME: "lower-case letters, digits and inner hyphens",
    CLUSTER_NAME: "lower-case letters, digits, inner hyphens and underscores",
    LABEL_KEY: "a Kubernetes label key such as tier or acme.io/tier",
    LABEL_VALUE: "a Kubernetes label value: letters, digits, and inner hyphens, underscores and dots",
    SERVICE_ACCOUNT: "the address of a Google service account, such as collector@project.iam.gserviceaccount.com",
    CHANNEL_ID: "the channel's id, such as C0PLATFORM, not its name; it stands at the end of the channel's details",
    DATASET: "letters, digits and underscores, no digit first",
    MENTION: "a mention as Slack writes it, such as <!subteam^S0ORDERS>, <@U0ANA> or <!here>",
    COPY_TARGET: "mailto:ana@example.com, or webhook: and the name of an Airflow connection",
    HTTP_ADDRESS: "an address that begins with https://, or http:// inside",
    HTTPS_ADDRESS: "an address that begins with https://, without user and password",
}
"""What each pattern wants, in words."""

_BUCKET = re.compile(r"[a-z0-9][-_.a-z0-9]{1,220}[a-z0-9]")
_TAGGED = re.compile(r"[^\s@]*[^\s@/:]:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})")
_DIGEST = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")


def _bucket_name(name: str) -> str:
    """Hold a bucket's name against Cloud Storage's rules: a wrong one is found by the first cycle otherwise."""
    bare = name.removeprefix("gs://").partition("/")[0]
    if bare != name:
        raise ValueError(f"{name!r} is an address: write the bucket's name alone{f', {bare}' if bare else ''}")
    parts = name.split(".")
    is_address = len(parts) == 4 and all(part.isdigit() for part in parts)
    is_sized = len(name) <= 63 or ("." in name and all(len(part) <= 63 for part in parts))
    if not _BUCKET.fullmatch(name) or ".." in name or is_address or not is_sized or name.startswith("goog"):
        raise ValueError(
            f"{name!r} can be no bucket's name: 3 to 63 lower-case letters, digits, inner hyphens, underscores and "
            "dots, no IP address, not beginning with goog"
        )
    return name


def _pinned_image(image: str) -> str:
    """Refuse an image that may be another one tomorrow."""
    if _DIGEST.fullmatch(image):
        return image
    if "@" in image:
        raise ValueError(f"{image!r} has no digest that can be one: write name@sha256: and its 64 hexadecimal digits")
    tagged = _TAGGED.fullmatch(image)
    if tagged is None:
        raise ValueError(
            f"{image!r} has no version, so that it would be whatever was pushed last: write name:1.2.0, or "
            "name@sha256: and its digest"
        )
    if tagged["tag"].lower() == "latest":
        raise ValueError(f"{image!r} is whatever was pushed last: write a version, or name@sha256: and its digest")
    return image


Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=NAME, max_length=63)]
ClusterName = Annotated[str, Field(pattern=CLUSTER_NAME, max_length=100)]
LabelKey = Annotated[
    str, Field(pattern=LABEL_KEY, max_length=317, description="A Kubernetes label key such as app or acme.io/tier")
]
LabelValue = Annotated[str, Field(pattern=LABEL_VALUE, max_length=63)]
ChannelId = Annotated[str, Field(pattern=CHANNEL_ID, description="A Slack channel id such as C0PLATFORM, not a name")]
HttpAddress = Annotated[str, Field(pattern=HTTP_ADDRESS, max_length=500)]
BucketName = Annotated[str, AfterValidator(_bucket_name)]
Image = Annotated[str, AfterValidator(_pinned_image)]
CycleMinutes = Literal[1, 5, 10, 15, 30, 60]
"""Lengths of which an hour is a whole number."""


class Strict(BaseModel):
    """Unknown keys are errors, and so is a value of another type: neither a typo nor a guess may weaken detection."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
