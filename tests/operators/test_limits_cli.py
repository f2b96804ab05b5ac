"""``python -m pedwatch limits`` as people and pipelines type it, against a running Firestore."""

import json
from pathlib import Path

import pytest
import yaml

from pedwatch.cli import main
from pedwatch.config import Config
from pedwatch.hooks.clients import AsPerson
from pedwatch.limits.store.firestore import FirestoreLimits

GOOD = """\
environment: prod
team_id: orders
api_id: orders-api
max_replicas: 12
grant: {approver: ana@platform, ticket: CAP-1}
"""


@pytest.fixture
def ped(tmp_path: Path, config: Config, limit_store: FirestoreLimits, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one PED file, and the configuration of the command line."""
    path = tmp_path / "pedwatch.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    monkeypatch.setenv("PEDWATCH_CONFIG", str(path))
    folder = tmp_path / "ped"
    folder.mkdir()
    (folder / "orders.yaml").write_text(GOOD, encoding="utf-8")
    return folder


def test_a_dry_run_writes_nothing(ped: Path, limit_store: FirestoreLimits, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["limits", "publish", str(ped)]) == 0
    out = capsys.readouterr().out
    assert "+ prod.orders.orders-api added: max_replicas 12" in out
    assert "dry run: nothing was written; add --apply" in out
    assert list(limit_store.matching()) == []


def test_publish_then_get(ped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--source-repo", "https://git/ped", "--source-commit", "abc"]
    assert main(["limits", "publish", str(ped), "--apply", *arguments]) == 0
    assert "published 1 document;" in capsys.readouterr().out
    assert main(["limits", "get", "orders-api", "--environment", "prod", "--format", "json"]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert (found["limit_id"], found["max_replicas"]) == ("prod.orders.orders-api", 12)
    assert (found["source"]["repo"], found["source"]["commit"]) == ("https://git/ped", "abc")
    assert main(["limits", "get", "orders-api"]) == 0
    assert capsys.readouterr().out == (
        "prod.orders.orders-api: at most 12 replicas per cluster, granted by ana@platform, CAP-1\n"
    )
    assert main(["limits", "get", "orders-api", "--format", "yaml"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["max_replicas"] == 12


def test_what_a_program_reads_of_it(ped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["limits", "diff", str(ped), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    [change] = found["changes"]
    assert (change["kind"], change["limit_id"], change["max_replicas"]) == ("added", "prod.orders.orders-api", 12)
    assert found["replay"] and found["remarks"] == []
    assert main(["limits", "publish", str(ped), "--apply", "--no-replay", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["is_published"]
    (ped / "orders.yaml").write_text(GOOD.replace("12", "13"), encoding="utf-8")
    assert main(["limits", "publish", str(ped), "--no-replay", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["changes"][0]["fields"] == [{"field": "max_replicas", "before": 12, "after": 13}]
    assert (found["is_published"], found["replay"]) == (False, [])

    (ped / "bad.yaml").write_text("environment: prod\nteam: orders\n", encoding="utf-8")
    assert main(["limits", "validate", str(ped), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["valid"], found["limits"]) == (False, 1)
    [unknown] = [problem for problem in found["problems"] if problem["field"] == "team"]
    assert (unknown["file"], unknown["line"]) == (str(ped / "bad.yaml"), 2)


def test_list_is_an_overview(ped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["limits", "list"]) == 0
    assert capsys.readouterr().err == "there are no limits\n"
    (ped / "batch.yaml").write_text(
        GOOD.replace("orders\n", "payments\n") + "selectors: {cluster: eu-*, labels: {tier: gold}}\n", encoding="utf-8"
    )
    assert main(["limits", "publish", str(ped), "--apply", "--no-replay"]) == 0
    capsys.readouterr()
    assert main(["limits", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "limit                     replicas  scope    selectors               from  granted by          exemptions",
        "prod.orders.orders-api          12  cluster  –                       –     ana@platform CAP-1  –",
        "prod.payments.orders-api        12  cluster  cluster=eu-* tier=gold  –     ana@platform CAP-1  –",
    ]
    assert main(["limits", "list", "--team", "payments", "--format", "json"]) == 0
    assert [one["limit_id"] for one in json.loads(capsys.readouterr().out)] == ["prod.payments.orders-api"]
    assert main(["limits", "list", "--team", "nobody"]) == 0
    assert capsys.readouterr().err == "there are no limits of nobody\n"


def test_publishing_again_says_that_there_is_nothing_to_do(ped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["limits", "publish", str(ped), "--apply"])
    capsys.readouterr()
    assert main(["limits", "publish", str(ped), "--apply"]) == 0
    assert capsys.readouterr().out == "nothing to publish: Firestore already says the same\n"


def test_one_bad_document_does_not_hide_the_others(
    ped: Path, limit_store: FirestoreLimits, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    (ped / "batch.yaml").write_text(GOOD + "name: batch\nselectors: {name: b-*}\n", encoding="utf-8")
    assert main(["limits", "publish", str(ped), "--apply"]) == 0
    document = AsPerson().firestore(config).collection(config.firestore.collection).document("prod.orders.orders-api")
    document.update({"max_replicas": -1})
    capsys.readouterr()
    assert main(["limits", "get", "orders-api"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("prod.orders.orders-api.batch: at most 12 replicas")
    assert "prod.orders.orders-api in Firestore does not validate (max_replicas: must be 0 or more, not -1)" in err


def test_no_limit_is_exit_status_three(ped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["limits", "get", "nobody", "--environment", "prod"]) == 3
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "nobody has no limit in prod\n")


def test_a_withdrawn_limit_is_no_limit(ped: Path) -> None:
    main(["limits", "publish", str(ped), "--apply"])
    (ped / "orders.yaml").write_text(GOOD.replace("orders-api", "other-api"), encoding="utf-8")
    main(["limits", "publish", str(ped), "--apply", "--withdraw-missing"])
    assert main(["limits", "get", "orders-api"]) == 3
    assert main(["limits", "get", "other-api"]) == 0


def test_one_bad_document_publishes_nothing(
    ped: Path, limit_store: FirestoreLimits, capsys: pytest.CaptureFixture[str]
) -> None:
    (ped / "bad.yaml").write_text(GOOD.replace("12", "-1").replace("orders-api", "bad"), encoding="utf-8")
    assert main(["limits", "publish", str(ped), "--apply"]) == 1
    assert "bad.yaml:4: max_replicas: must be 0 or more, not -1" in capsys.readouterr().err
    assert list(limit_store.matching()) == []
    assert main(["limits", "publish", str(ped), "--apply", "--skip-invalid"]) == 0
    assert [document.document_id for document in limit_store.matching()] == ["prod.orders.orders-api"]


def test_validate_needs_nothing_but_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(GOOD, encoding="utf-8")
    assert main(["limits", "validate", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 limit in 1 file: valid\n"
