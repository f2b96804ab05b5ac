"""The checks find what they are for: a sound exchange, and each way to make it deviate."""

import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.contracts.descriptions import description
from sandbox.traffic import Recorder
from tests.contracts.checking import check
from tests.contracts.deviations import Deviation, Findings, complaints, known

BIGQUERY, STORAGE = "/bigquery/v2/projects/shop", "/storage/v1/b/evidence/o"
QUERY = {"query": "SELECT 1", "useLegacySql": False}
JOB = {"jobReference": {"jobId": "j", "projectId": "shop", "location": "EU"}, "configuration": {"query": QUERY}}
DONE = JOB | {
    "kind": "bigquery#job",
    "etag": "e",
    "id": "shop:EU.j",
    "selfLink": "/j",
    "user_email": "a@b.c",
    "configuration": {"query": QUERY, "jobType": "QUERY"},
    "statistics": {"creationTime": "1", "startTime": "1", "endTime": "2", "query": {"statementType": "SELECT"}},
    "status": {"state": "DONE"},
}
OBJECT = {
    "kind": "storage#object",
    "id": "e/o/1",
    "selfLink": "/o",
    "name": "o",
    "bucket": "evidence",
    "generation": "1",
    "metageneration": "1",
    "contentType": "text/plain",
    "storageClass": "STANDARD",
    "size": "1",
    "md5Hash": "aa==",
    "crc32c": "aa==",
    "etag": "e",
    "timeCreated": "2026-03-02T10:00:00Z",
    "updated": "2026-03-02T10:00:00Z",
    "mediaLink": "https://storage/o",
}
ENDPOINTS = {"dnsEndpointConfig": {"endpoint": "uid.gke.goog"}, "ipEndpointsConfig": {"enabled": True}}
CLUSTER = {
    "name": "eu",
    "location": "EU",
    "status": 2,
    "endpoint": "34.1.2.3",
    "id": "i",
    "selfLink": "/c",
    "masterAuth": {"clusterCaCertificate": "QQ=="},
    "controlPlaneEndpointsConfig": ENDPOINTS,
}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
}
PAGE = {"ok": True, "messages": [], "has_more": False, "channel_actions_ts": None, "channel_actions_count": 0}

SOUND: dict[str, tuple[str, str, Any, Any]] = {
    "job": ("POST", f"{BIGQUERY}/jobs?prettyPrint=false", JOB, DONE),
    "results": (
        "GET",
        f"{BIGQUERY}/queries/j?location=EU&maxResults=0",
        None,
        {"jobReference": JOB["jobReference"], "jobComplete": True, "totalRows": "0"},
    ),
    "object": ("GET", f"{STORAGE}/manifests%2Fa.json", None, OBJECT),
    "clusters": (
        "GET",
        "/v1/projects/shop/locations/-/clusters?alt=json",
        None,
        {"clusters": [CLUSTER | {"status": "RUNNING"}]},
    ),
    "pod": ("POST", "/clusters/composer/api/v1/namespaces/ns/pods", POD, POD),
    "history": ("GET", "/api/conversations.history?channel=C1&limit=100", None, PAGE),
}
SERVICES = {
    "job": "bigquery", "results": "bigquery", "object": "storage", "clusters": "container", "pod": "kubernetes",
    "history": "slack",
}  # fmt: skip


def found(folder: Path, service: str, verb: str, target: str, asked: Any, answered: Any, status: int = 200) -> Findings:
    """Record an exchange and check it."""
    headers = {"Content-Type": "application/json"}
    request = b"" if asked is None else json.dumps(asked).encode()
    recorder = Recorder(service, folder)
    recorder.saw(verb, target, headers, request, status, headers, json.dumps(answered).encode())
    return check(folder)


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_exchange_is_silent(tmp_path: Path, name: str) -> None:
    findings = found(tmp_path, SERVICES[name], *SOUND[name])
    assert findings.examples == {}
    assert sum(findings.exchanges.values()) == 1


Change = Callable[[Any, Any], object]
CHANGES: list[tuple[str, str, Change]] = [
    ("job", "request: unknown field", lambda asked, told: asked["configuration"]["query"].update(noSuchField=1)),
    ("job", "request: wrong type", lambda asked, told: asked["configuration"]["query"].update(useLegacySql="false")),
    ("job", "request: legacy SQL", lambda asked, told: asked["configuration"]["query"].pop("useLegacySql")),
    ("job", "request: job without a location", lambda asked, told: asked["jobReference"].pop("location")),
    ("job", "request: read-only field", lambda asked, told: asked.update(etag="e")),
    ("job", "response: field absent", lambda asked, told: told["jobReference"].pop("location")),
    ("job", "response: no integer", lambda asked, told: told["statistics"].update(endTime="now")),
    ("job", "response: wrong type", lambda asked, told: told["statistics"].update(endTime=2)),
    ("job", "response: null", lambda asked, told: told.update(etag=None)),
    ("job", "response: empty array", lambda asked, told: told["status"].update(errors=[])),
    ("job", "response: another kind", lambda asked, told: told.update(kind="bigquery#table")),
    ("job", "response: endTime against the state", lambda asked, told: told["status"].update(state="RUNNING")),
    (
        "job",
        "response: field of DML alone",
        lambda asked, told: told["statistics"]["query"].update(numDmlAffectedRows="1"),
    ),
    ("results", "response: results of a job that is not done", lambda asked, told: told.update(jobComplete=False)),
    ("results", "response: unknown field", lambda asked, told: told.update(dmlStats={"insertedRowCount": "1"})),
    ("object", "response: no time", lambda asked, told: told.update(updated="yesterday")),
    (
        "clusters",
        "response: value outside the enum",
        lambda asked, told: told["clusters"][0].update(status="SUSPENDED"),
    ),
    ("clusters", "response: no bare host", lambda asked, told: told["clusters"][0].update(endpoint="https://34.1.2.3")),
    ("clusters", "response: field absent", lambda asked, told: told["clusters"][0]["masterAuth"].clear()),
    (
        "pod",
        "request: wrong type",
        lambda asked, told: asked["spec"]["containers"][0].update(env=[{"name": "A", "value": 5}]),
    ),
    ("pod", "request: required field absent", lambda asked, told: asked["spec"]["containers"][0].pop("name")),
    ("pod", "response: unknown field", lambda asked, told: told["spec"].update(bogus=1)),
    ("history", "response: field absent", lambda asked, told: told.pop("has_more")),
    ("history", "response: wrong type", lambda asked, told: told.update(has_more="no")),
]


@pytest.mark.parametrize(("name", "kind", "change"), CHANGES, ids=[f"{name}: {kind}" for name, kind, _ in CHANGES])
def test_what_deviates_is_found(tmp_path: Path, name: str, kind: str, change: Change) -> None:
    verb, target, asked, answered = copy.deepcopy(SOUND[name])
    change(asked, answered)
    kinds = {
        f"{one.side}: {one.kind}" for one in found(tmp_path, SERVICES[name], verb, target, asked, answered).examples
    }
    assert kind in kinds


REFUSAL = {"ok": False, "error": "channel_not_found"}
REFUSED = {"error": {"code": 404, "message": "Not found", "errors": [{"reason": "notFound"}]}}


@pytest.mark.parametrize(
    ("service", "verb", "target", "asked", "answered", "status", "kind"),
    [
        ("bigquery", "GET", f"{BIGQUERY}/jobs/j?nonsense=1", None, DONE, 200, "unknown parameter"),
        ("bigquery", "GET", f"{BIGQUERY}/queries/j?maxResults=all", None, {}, 200, "wrong type"),
        ("bigquery", "GET", f"{BIGQUERY}/models", None, {}, 200, "no such method"),
        ("bigquery", "GET", f"{BIGQUERY}/jobs/j", {"a": 1}, DONE, 200, "body of a method without one"),
        ("bigquery", "GET", f"{BIGQUERY}/jobs/j", None, {"error": "gone"}, 404, "error without its object"),
        ("bigquery", "GET", f"{BIGQUERY}/jobs/j", None, REFUSED, 400, "error without code and message"),
        ("container", "GET", "/v1/projects/p/locations/-/clusters?$alt=json;enum-encoding=int", None,
         {"clusters": [CLUSTER | {"status": "RUNNING"}]}, 200, "enum not as a number"),
        ("storage", "GET", "/download/storage/v1/b/e/o/a/b?alt=media", None, {}, 200, "name not percent-encoded"),
        ("slack", "POST", "/api/conversations.replies", {"channel": "C1", "ts": "1.2"}, REFUSAL, 200,
         "JSON to a method that reads none"),
        ("slack", "GET", "/api/conversations.info?channel=C1&nom=1", None, REFUSAL, 200, "unknown argument"),
        ("slack", "GET", "/api/conversations.info", None, REFUSAL, 200, "argument absent"),
        ("slack", "GET", "/api/conversations.info?channel=C1", None, {"ok": False, "error": "made_up"}, 200,
         "error that is not listed"),
        ("slack", "GET", "/api/no.such", None, {"ok": True}, 200, "no such method"),
        ("kubernetes", "GET", "/clusters/c/apis/apps/v1/deployments", None, {"reason": 5}, 403, "wrong type"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_call(
    tmp_path: Path, service: str, verb: str, target: str, asked: Any, answered: Any, status: int, kind: str
) -> None:
    findings = found(tmp_path, service, verb, target, asked, answered, status)
    assert kind in {one.kind for one in findings.examples}


def test_an_upload_is_checked_by_its_first_part(tmp_path: Path) -> None:
    part = json.dumps({"name": "a", "noSuchField": 1})
    body = (
        f"--x\r\nContent-Type: application/json\r\n\r\n{part}\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--"
    )
    headers = {"Content-Type": "multipart/related; boundary=x"}
    recorder = Recorder("storage", tmp_path)
    answer = json.dumps(OBJECT).encode()
    recorder.saw("POST", f"/upload{STORAGE}?uploadType=multipart", headers, body.encode(), 200, {}, answer)
    (one,) = check(tmp_path).examples
    assert (one.kind, one.place) == ("unknown field", "storage.objects.insert Object.noSuchField")


def test_what_repeats_is_counted_and_kept_once(tmp_path: Path) -> None:
    recorder = Recorder("bigquery", tmp_path)
    for number in range(100):
        answer = json.dumps(DONE | {"etag": f"e{number}"}).encode()
        recorder.saw("GET", f"{BIGQUERY}/jobs/job_{number}?location=EU", {}, b"", 200, {}, answer)
    recorder.saw("GET", f"{BIGQUERY}/jobs/last", {}, b"", 200, {}, json.dumps(DONE | {"newField": 1}).encode())
    (path,) = tmp_path.glob("*.jsonl")
    assert sum(line.startswith("{") for line in path.read_text().splitlines()) < 30
    findings = check(tmp_path)
    assert findings.exchanges == {"bigquery.jobs.get": 101}
    assert [one.place for one in findings.examples] == ["bigquery.jobs.get Job.newField"]


def test_packed_answers_are_unpacked_and_large_ones_left_out(tmp_path: Path) -> None:
    recorder = Recorder("kubernetes", tmp_path)
    path, packed = "/clusters/eu/api/v1/namespaces/ns/pods/p", {"Content-Encoding": "gzip"}
    recorder.saw("GET", path, {}, b"", 200, packed, gzip.compress(json.dumps(POD | {"bogus": 1}).encode()))
    recorder.saw("GET", path, {}, b"", 200, {}, b" " * 2_000_000)
    findings = check(tmp_path)
    assert [one.kind for one in findings.examples] == ["unknown field"]
    assert findings.unchecked == {"kubernetes": 1}


def test_a_new_deviation_and_one_that_vanished_are_complaints() -> None:
    old, new = Deviation("response", "null", "a b"), Deviation("request", "unknown field", "c d")
    findings = Findings()
    findings.add(new.side, new.kind, new.place, "1")
    assert complaints(findings, [new], is_whole=True) == []
    (told,) = complaints(findings, [], is_whole=False)
    assert "new deviation: request: unknown field: c d, e.g. 1" in told
    (told,) = complaints(findings, [new, old], is_whole=True)
    assert "strike it off deviations.yaml: response: null: a b" in told
    assert complaints(findings, [new, old], is_whole=False) == []


def test_the_list_can_be_read_and_gives_reasons() -> None:
    assert all(len(reason) > 20 for reason in known().values())


@pytest.mark.parametrize("service", ["bigquery", "container", "kubernetes", "slack", "storage"])
def test_descriptions_say_where_they_come_from(service: str) -> None:
    assert {"source", "revision", "licence", "reduced"} <= description(service).about.keys()
