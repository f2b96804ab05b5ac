"""The table of attacks, done: what cannot be is refused, what is found is found as it says, the rest by nothing."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.api_core.exceptions import Forbidden

from tests.evidence import rights
from tests.evidence.attack import Attack
from tests.evidence.detectors import DETECTORS
from tests.evidence.hourly_shop import HourlyShop

ATTACKS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("attacks.yaml").read_text())
OUTCOMES = ("refused", "found", "unseen")


class Untouched:
    """What every detector says of the shop that nobody has touched: of what was learnt late, and nothing else."""

    def __init__(self, shop: HourlyShop) -> None:
        self._shop = shop
        # Under another label nothing is audited yet; what is drawn from the ledger depends on no label.
        self._said = {(name, label): frozenset[str]() for name in DETECTORS for label in (shop.label, "later")}
        self._said["sample", shop.label] = self.now("sample", shop.label)
        for name in ("housekeeping", "calendar"):
            said = self.now(name, shop.label)
            self._said |= {(name, label): said for label in (shop.label, "later")}

    def now(self, name: str, label: str) -> frozenset[str]:
        """Run a detector."""
        return frozenset(DETECTORS[name](self._shop, label))

    def new(self, name: str, label: str) -> frozenset[str]:
        """Run a detector; return what it did not say before."""
        return self.now(name, label) - self._said[name, label]


@pytest.fixture(scope="module")
def untouched(shop: HourlyShop) -> Untouched:
    return Untouched(shop)


def outcome(attack: Mapping[str, Any]) -> str:
    [found] = [name for name in OUTCOMES if name in attack]
    return found


def of(*outcomes: str) -> list[Any]:
    """Return the attacks of an outcome, to be tests of their own."""
    found = [attack for attack in ATTACKS if outcome(attack) in outcomes]
    return [pytest.param(attack, id=f"{attack['as']} {attack['does']}") for attack in found]


def begun(shop: HourlyShop, attack: Mapping[str, Any]) -> Attack:
    return Attack(shop, attack["as"], attack.get("heads", "elsewhere") == "elsewhere")


@pytest.mark.parametrize("attack", of("refused"))
def test_what_the_right_cannot_do_is_refused(shop: HourlyShop, attack: Mapping[str, Any]) -> None:
    made = begun(shop, attack)
    try:
        with pytest.raises((rights.RefusedError, Forbidden)) as told:
            for step in attack["steps"]:
                made.take(step)
    finally:
        made.undo()
    assert attack["refused"] in str(told.value)


@pytest.mark.parametrize("attack", of("found"))
def test_what_is_found_is_found_by_each_that_is_named(
    shop: HourlyShop, untouched: Untouched, attack: Mapping[str, Any]
) -> None:
    made = begun(shop, attack)
    try:
        for step in attack["steps"]:
            made.take(step)
        for name, says in attack["found"].items():
            new = untouched.new(name, attack.get("label", shop.label))
            assert any(says in line for line in new), (name, new)
    finally:
        made.undo()


@pytest.mark.parametrize("label", ["daily", "later"])
def test_what_is_not_found_is_found_by_nothing(shop: HourlyShop, untouched: Untouched, label: str) -> None:
    """All of them at once, one after the other: what a detector would say of one it would say of all."""
    done = []
    try:
        for attack in ATTACKS:
            if "unseen" in attack and attack.get("label", shop.label) == label:
                done.append(begun(shop, attack))
                for step in attack["steps"]:
                    done[-1].take(step)
        assert done
        assert {name: untouched.new(name, label) for name in DETECTORS} == dict.fromkeys(DETECTORS, frozenset())
    finally:
        for made in reversed(done):
            made.undo()


def test_all_was_put_back(shop: HourlyShop, untouched: Untouched) -> None:
    for name in ("verify", "posted head", "export", "next link", "calendar", "housekeeping"):
        assert untouched.new(name, shop.label) == frozenset()
    for table in shop.copies:
        assert shop.fingerprint(table) == shop.fingerprint(f"kept_{table}")


def test_the_table_is_whole() -> None:
    assert len(ATTACKS) >= 40
    assert {attack["as"] for attack in ATTACKS} >= {
        "ped-airflow",
        "ped-replica-collector",
        "bucket-admin",
        "bigquery-writer",
    }
    targets = {"verdict", "observation", "manifest", "pack", "day", "limit", "policy", "chain", "head", "message"}
    assert {attack["what"] for attack in ATTACKS} == targets
    done = Counter((attack["what"], attack["how"]) for attack in ATTACKS)
    asked = ("verdict", "observation", "manifest", "pack", "day", "limit", "policy")
    assert not [(what, how) for what in asked for how in ("change", "add", "remove") if not done[what, how]]
    assert all(outcome(attack) and attack["does"] for attack in ATTACKS)
    assert len({(attack["as"], attack["does"]) for attack in ATTACKS}) == len(ATTACKS)
    assert {name for attack in ATTACKS for name in attack.get("found", ())} == set(DETECTORS)
