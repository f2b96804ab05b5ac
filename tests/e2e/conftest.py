"""The stand-ins for end-to-end tests."""

from tests.e2e.fixtures import make_world, stand_ins, world

__all__ = ["make_world", "stand_ins", "world"]
