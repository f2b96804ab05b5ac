"""The builds that an environment has had: kept in its bucket, outside the folders that Composer hands out.

``releases/pedwatch/<id>/`` holds a build as it was brought, and ``release.json`` in it, written last, says that all of
it is there. ``releases/pedwatch/state.json`` says which one the environment runs, which it ran before, and whether a
deploy was stopped on its way.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from deploy.bundle import INCLUDE, PACKAGE, REQUIREMENTS
from deploy.composer import Composer

KEPT = 5
"""So many builds can be gone back to."""


@dataclass(frozen=True)
class State:
    """What is known of an environment between two deploys."""

    current: str | None = None
    """The build that runs."""
    previous: str | None = None
    """The one before, which a rollback goes back to."""
    unfinished: str | None = None
    """The build whose deploy was stopped; its files may lie among the current one's."""
    unpause: bool = False
    """Whether that deploy paused the watch."""
    kept: tuple[str, ...] = ()
    """Builds in the bucket, the newest first."""
    known: tuple[str, ...] = ()
    """Every path that a build had outside the package: what of it no build has any more is ours to take away."""

    def to_json(self) -> str:
        """Return the text of the file."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "State":
        """Read the file."""
        found: dict[str, Any] = json.loads(text)
        return cls(**found | {name: tuple(found[name]) for name in ("kept", "known")})

    def begun(self, build_id: str, files: Iterable[str], unpause: bool) -> "State":
        """Return the state while a build is being brought."""
        outside = {file for file in files if not file.startswith(f"{PACKAGE}/")}
        return replace(
            self,
            unfinished=build_id,
            unpause=unpause,
            kept=(build_id, *(one for one in self.kept if one != build_id)),
            known=tuple(sorted(outside | {*self.known})),
        )

    def done(self) -> "State":
        """Return the state when it has been brought."""
        previous = self.previous if self.current == self.unfinished else self.current
        return replace(self, current=self.unfinished, previous=previous, unfinished=None, unpause=False)

    @property
    def target_of_rollback(self) -> str | None:
        """The build that ran before: the current one where a deploy was stopped before it was done."""
        if self.unfinished not in (None, self.current):
            return self.current
        return self.previous

    def left_over(self, present: Iterable[str], current: Iterable[str], wanted: Iterable[str]) -> set[str]:
        """Return what lies in the bucket, is ours, and belongs to neither the build that runs nor the one to come.

        So what a deploy replaces stays until the next one, for tasks that are running. Of an environment whose
        current build is not known nothing is left over.

        Args:
            present: paths in the bucket.
            current: files of the build that runs.
            wanted: files of the build to come.
        """
        if self.current is None:
            return set()
        within = f"{PACKAGE}/"
        ours = {path for path in present if path in self.known or (path.startswith(within) and path[-1] != "/")}
        return ours - {*current} - {*wanted}


class Releases:
    """The folder of builds.

    Args:
        composer: the environment.
        bucket: its bucket.
    """

    def __init__(self, composer: Composer, bucket: str) -> None:
        self._composer, self.bucket = composer, bucket
        self.folder = f"{bucket}/releases/pedwatch"

    def state(self) -> State:
        """Return what is known; nothing before the first deploy."""
        text = self._composer.read(f"{self.folder}/state.json")
        return State.from_json(text) if text else State()

    def remember(self, state: State) -> None:
        """Write what is known."""
        self._composer.write(f"{self.folder}/state.json", state.to_json())

    def files(self, build_id: str) -> list[str] | None:
        """Return a build's files, None where it is not there as a whole."""
        text = self._composer.read(f"{self.folder}/{build_id}/release.json")
        return json.loads(text)["files"] if text else None

    def add(self, build_id: str, folder: str, files: Iterable[str]) -> list[str]:
        """Bring a build into the folder; returns what it has for Composer's folders."""
        shipped = [file for file in files if file != REQUIREMENTS]
        self._composer.copy(folder, f"{self.folder}/{build_id}")
        self._composer.write(f"{self.folder}/{build_id}/release.json", json.dumps({"id": build_id, "files": shipped}))
        return shipped

    def bring(self, build_id: str) -> None:
        """Copy a build into Composer's folders: the package, what it reads, then the DAGs. Nothing is removed."""
        source = f"{self.folder}/{build_id}"
        here = INCLUDE.relative_to("plugins").as_posix()
        self._composer.copy(f"{source}/plugins", f"{self.bucket}/plugins", rf"^\.airflowignore$|^{here}/")
        self._composer.copy(f"{source}/{INCLUDE}", f"{self.bucket}/{INCLUDE}")
        self._composer.copy(f"{source}/dags", f"{self.bucket}/dags")

    def ignore(self) -> None:
        """Keep Airflow from importing the package's modules by their bare names, beside whatever others have written.

        It has to be there before they are.
        """
        address, line = f"{self.bucket}/plugins/.airflowignore", f"{PACKAGE.name}/"
        text = self._composer.read(address) or ""
        if line not in text.split():
            self._composer.write(address, text + ("\n" if text and not text.endswith("\n") else "") + line + "\n")

    def clean(self, state: State, build_id: str, wanted: Iterable[str]) -> None:
        """Take away what belongs neither to the build that is replaced nor to the one to come."""
        # Of the same build again, what it replaced may still be in use.
        in_use = state.previous if state.current == build_id else state.current
        if in_use is None or (current := self.files(in_use)) is None:
            return  # what is in use is not known
        prefix = f"{self.bucket}/"
        found = self._composer.files(f"{self.bucket}/plugins") | self._composer.files(f"{self.bucket}/dags")
        present = {address.removeprefix(prefix) for address in found}
        self._composer.remove(prefix + path for path in state.left_over(present, current, wanted))

    def forget_old(self, state: State) -> State:
        """Remove the builds that are too old to go back to."""
        stays = [one for one in state.kept if one in (state.current, state.previous)]
        stays += [one for one in state.kept if one not in stays][: max(0, KEPT - len(stays))]
        for build_id in state.kept:
            if build_id not in stays:
                self._composer.remove(self._composer.files(f"{self.folder}/{build_id}"))
        return replace(state, kept=tuple(one for one in state.kept if one in stays))
