"""What a limit takes is told with its replicas, and of one that takes nothing the likeliest reason."""

from typing import Any

import pytest

from pedwatch.limits.matches import Surroundings, described
from tests.unit.limits.samples import START, limit

SEEN = Surroundings(
    {"eu-1": "prod", "us-1": "prod", "lab": "dev"}, {("orders", "orders-api"), ("pay", "checkout"), ("search", "find")}
)


def rows(count: int, replicas: int | None = 3) -> list[dict[str, Any]]:
    found = {"limit_id": "prod.orders.orders-api", "cluster": "eu-1", "namespace": "shop"}
    return [found | {"workload_name": f"w{number}", "replicas": replicas} for number in range(count)]


def test_workloads_are_named_with_what_runs() -> None:
    assert described([limit()], rows(1), SEEN, START) == [
        "prod.orders.orders-api matches 1 workload with 3 replicas: eu-1/shop/w0 (3), as of 2026-03-02 10:00 UTC"
    ]
    [many] = described([limit()], rows(7), SEEN, START)
    assert "7 workloads with 21 replicas: eu-1/shop/w0 (3)" in many
    assert many.count("shop/") == 5 and "and 2 more" in many
    [unknown] = described([limit()], rows(1, None), SEEN, START)
    assert "1 workload with 0 replicas: eu-1/shop/w0 (?)" in unknown


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"environment": "prodd"}, "no cluster has environment prodd (did you mean prod?)"),
        ({"environment": "moon"}, "no cluster has environment moon"),
        ({"selectors": {"cluster": "ap-*"}}, "no cluster of prod is like ap-*: there are eu-1, us-1"),
        ({"api_id": "checkout"}, "checkout is of team pay, not orders"),
        (
            {"api_id": "order"},
            "no workload of team orders has the API label order (did you mean orders-api?)",
        ),
        ({"team_id": "oders", "api_id": "x"}, "no workload has the team label oders (did you mean orders?)"),
        ({"selectors": {"kind": "Rollout"}}, "nothing of orders-api runs there that its selectors take"),
        ({"api_id": "new", "selectors": {"namespace": "n"}}, "nothing of new runs there that its selectors take"),
    ],
)
def test_nothing_taken_has_a_reason(fields: dict[str, Any], reason: str) -> None:
    [told] = described([limit(**fields)], [], SEEN, START)
    assert told.endswith(f"matches no workload seen at 2026-03-02 10:00 UTC: {reason}")
