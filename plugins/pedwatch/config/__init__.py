"""The shape of ``include/config/pedwatch.yaml``: clusters, policy, routing. Pure; `pedwatch.settings` loads it.

A module for each noun; from outside they are read through here.
"""

from pedwatch.config.clusters import AcceptedCluster, Cluster, Collector, Discovery
from pedwatch.config.document import SHAPE, Config
from pedwatch.config.kinds_of_text import PATTERNS, ChannelId, CycleMinutes, LabelKey, LabelValue, Name
from pedwatch.config.policy import Policy, PolicyConfig, PolicyOverride, TeamPolicy
from pedwatch.config.retention import Retention
from pedwatch.config.routing import Destination, Mode, Slack
from pedwatch.config.services import Connections, EvidenceHeads, Firestore, LabelKeys, LimitsSync

__all__ = [
    "PATTERNS",
    "SHAPE",
    "AcceptedCluster",
    "ChannelId",
    "Cluster",
    "Collector",
    "Config",
    "Connections",
    "CycleMinutes",
    "Destination",
    "Discovery",
    "EvidenceHeads",
    "Firestore",
    "LabelKey",
    "LabelKeys",
    "LabelValue",
    "LimitsSync",
    "Mode",
    "Name",
    "Policy",
    "PolicyConfig",
    "PolicyOverride",
    "Retention",
    "Slack",
    "TeamPolicy",
]
