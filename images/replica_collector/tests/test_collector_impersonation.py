"""Being the collector: the token, its age, and one sentence for whatever keeps the pod from having one."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from collector_api_server import ApiServer, Behaviour, ca_file, server_tls, serving
from collector_harness import Collect
from google_identity import COLLECTOR, OWN, IamCredentials, MetadataServer, refusal
from test_collector_output import Bucket

from replica_collector import gcs
from replica_collector.clusters import Cluster
from replica_collector.credentials import GoogleToken
from replica_collector.errors import ImpersonationError
from replica_collector.gcs import BucketOutput
from replica_collector.impersonation import ImpersonatedToken, OwnIfRefused

SECRET = "ya29.c.b0AUFJQsGx-secret"


@pytest.fixture
def iam(metadata: MetadataServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[IamCredentials]:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file()))
    with serving(server_tls()) as server:
        yield IamCredentials(server)


def impersonated(iam: IamCredentials, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> ImpersonatedToken:
    return ImpersonatedToken(GoogleToken(), COLLECTOR, iam.server.url, now)


def clusters(api: ApiServer) -> list[Cluster]:
    return [api.cluster(name, auth="google") for name in ("eu-1", "eu-2", "eu-3")]


def test_one_token_with_the_e_mail_in_it_serves_all_clusters(
    api: ApiServer, collect: Collect, iam: IamCredentials
) -> None:
    collected = collect(*clusters(api), google=impersonated(iam))
    assert {told["status"] for told in collected.manifests.values()} == {"complete"}
    assert {exchange.token for exchange in api.exchanges} == {"ya29.c.collector-1"}
    google = "https://www.googleapis.com/auth/"
    assert iam.asked == [{"scope": [f"{google}cloud-platform", f"{google}userinfo.email"], "lifetime": "900s"}]


def test_a_token_is_used_until_a_minute_before_its_end(iam: IamCredentials) -> None:
    moment = datetime.now(UTC)
    token = impersonated(iam, lambda: moment)
    first = token.token()
    moment += timedelta(minutes=13)
    assert token.token() == first
    moment += timedelta(minutes=1, seconds=5)
    assert token.token() != first and len(iam.asked) == 2


def test_a_rejected_token_is_renewed_once_it_has_an_age(iam: IamCredentials) -> None:
    moment = datetime.now(UTC)
    token = impersonated(iam, lambda: moment)
    first = token.token()
    assert not token.renew(first), "who rejects a token of this second rejects the next one too"
    moment += timedelta(minutes=2)
    assert token.renew(first) and token.token() != first
    assert token.renew(first), "another cluster had the old one"
    assert len(iam.asked) == 2


DENIED = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        pytest.param(
            refusal(403, "PERMISSION_DENIED", DENIED, "IAM_PERMISSION_DENIED"),
            f"{OWN} may not impersonate {COLLECTOR}: grant it roles/iam.serviceAccountTokenCreator on that service "
            "account (the right is iam.serviceAccounts.getAccessToken), or correct collector.impersonate if there is "
            "no such account",
            id="no-right",
        ),
        pytest.param(
            refusal(404, "NOT_FOUND", "Not found; Gaia id not found for email x"),
            f"there is no service account {COLLECTOR}: create it, or correct collector.impersonate",
            id="no-account",
        ),
        pytest.param(
            refusal(403, "PERMISSION_DENIED", "has not been used", "SERVICE_DISABLED", consumer="projects/4711"),
            "the IAM Credentials API is off in 4711: enable iamcredentials.googleapis.com there",
            id="api-off",
        ),
        pytest.param(
            refusal(403, "PERMISSION_DENIED", "insufficient", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
            f"the token of {OWN} lacks the scope cloud-platform: it cannot ask for one of {COLLECTOR}",
            id="scope",
        ),
        pytest.param(
            refusal(400, "INVALID_ARGUMENT", "lifetime is too long"),
            f"the IAM Credentials API at 127.0.0.1 answered HTTP 400 for {COLLECTOR}: lifetime is too long",
            id="invalid",
        ),
        pytest.param(
            lambda exchange: exchange.send(503, b"<html>") or True,
            f"the IAM Credentials API at 127.0.0.1 answered HTTP 503 for {COLLECTOR}",
            id="down",
        ),
        pytest.param(
            lambda exchange: exchange.send(302, b"", Location="https://elsewhere.example") or True,
            "the IAM Credentials API at 127.0.0.1 cannot be asked: HTTP 302",
            id="redirect",
        ),
        *(
            pytest.param(
                lambda exchange, answer=answer: exchange.send(200, answer) or True,
                "the IAM Credentials API at 127.0.0.1 answered something that is not a token",
                id=name,
            )
            for name, answer in {
                "html": b"<html>",
                "no-token": {"expireTime": "2030-01-01T00:00:00Z"},
                "no-end": {"accessToken": SECRET},
                "end-is-no-time": {"accessToken": SECRET, "expireTime": "soon"},
                "token-is-two-lines": {"accessToken": f"{SECRET}\r\nX: y", "expireTime": "2030-01-01T00:00:00Z"},
            }.items()
        ),
    ],
)
def test_what_keeps_the_pod_from_a_token_is_found_out_once_and_told_of_every_cluster(
    api: ApiServer,
    collect: Collect,
    iam: IamCredentials,
    capfd: pytest.CaptureFixture[str],
    fault: Behaviour,
    sentence: str,
) -> None:
    iam.fault = fault
    collected = collect(*clusters(api), google=impersonated(iam))
    assert collected.status == 0 and len(collected.manifests) == 3
    (told,) = {(told["status"], told["error_class"], told["error_message"]) for told in collected.manifests.values()}
    assert told[:2] == ("failed", "impersonation") and sentence in told[2]
    assert api.exchanges == [], "no cluster is asked as somebody else"
    assert len(iam.asked) == (5 if "503" in sentence else 1), "weather is tried again, an answer is not"
    logged = capfd.readouterr().err
    assert len([line for line in logged.splitlines() if json.loads(line)["severity"] == "ERROR"]) == 1
    assert "secret" not in logged and "secret" not in json.dumps(collected.manifests)


def test_an_api_that_cannot_be_reached(api: ApiServer, collect: Collect, metadata: MetadataServer) -> None:
    google = ImpersonatedToken(GoogleToken(), COLLECTOR, "https://127.0.0.1:1")
    told = collect(*clusters(api), google=google).manifests["eu-2"]
    assert told["error_class"] == "impersonation" and "127.0.0.1 cannot be asked" in told["error_message"]


def test_a_pod_without_an_identity_of_its_own(
    iam: IamCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nowhere.json"))
    with pytest.raises(ImpersonationError, match=f"nobody can impersonate {COLLECTOR} without a token"):
        impersonated(iam).token()
    assert iam.asked == []


def test_a_token_shows_in_no_exception(iam: IamCredentials) -> None:
    iam.fault = lambda exchange: exchange.send(200, {"accessToken": SECRET, "expireTime": 7}) or True
    with pytest.raises(ImpersonationError) as failure:
        impersonated(iam).token()
    error: BaseException | None = failure.value
    while error is not None:
        assert SECRET not in repr(error)
        error = error.__context__
    assert SECRET not in failure.getrepr(style="long", showlocals=False).__str__()


@pytest.mark.parametrize("is_granted", [True, False], ids=["granted", "refused"])
def test_who_writes(
    api: ApiServer,
    collect: Collect,
    iam: IamCredentials,
    monkeypatch: pytest.MonkeyPatch,
    is_granted: bool,
) -> None:
    """The collector writes; only a pod that may not be the collector says so as who it is."""
    if not is_granted:
        iam.fault = refusal(403, "PERMISSION_DENIED", DENIED)
    google = impersonated(iam)
    with serving(server_tls()) as storage:
        bucket = Bucket(storage)
        monkeypatch.setattr(gcs, "SERVICE", storage.url)
        output = BucketOutput("gs://replicas", OwnIfRefused(google, GoogleToken()), {})
        assert collect(*clusters(api), google=google, output=output).status == 0
    assert len(bucket.objects) == (6 if is_granted else 3), "rows and a manifest, or a manifest that says why not"
    tokens = {exchange.token for exchange in storage.exchanges}
    assert tokens == ({"ya29.c.collector-1"} if is_granted else {"ya29.2"})
