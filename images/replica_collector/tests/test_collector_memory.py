"""Memory follows the page, not the cluster."""

import tracemalloc

from collector_api_server import DEPLOYMENTS, HPAS, ApiServer, Exchange, deployment
from collector_harness import Collect

PAGE = 100


def peak(api: ApiServer, collect: Collect, pages: int, attempt: str) -> int:
    """Peak of the collector's allocations while it lists this many pages, all served from the same bytes."""
    items = [deployment(f"d{number}") for number in range(PAGE)]
    served = 0

    def serve(exchange: Exchange) -> bool:
        nonlocal served
        is_deployments = exchange.path == DEPLOYMENTS
        served += is_deployments
        more = {"continue": str(served)} if is_deployments and served < pages else {}
        kind = "DeploymentList" if is_deployments else "HorizontalPodAutoscalerList"
        exchange.send(200, {"kind": kind, "metadata": more, "items": items if is_deployments else []})
        api.exchanges.clear()
        return True

    api.behaviour = serve
    tracemalloc.start()
    try:
        told = collect(attempt_id=attempt, page_size=PAGE).manifests
        assert told["eu-1"]["deployments_listed"] == pages * PAGE
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_four_times_the_pages_take_the_same_memory(api: ApiServer, collect: Collect, tmp_path: object) -> None:
    import shutil
    from pathlib import Path

    api.items = {DEPLOYMENTS: [], HPAS: []}

    def least(pages: int, name: str) -> int:
        """The least of three peaks: the server is in this process too, and what it holds depends on the threads."""
        peaks = []
        for number in range(3):
            peaks.append(peak(api, collect, pages, f"{name}{number}"))
            shutil.rmtree(Path(str(tmp_path)) / "manifests")
        return min(peaks)

    assert least(40, "large") < least(10, "small") * 1.5
