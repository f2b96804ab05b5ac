"""Which length of cycles a configuration can have: what one minute costs in pods and worker slots. Pure."""

import math

from pedwatch.config.document import Config
from pedwatch.deadlines import collection

MOST_CLUSTERS = 20
"""So many are watched every minute at most, in the sandbox too: what runs there is what ships (docs/design.md#d13)."""


def objection(config: Config) -> str | None:
    """Say why cycles cannot be that short, and what to write instead; None where they can be."""
    if config.cycle_minutes != 1:
        return None
    count, pods = len(config.clusters), min(len(config.clusters), config.collector.max_pods)
    if config.discovery.projects:
        return (
            f"1 is for up to {MOST_CLUSTERS} clusters, and how many discovery.projects will find is not "
            "known: name them in clusters and take the projects out, or write cycle_minutes: 5"
        )
    if count <= MOST_CLUSTERS:
        return None
    open_for, each = collection(config.period).total_seconds(), math.ceil(count / pods)
    return (
        f"1 is for up to {MOST_CLUSTERS} clusters, and there are {count}: {pods} pods a minute are "
        f"{pods * 24 * 60:,} a day, each lists {each} {'cluster' if each == 1 else 'clusters'} in the {open_for:.0f} s "
        f"that a collection is open, and {pods} worker slots are taken for {open_for:.0f} s of every 60 by collectors "
        "alone: watch fewer clusters, or write cycle_minutes: 5"
    )
