"""The list of clusters as GKE sends it, held against GKE's own description."""

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.contracts.descriptions import Schema, description
from sandbox.kubernetes.tests.servers import Server

ON_PURPOSE = {"clusters[].futureField"}  # clients ignore what they do not know
ENDPOINTS = ("dns", "private", "public", "none")


def listed(server: Server, query: str = "", **project: Any) -> dict[str, Any]:
    server.control.set_gke_project("shop", project)
    tls = ssl.create_default_context(cafile=server.folder / "ca.pem")
    with urllib.request.urlopen(f"{server.url}/v1/projects/shop/locations/-/clusters{query}", context=tls) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def unknown(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """Places that the description does not have, or has as another type."""
    resolved = description("container").resolved(schema)
    types = {"object": dict, "array": list, "string": str, "boolean": bool}
    if resolved["type"] in types and not isinstance(value, types[resolved["type"]]):
        yield path
    elif isinstance(value, list):
        for element in value:
            yield from unknown(element, resolved["items"], f"{path}[]")
    elif isinstance(value, dict):
        for name, held in value.items():
            below = resolved.get("properties", {}).get(name) or resolved.get("additionalProperties")
            place = f"{path}.{name}".lstrip(".")
            yield from unknown(held, below, place) if below else [place]


def test_an_answer_holds_what_the_description_has(server: Server) -> None:
    clusters = [{"name": endpoint, "labels": {"a": "b"}, "endpoint": endpoint} for endpoint in ENDPOINTS]
    answer = listed(server, clusters=clusters, missing_zones=["europe-west1-b"])
    assert set(unknown(answer, {"$ref": "ListClustersResponse"})) == ON_PURPOSE


def test_statuses_are_numbers_for_who_asks_for_them(server: Server) -> None:
    clusters = [{"name": "a"}, {"name": "b", "status": "DEGRADED"}, {"name": "c", "status": 7}]
    numbers = listed(server, "?$alt=json;enum-encoding=int", clusters=clusters)
    assert [one["status"] for one in numbers["clusters"]] == [2, 6, 7]
    words = listed(server, clusters=clusters)
    assert [one["status"] for one in words["clusters"]] == ["RUNNING", "DEGRADED", "NEWER_THAN_THE_SANDBOX"]


def test_addresses_have_no_scheme_and_the_way_in_is_told_apart(server: Server) -> None:
    found = listed(server, clusters=[{"name": endpoint, "endpoint": endpoint} for endpoint in ENDPOINTS])["clusters"]
    ways = {one["name"]: one["controlPlaneEndpointsConfig"] for one in found}
    dns = {name: way["dnsEndpointConfig"] for name, way in ways.items()}
    assert all(one["endpoint"] and "://" not in one["endpoint"] for one in dns.values()), "always present"
    assert {name for name, one in dns.items() if one["allowExternalTraffic"]} == {"dns"}
    ip = {name: set(way["ipEndpointsConfig"]) - {"enabled"} for name, way in ways.items()}
    assert ip == {"dns": set(), "private": {"privateEndpoint"}, "public": {"publicEndpoint"}, "none": set()}
    assert {one["name"] for one in found if "endpoint" in one} == {"private", "public"}
    authorities = {base64.b64decode(one["masterAuth"]["clusterCaCertificate"]) for one in found}
    assert authorities == {(server.folder / "ca.pem").read_bytes()}


def test_a_refusal_has_its_reason_in_a_list_too(server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        listed(server, fault="forbidden")
    error = json.load(refused.value)["error"]
    assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
    assert error["errors"] == [{"message": error["message"], "domain": "global", "reason": "forbidden"}]
