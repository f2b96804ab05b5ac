"""The generator of large clusters, and that its clusters weigh what real ones do."""

import json

import pytest

from sandbox.kubernetes.kinds import AUTOSCALER, DEPLOYMENT
from sandbox.kubernetes.listing import PageRequest, render_page
from sandbox.kubernetes.snapshots import History
from sandbox.kubernetes.synthetic import synthetic_workloads
from sandbox.kubernetes.workloads import parse_state


def test_the_same_seed_gives_the_same_cluster() -> None:
    assert synthetic_workloads(50, 40) == synthetic_workloads(50, 40)
    assert synthetic_workloads(50, 40) != synthetic_workloads(50, 40, seed=8)


def test_counts_are_as_ordered() -> None:
    workloads = synthetic_workloads(300, 240)
    assert len({(w["namespace"], w["name"]) for w in workloads}) == 300
    assert sum("hpa" in w for w in workloads) == 240
    with pytest.raises(ValueError, match="5 HPAs"):
        synthetic_workloads(4, 5)


def test_some_are_rolling_and_some_unlabelled() -> None:
    workloads = synthetic_workloads(1000, 0)
    assert any("status_replicas" in w for w in workloads) and any("api_id" not in w["labels"] for w in workloads)


def test_objects_weigh_what_real_ones_do() -> None:
    """10,000 Deployments and 8,000 HPAs were measured at 125.6 MB; here a hundredth of them, within a tenth."""
    history = History("synthetic", iter(range(1, 100)).__next__)
    snapshot = history.replace(parse_state({"workloads": synthetic_workloads(100, 80)}))
    pages = [render_page(PageRequest(kind, None, "", "", 0, ""), snapshot) for kind in (DEPLOYMENT, AUTOSCALER)]
    assert [len(json.loads(page)["items"]) for page in pages] == [100, 80]
    assert sum(map(len, pages)) == pytest.approx(1.256e6, rel=0.1)


def test_rendering_is_a_pure_function_of_the_state() -> None:
    state = parse_state({"workloads": synthetic_workloads(20, 10)})
    page = PageRequest(DEPLOYMENT, None, "", "", 0, "")
    first, second = (render_page(page, History("one", iter(range(1, 100)).__next__).replace(state)) for _ in range(2))
    assert first == second
