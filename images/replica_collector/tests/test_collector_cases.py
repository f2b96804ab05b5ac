"""One bad object costs no other, one bad kubeconfig is one sentence, and a misspelt namespace is not an empty one."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from collector_api_server import DEPLOYMENTS, HPAS, ApiServer, Exchange, ca_file, deployment, hpa
from collector_harness import Collect
from hypothesis import given, settings
from odd_inputs import check_kubeconfig, check_object, kubeconfigs, objects

from replica_collector import clusters
from replica_collector.errors import Misconfigured

CASES = Path(__file__).parent / "cases"
EXPECTED = {path.parent.name: yaml.safe_load(path.read_text()) for path in sorted(CASES.glob("*/expected.yaml"))}
EXAMPLES = 100


@pytest.mark.parametrize("case", EXPECTED)
def test_case(case: str, api: ApiServer, collect: Collect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, folder = EXPECTED[case], CASES / case
    cluster = api.cluster()
    if (folder / "deployments.json").exists():
        api.items[DEPLOYMENTS] = json.loads((folder / "deployments.json").read_text())["items"]
        api.items[HPAS] = []
    else:
        monkeypatch.setenv("SSL_CERT_FILE", str(ca_file()))
        path = tmp_path / "kubeconfig.yaml"
        path.write_text((folder / "kubeconfig.yaml").read_text().replace("SERVER", api.url))
        cluster = api.cluster(endpoint=None, ca_data=None, auth="kubeconfig", kubeconfig=str(path))
    told = collect(cluster).manifest
    assert {name: told[name] for name in expected["manifest"]} == expected["manifest"]
    assert [name for name in expected.get("error_names", ()) if name not in told["error_message"]] == []


def test_the_object_that_cannot_be_read_is_named_and_the_others_are_rows(api: ApiServer, collect: Collect) -> None:
    api.items[DEPLOYMENTS][3] = deployment("odd", spec__replicas=-1)
    api.items[DEPLOYMENTS][17] = deployment("late", metadata__creationTimestamp="0001-01-01T00:00:00+14:00")
    api.items[HPAS][2] = hpa("huge", spec__maxReplicas=2**40)
    api.items[HPAS][3] = hpa("")
    collected = collect()
    told = collected.manifest
    assert (told["status"], told["error_class"], told["row_count"]) == ("partial", "bad_payload", 33)
    assert (told["deployments_listed"], told["hpas_listed"]) == (None, None)
    assert told["error_message"].startswith(
        "deployments: not readable, the others are: shop/odd: Expected `int` >= 0 - at `$.spec.replicas`; shop/late: "
    )
    assert "; hpas: not readable, the others are: shop/huge: Expected `int` <= 2147483647" in told["error_message"]
    assert "; shop: Expected `str` of length >= 1 - at `$.metadata.name`" in told["error_message"]
    names = {row["name"] for row in collected.rows}
    assert len(collected.rows) == 33
    assert not names & {"odd", "late", "huge", ""}


def test_of_many_that_cannot_be_read_the_first_are_named(api: ApiServer, collect: Collect) -> None:
    api.items[DEPLOYMENTS] = [deployment(f"d{number}", status=[]) for number in range(25)]
    told = collect().manifest
    assert told["status"] == "partial"
    assert told["error_message"].endswith("; and 22 more")
    assert told["error_message"].count("shop/d") == 3


def test_what_could_not_be_read_in_a_pass_that_began_anew_is_told_once(api: ApiServer, collect: Collect) -> None:
    api.items[DEPLOYMENTS][0] = deployment("odd", spec__replicas=-1)

    def expire(exchange: Exchange) -> bool | None:
        if exchange.query.get("continue") == "10" and exchange.path == DEPLOYMENTS and exchange.count < 4:
            exchange.status(410, "Expired")
            return True
        return None

    api.behaviour = expire
    told = collect().manifest
    assert told["error_message"].count("shop/odd") == 1
    assert told["row_count"] == 36


def test_integers_are_as_wide_as_kubernetes(api: ApiServer, collect: Collect) -> None:
    wide = {"metadata__generation": 2**63 - 1, "status__observedGeneration": 2**63 - 1, "spec__replicas": 2**31 - 1}
    api.items[DEPLOYMENTS] = [deployment("wide", **wide)]
    collected = collect()
    assert collected.manifest["status"] == "complete"
    row = collected.rows[0]
    assert (row["generation"], row["observed_generation"], row["spec_replicas"]) == (2**63 - 1, 2**63 - 1, 2**31 - 1)


@pytest.mark.parametrize(
    ("namespaces", "missing"),
    [(("shop",), []), (("shop", "shopp"), ["shopp"]), (("paay", "shop", "shopp"), ["paay", "shopp"])],
)
def test_a_namespace_that_holds_nothing_may_be_misspelt(
    api: ApiServer, collect: Collect, namespaces: tuple[str, ...], missing: list[str]
) -> None:
    collected = collect(namespaces=namespaces)
    told = collected.manifest
    assert told["empty_or_missing"] == missing
    assert (told["deployments_listed"], told["hpas_listed"], len(collected.rows)) == (25, 12, 37)
    if missing:
        assert (told["status"], told["error_class"]) == ("partial", "empty_or_missing")
        assert told["error_message"].startswith(f"nothing is in the namespace {', '.join(missing)}, or there is none")
    else:
        assert told["status"] == "complete"


def test_a_namespace_with_one_kind_alone_is_there(api: ApiServer, collect: Collect) -> None:
    api.items[HPAS] = []
    api.items[DEPLOYMENTS].append(deployment("odd", namespace="pay", spec__replicas=-1))
    told = collect(namespaces=("pay", "shop")).manifest
    assert (told["empty_or_missing"], told["error_class"]) == ([], "bad_payload")


def test_nothing_is_said_of_namespaces_where_a_kind_was_not_listed(api: ApiServer, collect: Collect) -> None:
    def forbid(exchange: Exchange) -> bool | None:
        if exchange.path.endswith("horizontalpodautoscalers"):
            exchange.status(403, "Forbidden")
            return True
        return None

    api.behaviour = forbid
    told = collect(namespaces=("shopp",)).manifest
    assert (told["empty_or_missing"], told["error_class"]) == ([], "forbidden")


@pytest.mark.parametrize("field", ["as: x", "as-uid: x", "as-groups: [x]", "as-user-extra: {x: [y]}"])
def test_whoever_is_to_be_somebody_else_is_refused_by_name(
    collect: Collect, api: ApiServer, tmp_path: Path, field: str
) -> None:
    path = tmp_path / "kubeconfig.yaml"
    text = (CASES / "kubeconfig-that-impersonates" / "kubeconfig.yaml").read_text()
    path.write_text(text.replace("as: ped-readonly, as-groups: [viewers]", field).replace("SERVER", api.url))
    told = collect(api.cluster(endpoint=None, auth="kubeconfig", kubeconfig=str(path))).manifest
    assert told["error_class"] == "misconfigured"
    assert f"uses {field.split(':')[0]}, to be somebody else" in told["error_message"]
    assert api.exchanges == []


@pytest.mark.parametrize(
    "change",
    [
        {"token": "abc\n"},
        {"tokenFile": "token", "token": None},
        {"as": None, "as-groups": [], "exec": None, "auth-provider": {}, "username": ""},
    ],
    ids=["a newline behind the token", "a newline in its file", "what is empty is not there"],
)
def test_what_kubectl_takes_is_taken(
    collect: Collect, api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file()))
    config = yaml.safe_load((CASES / "kubeconfig-without-users" / "kubeconfig.yaml").read_text())
    config["clusters"][0]["cluster"] = {"server": f"{api.url}\n", "certificate-authority": None, "extensions": None}
    config["contexts"][0]["context"]["user"] = "u"
    config["users"] = [None, {"name": "u", "user": {"token": "abc", **change}}]
    (tmp_path / "token").write_text("abc\n")
    path = tmp_path / "kubeconfig.yaml"
    path.write_text(yaml.safe_dump(config))
    cluster = api.cluster(endpoint=None, ca_data=None, auth="kubeconfig", kubeconfig=str(path))
    assert collect(cluster).manifest["status"] == "complete"
    assert {exchange.token for exchange in api.exchanges} == {"abc"}


@pytest.mark.parametrize("text", [b"\xff", b"- name: 2026-13-01\n", b"[" * 5000, b"&a [*a]"])
def test_a_list_of_clusters_that_cannot_be_read_is_misconfigured(text: bytes) -> None:
    with pytest.raises(Misconfigured, match="the list of clusters is not"):
        clusters.parse(text)


@settings(max_examples=EXAMPLES, deadline=None)
@given(objects())
def test_an_odd_object_is_a_row_or_is_named(odd: tuple[str, bytes]) -> None:
    check_object(*odd)


@settings(max_examples=EXAMPLES, deadline=None)
@given(kubeconfigs())
def test_an_odd_kubeconfig_leads_to_a_cluster_or_is_refused(raw: bytes) -> None:
    check_kubeconfig(raw)
