"""A gcloud whose environment is a folder: it keeps a bucket, parses DAGs late, and refuses what gcloud refuses.

Groups and flags are those of command_shapes.yaml, words of refusal those of the Google Cloud SDK 528 and 578; what
Airflow's commands print is what ``airflow`` 3.3.1 prints: warnings before the JSON, ``"False"`` for False, and no
complaint about a DAG that is not there. Run as a program it does one command: ``fake_gcloud.py FOLDER words…``.
"""

import json
import re
import shutil
import sys
from pathlib import Path

import yaml

AIRFLOW = "3.3.1"
# In C: as a program it is started twenty times a test.
SHAPES = yaml.load((Path(__file__).resolve().parents[1] / "command_shapes.yaml").read_text(), yaml.CSafeLoader)
EVERYWHERE = {flag for flags in SHAPES["everywhere"].values() for flag in flags}


def flags_of(shape: dict) -> set[str]:
    """The flags of a command, and those of every command."""
    return {*shape.get("takes_a_value", ()), *shape.get("takes_none", ()), *EVERYWHERE}


FLAGS = {name: flags_of(shape) for name, shape in SHAPES["gcloud"].items()}
WARNING = "2026-11-30T20:28:16Z [warning  ] Could not import graphviz. [py.warnings] category=UserWarning\n"
NEW = {
    "state": "RUNNING",
    "image": f"composer-3-airflow-{AIRFLOW}-build.9",
    "packages": {"apache-airflow-providers-slack": "==9.10.2", "google-cloud-firestore": "==2.28.1"},
    "policies": ["projects/shop-prod/alertPolicies/1"],
    "snoozes": [],
    "snapshots": 0,
    "knows_airflow_below": "3.4.0",
    "polls_until_parsed": 2,
    "lag": 0,
    "parsed": {},
    "errors": {},
    "tagged": [],
    "paused": [],
    "runs": {},
    "run_ends_as": "success",
    "fails": None,
    "calls": [],
}


class Refused(Exception):
    """The command ends with a status and words on stderr; Airflow's commands print all the same."""

    def __init__(self, words: str, status: int = 1, output: str = "") -> None:
        super().__init__(words)
        self.status, self.output = status, output


class FakeGcloud:
    """The program and the environment shop-prod/europe-west1/pedwatch behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bucket = folder, folder / "bucket"
        self.bucket.mkdir(parents=True, exist_ok=True)
        path = folder / "environment.json"
        self.now = json.loads(path.read_text()) if path.is_file() else json.loads(json.dumps(NEW))

    def save(self) -> None:
        """Keep how things are for the next program."""
        (self.folder / "environment.json").write_text(json.dumps(self.now))

    def run(self, words: list[str]) -> tuple[int, str, str]:
        """Do one command, as whatever ``fails`` says: ``[which call, "before" or "after" it was done]``."""
        self.now["calls"].append(words)
        command = next((name for name in FLAGS if words[: len(name.split())] == name.split()), None)
        at, fails = self.now["fails"] or (0, None)
        fails = fails if at == len(self.now["calls"]) else None
        try:
            if command is None:
                raise Refused(f"ERROR: (gcloud) Invalid choice: '{' '.join(words[:3])}'.", 2)
            if fails == "before":
                raise Refused(f"ERROR: (gcloud.{'.'.join(command.split())}) HTTPError 503: unavailable")
            output = self._do(command, words[len(command.split()) :])
            if fails:
                raise Refused(f"ERROR: (gcloud.{'.'.join(command.split())}) There was a problem: timed out")
        except Refused as error:
            return error.status, error.output, f"{error}\n"
        return 0, output, ""

    def _do(self, command: str, words: list[str]) -> str:
        own = words[: words.index("--")] if "--" in words else words
        flags = dict(word[2:].partition("=")[::2] for word in own if word.startswith("--"))
        unknown = flags.keys() - FLAGS[command]
        if unknown:
            raise Refused(f"ERROR: (gcloud.{'.'.join(command.split())}) unrecognized arguments: --{min(unknown)}", 2)
        names = [word for word in own if not word.startswith("--")]
        place = (names[:1], flags.get("location"), flags.get("project"))
        if command.startswith("composer") and place != (["pedwatch"], "europe-west1", "shop-prod"):
            raise Refused("ERROR: (gcloud.composer) NOT_FOUND: Environment not found")
        return getattr(self, "_" + command.replace("composer environments ", "").replace(" ", "_"))(names, flags, words)

    def _describe(self, names, flags, words) -> str:
        software = {"imageVersion": self.now["image"], "pypiPackages": self.now["packages"]}
        config = {"dagGcsPrefix": "gs://shop-bucket/dags", "softwareConfig": software}
        return json.dumps({"state": self.now["state"], "config": config})

    def _update(self, names, flags, words) -> str:
        self.now["image"] = flags["image-version"]
        return ""

    def _snapshots_save(self, names, flags, words) -> str:
        self.now["snapshots"] += 1
        return ""

    def _run(self, names, flags, words) -> str:
        if self.now["state"] != "RUNNING":
            raise Refused(
                f"ERROR: Cannot execute subcommand for environment in state {self.now['state']}. Must be RUNNING."
            )
        if self.now["knows_airflow_below"] <= AIRFLOW:
            raise Refused(
                f'ERROR: (gcloud.composer.environments.run) The subcommand "dags" is not supported for Composer '
                f"environments with Airflow version {AIRFLOW}."
            )
        _, group, command = names
        rest = words[words.index("--") + 1 :]
        assert group == "dags"
        return getattr(self, "_dags_" + command.replace("-", "_"))(rest)

    def _parse(self) -> None:
        """The DAG processor: what lies in the bucket reaches it late, and is serialized with its tags."""
        if self.now["lag"]:
            self.now["lag"] -= 1
            return
        manifest = self.bucket / "plugins" / "pedwatch" / "build.json"
        package = json.loads(manifest.read_text())["id"] if manifest.is_file() else "source"
        for path in (self.bucket / "dags").glob("*.py"):
            found = re.search(r'^BUILD = "(.*)"', path.read_text(), re.MULTILINE)
            if found:
                if path.stem not in self.now["parsed"]:
                    self.now["paused"].append(path.stem)  # dags_are_paused_at_creation
                self.now["parsed"][path.stem] = [f"build {found[1]}" + ("" if found[1] == package else " mixed")]

    def _dags_list(self, rest) -> str:
        assert rest == ["--output", "json", "--columns", "dag_id,is_paused,tags"]
        self._parse()
        rows = [
            {
                "dag_id": name,
                "is_paused": str(name in self.now["paused"]),
                "tags": [{"name": tag} for tag in (*tags, *self.now["tagged"])],
            }
            for name, tags in sorted(self.now["parsed"].items())
        ]
        return WARNING + json.dumps(rows) + "\n"

    def _dags_list_import_errors(self, rest) -> str:
        assert rest == ["--output", "json"]
        rows = [{"bundle_name": "dags", "filepath": file, "error": why} for file, why in self.now["errors"].items()]
        if rows:
            raise Refused("ERROR: Command exit code: 1", output=WARNING + json.dumps(rows) + "\n")
        return WARNING + "[]\n"

    def _dags_pause(self, rest) -> str:
        if rest[0] in self.now["parsed"] and rest[0] not in self.now["paused"]:
            self.now["paused"].append(rest[0])
            return WARNING
        return WARNING + "No unpaused DAGs were found\n"

    def _dags_unpause(self, rest) -> str:
        if rest[0] not in self.now["paused"]:
            return WARNING + "No paused DAGs were found\n"
        self.now["paused"].remove(rest[0])
        return WARNING

    def _dags_trigger(self, rest) -> str:
        dag_id, flag, run_id = rest
        assert flag == "--run-id"
        if run_id in self.now["runs"].setdefault(dag_id, {}):
            raise Refused("ERROR: Command exit code: 1")
        self.now["runs"][dag_id][run_id] = "queued"
        return WARNING

    def _dags_list_runs(self, rest) -> str:
        assert rest[1:] == ["--output", "json"]
        runs = self.now["runs"].get(rest[0], {})
        rows = [{"dag_id": rest[0], "run_id": run_id, "state": state} for run_id, state in runs.items()]
        following = {"queued": "running", "running": self.now["run_ends_as"]}
        self.now["runs"][rest[0]] = {run_id: following.get(state, state) for run_id, state in runs.items()}
        return WARNING + json.dumps(rows) + "\n"

    def _monitoring_snoozes_create(self, names, flags, words) -> str:
        if not set(flags["criteria-policies"].split(",")) <= {*self.now["policies"]}:
            raise Refused("ERROR: (gcloud.monitoring.snoozes.create) NOT_FOUND: alert policy not found")
        assert all(re.fullmatch(r"\+PT\d+[SM]", flags[name]) for name in ("start-time", "end-time"))
        self.now["snoozes"].append(flags["end-time"])
        return f"projects/shop-prod/snoozes/{len(self.now['snoozes'])}\n"

    def _monitoring_snoozes_update(self, names, flags, words) -> str:
        self.now["snoozes"][int(names[0].rpartition("/")[2]) - 1] = flags["end-time"]
        return ""

    def _path(self, address: str) -> Path:
        return self.bucket / address.removeprefix("gs://shop-bucket/") if address.startswith("gs://") else Path(address)

    def _storage_cat(self, names, flags, words) -> str:
        if not self._path(names[0]).is_file():
            raise Refused(f"ERROR: (gcloud.storage.cat) The following URLs matched no objects or files:\n{names[0]}")
        return self._path(names[0]).read_text()

    def _storage_cp(self, names, flags, words) -> str:
        source, destination = map(self._path, names)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)
        return ""

    def _storage_ls(self, names, flags, words) -> str:
        assert names[0].endswith("/**")
        folder = self._path(names[0].removesuffix("/**"))
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        if not found:
            raise Refused("ERROR: (gcloud.storage.ls) One or more URLs matched no objects.")
        return "".join(f"gs://shop-bucket/{path.relative_to(self.bucket).as_posix()}\n" for path in found)

    def _storage_rm(self, names, flags, words) -> str:
        if missing := [name for name in names if not self._path(name).is_file()]:
            raise Refused(f"ERROR: (gcloud.storage.rm) The following URLs matched no objects or files:\n{missing[0]}")
        for name in names:
            self._path(name).unlink()
        return ""

    def _storage_rsync(self, names, flags, words) -> str:
        source, destination = map(self._path, names)
        if not source.is_dir():
            raise Refused(f"ERROR: (gcloud.storage.rsync) Did not find existing container at: {names[0]}")
        assert "recursive" in flags and "delete-unmatched-destination-objects" not in flags
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source).as_posix()
            if path.is_file() and not (flags.get("exclude") and re.match(flags["exclude"], name)):
                (destination / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, destination / name)
        if destination == self.bucket / "dags":
            self.now["lag"] = self.now["polls_until_parsed"]
        return ""


if __name__ == "__main__":
    fake = FakeGcloud(Path(sys.argv[1]))
    status, output, errors = fake.run(sys.argv[2:])
    fake.save()
    sys.stdout.write(output)
    sys.stderr.write(errors)
    sys.exit(status)
