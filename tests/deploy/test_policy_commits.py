"""Who changed the policy, as git has it: named where it is known, and nobody where it is not."""

import datetime as dt
import subprocess
from pathlib import Path

import pytest

from deploy import bundle
from deploy.policy_commits import policy_commits, ticket_of
from pedwatch.config import commits

CONFIG = """\
project: p
bucket: ped-evidence
firestore: {{project: p}}
collector: {{image: "eu.gcr.io/p/collector:1.0.0", budget_seconds: {budget}}}
clusters: [{{name: eu-1, environment: prod}}]
retired_clusters: {retired}
policy: {{defaults: {{tolerance_count: {tolerance}}}}}
slack: {{platform_channel: C0PLATFORM, teams: {{shop: {{channel: C0SHOPSHOP, mode: {mode}}}}}}}
"""


class Checkout:
    """A checkout with a configuration in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / bundle.CONFIG
        self.config.parent.mkdir(parents=True)
        self.git("init", "-q", ".")

    def git(self, *arguments: str) -> str:
        """Run git, as somebody."""
        who = ["-c", "user.name=x", "-c", "user.email=x@x"]
        command = ["git", "-C", str(self.root), *who, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def write(self, **given: object) -> None:
        """Write the configuration."""
        values = {"budget": 60, "retired": "[]", "tolerance": 0, "mode": "team"} | given
        self.config.write_text(CONFIG.format_map(values))

    def commit(self, author: str, message: str, **given: object) -> str:
        """Write the configuration and commit it; returns the commit."""
        self.write(**given)
        self.git("add", ".")
        self.git("commit", "-q", "--author", f"{author} <{author}@shop>", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """With two changes of the policy, and others between."""
    found = Checkout(tmp_path / "root")
    found.commit("ana", "The configuration")
    found.commit("ben", "CAP-7: More is let pass", tolerance=2)
    found.commit("cleo", "Pods get more time", tolerance=2, budget=80)
    found.commit("dan", "Shop asked for silence\n\nTicket: CAP-8", tolerance=2, budget=80, mode="suppressed")
    found.commit("eve", "Pods get less time", tolerance=2, mode="suppressed")
    return found


def test_commits_that_changed_the_policy_are_named_and_no_others(checkout: Checkout) -> None:
    found = policy_commits(checkout.root, checkout.config)
    assert found.unknown is None
    told = [(each.author, each.ticket) for each in found.commits]
    assert told == [("dan <dan@shop>", "CAP-8"), ("ben <ben@shop>", "CAP-7"), ("ana <ana@shop>", None)]
    assert all(each.committed_at.tzinfo is dt.UTC for each in found.commits)


def test_a_retired_cluster_is_a_change(checkout: Checkout) -> None:
    newest = checkout.commit("fay", "Gone", tolerance=2, mode="suppressed", retired="[eu-0, eu-2]")
    checkout.commit("gus", "In another order", tolerance=2, mode="suppressed", retired="[eu-2, eu-0]")
    assert policy_commits(checkout.root, checkout.config).commits[0].commit == newest


def test_what_is_not_committed_has_no_author(checkout: Checkout) -> None:
    checkout.write(tolerance=1000)
    found = policy_commits(checkout.root, checkout.config)
    assert found.commits == ()
    assert found.unknown == "include/config/pedwatch.yaml is not what was committed: commit it first"


def test_a_shallow_clone_does_not_know(checkout: Checkout, tmp_path: Path) -> None:
    """Its oldest commit looks as if it had made everything."""
    shallow = tmp_path / "shallow"
    checkout.git("clone", "-q", "--depth=1", f"file://{checkout.root}", str(shallow))
    found = policy_commits(shallow, shallow / bundle.CONFIG)
    assert (found.commits, found.unknown) == ((), "this clone is shallow: git fetch --unshallow")


@pytest.mark.parametrize("is_inside_another", [False, True])
def test_without_git_nobody_is_named(checkout: Checkout, tmp_path: Path, is_inside_another: bool) -> None:
    root = (checkout.root if is_inside_another else tmp_path) / "copy"
    (root / bundle.CONFIG).parent.mkdir(parents=True)
    (root / bundle.CONFIG).write_bytes(checkout.config.read_bytes())
    found = policy_commits(root, root / bundle.CONFIG)
    assert found.commits == ()
    assert "no checkout of git" in (found.unknown or "")


@pytest.mark.parametrize("broken", ["policy: [", "retired_clusters: 3", "policy: 2026-02-30"])
def test_a_configuration_that_was_unreadable_once_stops_nothing(checkout: Checkout, broken: str) -> None:
    checkout.config.write_text(f"{broken}\n")
    checkout.git("commit", "-qam", "Broken")
    mended = checkout.commit("gus", "Mended", tolerance=2, mode="suppressed")
    assert policy_commits(checkout.root, checkout.config).commits[0].commit == mended


@pytest.mark.parametrize(
    ("subject", "trailers", "expected"),
    [
        ("CAP-7: more is let pass", "", "CAP-7"),
        ("[CAP-7] more is let pass", "", "CAP-7"),
        ("More is let pass (CAP-7)", "", "CAP-7"),
        ("More is let pass", " INC0042\n", "INC0042"),
        ("CAP-7: more", "CAP-8", "CAP-8"),
        ("Files are read as UTF-8 by SHA-256", "", None),
        ("More is let pass", "", None),
    ],
)
def test_a_ticket_is_what_the_message_names_as_one(subject: str, trailers: str, expected: str | None) -> None:
    assert ticket_of(subject, trailers) == expected


def test_the_bundle_lists_them_beside_the_configuration(checkout: Checkout, tmp_path: Path) -> None:
    for name in ("dags/ped_one.py", "plugins/pedwatch/__init__.py"):
        (checkout.root / name).parent.mkdir(parents=True)
        (checkout.root / name).write_text('BUILD = "source"\n')
    (checkout.root / "requirements.txt").write_text("")
    built = bundle.build(checkout.root, tmp_path / "target")
    shipped = built.folder / "plugins/pedwatch/include/config"
    text, config = ((shipped / name).read_bytes() for name in (commits.FILE, "pedwatch.yaml"))
    assert built.unattributed is None
    assert commits.read_commits(text.decode(), config) == policy_commits(checkout.root, checkout.config)

    checkout.write(tolerance=1000)
    built = bundle.build(checkout.root, tmp_path / "target")
    assert built.unattributed is not None
    assert not (shipped / commits.FILE).exists()


@pytest.mark.parametrize(
    ("text", "config", "expected"),
    [
        (None, b"", "was not bundled from git"),
        ('{"sha256": "0", "commits": []}', b"edited", "it was edited where it lies"),
        ("[]", b"", "is no list of commits"),
        ('{"sha256": "0", "commits": [{"commit": 1}]}', b"", "is no list of commits"),
        ("{", b"", "is no list of commits"),
    ],
)
def test_a_list_that_is_not_about_this_file_names_nobody(text: str | None, config: bytes, expected: str) -> None:
    found = commits.read_commits(text, config)
    assert found.commits == ()
    assert expected in (found.unknown or "")
