"""Which pod takes which clusters, and what it is told of each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.config import Cluster
from pedwatch.observations.batches import batch_clusters, collector_target


def clusters(number: int) -> list[Cluster]:
    """Return that many clusters."""
    return [Cluster(name=f"cluster-{place}", environment="prod") for place in range(number)]


@pytest.mark.parametrize(
    ("number", "max_pods", "sizes"),
    [(1, 10, [1]), (3, 10, [1, 1, 1]), (10, 10, [1] * 10), (11, 10, [2] + [1] * 9), (200, 10, [20] * 10)],
    ids=["one", "one each", "as many as pods", "one too many", "many"],
)
def test_one_each_while_pods_suffice_then_batches(number: int, max_pods: int, sizes: list[int]) -> None:
    assert [len(batch) for batch in batch_clusters(clusters(number), max_pods)] == sizes


@given(number=st.integers(1, 250), max_pods=st.integers(1, 30))
def test_every_cluster_is_in_one_batch_and_batches_are_of_equal_size(number: int, max_pods: int) -> None:
    batches = batch_clusters(clusters(number), max_pods)
    names = [cluster.name for batch in batches for cluster in batch]
    assert sorted(names) == sorted(cluster.name for cluster in clusters(number))
    assert len(batches) <= max_pods
    assert max(map(len, batches)) - min(map(len, batches)) <= 1


def test_a_kubeconfig_cluster_is_told_file_and_context() -> None:
    cluster = Cluster(name="eu", environment="prod", auth="kubeconfig")
    told = {"name": "eu", "environment": "prod", "auth": "kubeconfig", "kubeconfig": "/etc/kube", "context": "eu"}
    assert collector_target(cluster, "/etc/kube") == told
    named = cluster.model_copy(update={"context": "gke_eu"})
    assert collector_target(named, "/etc/kube")["context"] == "gke_eu"


def test_what_is_not_configured_is_not_told() -> None:
    cluster = Cluster(name="eu", environment="prod", endpoint="https://eu.example")
    assert collector_target(cluster, "/etc/kube") == {
        "name": "eu",
        "environment": "prod",
        "auth": "google",
        "endpoint": "https://eu.example",
    }
