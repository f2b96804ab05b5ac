"""Rendering: one item of a snapshot as the object an API server would return.

What a scenario does not say is filled from the object's uid, so that one item always renders to the same bytes.
"""

from sandbox.kubernetes.autoscaler_objects import autoscaler
from sandbox.kubernetes.deployment_objects import deployment
from sandbox.kubernetes.kinds import AUTOSCALER, DEPLOYMENT, ROLLOUT, STATEFUL_SET, Kind
from sandbox.kubernetes.object_metadata import Object
from sandbox.kubernetes.rollout_objects import rollout
from sandbox.kubernetes.snapshots import Item
from sandbox.kubernetes.stateful_set_objects import stateful_set

RENDERERS = {DEPLOYMENT: deployment, STATEFUL_SET: stateful_set, ROLLOUT: rollout, AUTOSCALER: autoscaler}


def render(kind: Kind, item: Item) -> Object:
    """Render an item of a shelf as a list has it: ``kind`` and ``apiVersion`` are there in lists of a CRD alone."""
    return RENDERERS[kind](item)
