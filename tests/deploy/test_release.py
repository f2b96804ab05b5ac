"""A deploy and a rollback against a gcloud whose environment is a folder, stopped at each call in turn."""

import shutil
from pathlib import Path

import pytest

from deploy import bundle
from tests.deploy.shop import HOUSEKEEPING, WATCH, Shop


def test_a_deploy_brings_the_build_in_order_and_lets_the_watch_run_again(shop: Shop) -> None:
    before = shop.state["current"]
    status, said = shop.run("deploy", "shop")
    assert status == 0, said
    built = bundle.build(shop.root, shop.root / "build" / "composer")
    releases = f"releases/pedwatch/{built.id}"
    run_id = next(iter(shop.now["runs"][HOUSEKEEPING]))
    assert shop.changes() == [
        f"rsync {releases}",
        f"cp {releases}/release.json",
        "create",
        "cp releases/pedwatch/state.json",
        f"pause {WATCH}",
        "rsync plugins",
        "rsync plugins/pedwatch/include",
        "rsync dags",
        f"trigger {HOUSEKEEPING}",
        f"unpause {WATCH}",
        "cp releases/pedwatch/state.json",
        "update projects/shop-prod/snoozes/2",
    ]
    assert run_id.startswith(f"deploy__{built.id}__")
    assert shop.now["snoozes"][1] == "+PT30M", "three cycles of ten minutes, counted from the end"
    assert (shop.state["current"], shop.state["previous"], shop.state["unfinished"]) == (built.id, before, None)
    for name in built.files:
        if name not in ("requirements.txt", "plugins/.airflowignore"):
            assert (shop.bucket / name).read_bytes() == (built.folder / name).read_bytes()


def test_what_is_replaced_stays_for_one_deploy_and_what_is_others_for_good(shop: Shop) -> None:
    shop.run("deploy", "shop")
    assert shop.modules() == ["module_1.py", "module_2.py"], "tasks that are running import what they began with"
    shop.change(3)
    assert shop.run("deploy", "shop")[0] == 0
    assert shop.modules() == ["module_2.py", "module_3.py"]
    assert (shop.bucket / "dags/others.py").is_file() and (shop.bucket / "plugins/theirs/a.py").is_file()
    assert (shop.bucket / "plugins/.airflowignore").read_text() == "theirs/\npedwatch/\n"


def test_a_rollback_brings_the_build_before_back_and_a_second_one_goes_forward(shop: Shop) -> None:
    before = shop.state["current"]
    shop.run("deploy", "shop")
    after = shop.state["current"]
    shutil.rmtree(shop.root / "build")
    for wanted, statement in ((before, "SELECT 1\n"), (after, "SELECT 2\n")):
        status, said = shop.run("rollback", "shop")
        assert status == 0, said
        assert (shop.bucket / "plugins/pedwatch/include/sql/statement.sql").read_text() == statement
        assert shop.state["current"] == wanted
        assert shop.now["parsed"][WATCH] == [f"build {wanted}"] and shop.now["paused"] == []
    assert (
        "there is no build nothing to go back to; kept are: " + after
        in shop.run("rollback", "shop", "--to", "nothing")[1]
    )


def test_five_builds_are_kept_to_go_back_to(shop: Shop) -> None:
    ids = [shop.state["current"]]
    for number in range(2, 8):
        ids.append(shop.change(number))
        assert shop.run("deploy", "shop")[0] == 0
    kept = sorted(path.name for path in (shop.bucket / "releases/pedwatch").iterdir() if any(path.glob("*.json")))
    assert kept == sorted(ids[-5:])
    assert shop.run("rollback", "shop", "--to", ids[-4])[0] == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_stopped_at_any_call_it_says_how_things_are_and_goes_on(shop: Shop, when: str, tmp_path: Path) -> None:
    """Each call in turn is refused, or done without an answer; what runs is not touched, and nothing is silent."""
    begun = shop.cloud
    shop.cloud = tmp_path / "0"
    shutil.copytree(begun, shop.cloud)
    assert shop.run("deploy", "shop")[0] == 0
    calls, wanted = len(shop.now["calls"]), shop.state["current"]
    assert calls > 20
    for number in range(1, calls + 1):
        shop.cloud = tmp_path / str(number)
        shutil.copytree(begun, shop.cloud)
        shop.set(fails=[number, when])
        status, said = shop.run("deploy", "shop")
        assert status == 1 and "ERROR: (gcloud." in said, (number, said)
        is_paused = WATCH in shop.now["paused"]
        if is_paused:
            assert "IS PAUSED: nothing is watched" in said and "dags unpause -- ped_replica_watch" in said, (
                number,
                said,
            )
        assert "make deploy ENV=shop" in said or shop.state["unfinished"] is None, (number, said)
        assert "module_1.py" in shop.modules(), "what a running task imports is there"
        shop.set(fails=None)
        status, said = shop.run("deploy", "shop")
        assert status == 0, (number, said)
        assert shop.now["paused"] == [] and shop.state["current"] == wanted, number
        assert shop.now["parsed"] == {name: [f"build {wanted}"] for name in (WATCH, HOUSEKEEPING)}
        assert shop.modules() == ["module_1.py", "module_2.py"]


def test_a_deploy_that_was_stopped_halfway_can_be_taken_back(shop: Shop) -> None:
    before = shop.state["current"]
    shop.run("deploy", "shop", "--dry-run")
    shop.set(polls_until_parsed=10_000)
    status, said = shop.run("deploy", "shop")
    assert status == 1 and "not yet serialized: ped_" in said and "IS PAUSED" in said
    shop.set(polls_until_parsed=1)
    assert shop.run("rollback", "shop")[0] == 0
    assert (shop.state["current"], shop.now["paused"]) == (before, [])
    assert (shop.bucket / "plugins/pedwatch/include/sql/statement.sql").read_text() == "SELECT 1\n"


def test_a_watch_that_somebody_paused_stays_so(shop: Shop) -> None:
    shop.set(paused=[WATCH])
    status, said = shop.run("deploy", "shop")
    assert (status, shop.now["paused"]) == (0, [WATCH])
    assert "ped_replica_watch is paused, as it was: unpause it" in said


def test_it_waits_for_the_run_that_is_going_on(shop: Shop) -> None:
    shop.set(runs={WATCH: {"scheduled__1": "running"}})
    status, said = shop.run("deploy", "shop")
    assert status == 0 and "waiting: scheduled__1" in said


def test_an_image_is_changed_after_a_snapshot_and_only_when_it_is_asked_for(shop: Shop) -> None:
    shop.configure(image="composer-3-airflow-3.3.1-build.10")
    assert shop.run("deploy", "shop")[0] == 0
    changes = shop.changes()
    assert changes.index(f"pause {WATCH}") < changes.index("save pedwatch") < changes.index("update pedwatch")
    assert changes.index("update pedwatch") < changes.index("rsync plugins")
    assert (shop.now["image"], shop.now["snapshots"]) == ("composer-3-airflow-3.3.1-build.10", 1)
    shop.change(3)
    assert shop.run("deploy", "shop")[0] == 0
    assert shop.now["snapshots"] == 1


def test_a_dag_that_a_build_no_longer_has_is_paused_and_its_file_goes_with_the_next(shop: Shop) -> None:
    shop.write("dags/ped_old.py", 'BUILD = "source"\n')
    assert shop.run("deploy", "shop")[0] == 0
    shop.set(paused=[])
    (shop.root / "dags/ped_old.py").unlink()
    assert shop.run("deploy", "shop")[0] == 0
    assert shop.now["paused"] == ["ped_old"] and (shop.bucket / "dags/ped_old.py").is_file()
    shop.change(3)
    assert shop.run("deploy", "shop")[0] == 0
    assert not (shop.bucket / "dags/ped_old.py").exists()


def test_errors_of_our_files_are_told_and_those_of_others_are_theirs(shop: Shop) -> None:
    shop.set(errors={"others.py": "Traceback\nSyntaxError: theirs"})
    assert shop.run("deploy", "shop")[0] == 0
    shop.change(3)
    shop.set(errors={f"{WATCH}.py": "Traceback\nImportError: cannot import name build"}, tagged=["configuration wrong"])
    status, said = shop.run("deploy", "shop")
    assert status == 1 and "ped_replica_watch.py: ImportError: cannot import name build" in said
    assert "the DAGs say configuration wrong: the log of any run's first task says what" in said


def test_housekeeping_that_fails_is_told_and_the_watch_runs(shop: Shop) -> None:
    shop.set(run_ends_as="failed")
    status, said = shop.run("deploy", "shop")
    assert status == 1 and "but ped_housekeeping is failed: look at its run deploy__" in said
    assert shop.now["paused"] == [] and shop.state["unfinished"] is None
