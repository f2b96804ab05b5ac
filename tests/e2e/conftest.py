"""The stand-ins for end-to-end tests."""

import pytest

from tests.e2e.fixtures import make_world, stand_ins, world

__all__ = ["make_world", "stand_ins", "world"]


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark of tests that play whole scenarios."""
    config.addinivalue_line("markers", "e2e: plays a whole scenario through Airflow; takes a minute or more")
