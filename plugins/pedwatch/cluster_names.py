"""What discovered clusters are called, and the words of their rows in ``collection_runs``. Pure."""

import re
from typing import Literal

ENVIRONMENT = "discovery"
"""Environment of the rows that say how discovery itself went; no workload is in it."""
Unsettled = Literal["moved", "ambiguous", "project_removed"]
"""Error classes of clusters that wait until the configuration accepts where they are (docs/decisions/0033)."""


def plain_name(text: str) -> str:
    """Return text with only what names are made of: a project may be ``example.com:shop``."""
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")


def qualifier(project: str, location: str) -> str:
    """Return what stands before a cluster's own name in its qualified one; no name in GKE holds an underscore."""
    return f"{plain_name(project)}_{location}_"
