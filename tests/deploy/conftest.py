"""An environment that runs a build, and the sources of the next."""

from pathlib import Path

import pytest

from tests.deploy.shop import Shop


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An environment that runs build 1, and sources of build 2; somebody else's DAG and plugin lie there too."""
    made = Shop(tmp_path, capsys)
    made.change(1)
    for name, text in (
        ("dags/others.py", "x = 1\n"),
        ("plugins/.airflowignore", "theirs/\n"),
        ("plugins/theirs/a.py", ""),
    ):
        (made.bucket / name).parent.mkdir(parents=True, exist_ok=True)
        (made.bucket / name).write_text(text)
    status, said = made.run("deploy", "shop")
    assert status == 0 and "ped_replica_watch is paused, as it was" in said, "Airflow pauses what is new"
    made.set(paused=[])
    made.change(2)
    return made
