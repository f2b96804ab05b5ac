"""One rule for all misspelt keys: name the block's own key that was probably meant."""

from typing import Any

import pytest

from pedwatch.config import Config
from pedwatch.errors import ConfigurationError
from pedwatch.limits.document import PedLimit
from pedwatch.settings import parse_config
from pedwatch.written.spelling import unknown_key

SMALL = """\
project: p
bucket: bucket
firestore: {project: p}
collector: {image: "i:1"}
clusters: [{name: eu, environment: prod}]
slack: {platform_channel: C0PLATFORM}
"""


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (("bukcet",), "did you mean bucket?"),
        (("clusters", 0, "endpiont"), "did you mean endpoint?"),
        (("policy", "defaults", "grace_minute"), "did you mean grace_minutes?"),
        (("policy", "teams", "orders", "apis", "orders-api", "tolerance_cuont"), "did you mean tolerance_count?"),
        (("policy", "xyz"), "remove it; known here: defaults, teams, approvers, advisories"),
    ],
)
def test_the_key_that_was_probably_meant_is_one_of_its_block(location: tuple[Any, ...], expected: str) -> None:
    assert unknown_key(Config, location) == f"unknown key; {expected}"


def test_keys_that_are_not_for_people_are_never_proposed() -> None:
    assert "source" not in unknown_key(PedLimit, ("sourec",), hidden=["source"])


def test_a_misspelt_key_of_the_configuration_is_named_with_its_file() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"x\.yaml:7: policy\.teams\.orders\.grace_minuts: unknown key",
    ):
        parse_config(SMALL + "policy: {teams: {orders: {grace_minuts: 5}}}\n", {}, "x.yaml")
