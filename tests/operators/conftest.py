"""The stand-ins for the watch's tests."""

from tests.e2e.fixtures import make_world, on_google_cloud, stand_ins, world

__all__ = ["make_world", "on_google_cloud", "stand_ins", "world"]
