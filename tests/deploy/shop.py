"""A repository of two DAGs, the environment it is deployed to, and the commands of the Makefile."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy import bundle, release
from deploy.gcloud import Done
from tests.deploy.fake_gcloud import FakeGcloud

WATCH, HOUSEKEEPING = "ped_replica_watch", "ped_housekeeping"
CHANGES = ("pause", "unpause", "trigger", "cp", "rsync", "rm", "save", "update", "create")


class Shop:
    """A repository, an environment, and the commands of the Makefile."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.environments, self.cloud = folder / "root", folder / "environments", folder / "cloud"
        self._capsys = capsys
        self.configure()
        self.write(
            "requirements.txt", "# ours\napache-airflow-providers-slack==9.10.2\ngoogle-cloud-firestore==2.28.1\n"
        )
        shipped = (bundle.ROOT / "include" / "config" / "pedwatch.yaml").read_text()
        self.write("include/config/pedwatch.yaml", shipped + "\ncycle_minutes: 10\n")
        self.write("plugins/.airflowignore", "pedwatch/\n")
        self.write("plugins/pedwatch/__init__.py", 'BUILD = "source"\n')
        for dag_id in (WATCH, HOUSEKEEPING):
            self.write(f"dags/{dag_id}.py", 'BUILD = "source"\n')

    def configure(self, **fields: object) -> None:
        fields = {"absence_policies": ["projects/shop-prod/alertPolicies/1"]} | fields
        self.environments.mkdir(parents=True, exist_ok=True)
        document = {"project": "shop-prod", "location": "europe-west1", "environment": "pedwatch"} | fields
        (self.environments / "shop.yaml").write_text(json.dumps(document))

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def change(self, number: int) -> str:
        """The sources of a build, each with a module that no other has; returns its id."""
        for path in (self.root / "plugins" / "pedwatch").glob("module_*.py"):
            path.unlink()
        self.write(f"plugins/pedwatch/module_{number}.py", "")
        self.write("include/sql/statement.sql", f"SELECT {number}\n")
        return bundle.build(self.root, self.root / "build" / "composer").id

    def set(self, **fields: object) -> None:
        fake = FakeGcloud(self.cloud)
        fake.now.update(fields)
        fake.save()

    @property
    def bucket(self) -> Path:
        return self.cloud / "bucket"

    @property
    def now(self) -> dict:
        return FakeGcloud(self.cloud).now

    @property
    def state(self) -> dict:
        return json.loads((self.bucket / "releases/pedwatch/state.json").read_text())

    def modules(self) -> list[str]:
        return sorted(path.name for path in (self.bucket / "plugins/pedwatch").glob("module_*.py"))

    def run(self, *words: str) -> tuple[int, str]:
        """Run a command to its end; returns its status and what it said."""
        fake = FakeGcloud(self.cloud)
        fake.now["calls"] = []

        def program(command: Sequence[str]) -> Done:
            assert command[0] == "gcloud"
            return Done(*fake.run([*command[1:]]))

        status = release.main(words, program, lambda _: None, self.root, self.environments)
        fake.save()
        captured = self._capsys.readouterr()
        return status, captured.out + captured.err

    def changes(self) -> list[str]:
        """What the last command did, in short."""
        found = []
        for words in self.now["calls"]:
            own, rest = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
            names = [word for word in own if not word.startswith("--")]
            if verb := next((name for name in names if name in CHANGES), None):
                after = rest[:1] or names[names.index(verb) + 1 :][-1:]
                found.append(" ".join([verb, *(name.removeprefix("gs://shop-bucket/") for name in after)]))
        return found
