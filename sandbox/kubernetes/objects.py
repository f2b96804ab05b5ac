"""Rendering: one item of a snapshot as the object an API server would return.

What a scenario does not say is filled from the object's uid, so that one item always renders to the same bytes.
"""

from sandbox.kubernetes.autoscaler_objects import autoscaler
from sandbox.kubernetes.deployment_objects import deployment
from sandbox.kubernetes.kinds import AUTOSCALER, DEPLOYMENT, Kind
from sandbox.kubernetes.object_metadata import Object
from sandbox.kubernetes.snapshots import Item

RENDERERS = {DEPLOYMENT: deployment, AUTOSCALER: autoscaler}


def render(kind: Kind, item: Item) -> Object:
    """Render an item of a shelf as the object of that shelf's kind, without ``kind`` and ``apiVersion``."""
    return RENDERERS[kind](item)
