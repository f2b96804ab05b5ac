"""What an image stands for here: a local command."""

import os
import shutil
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stand-in for one image: what its Dockerfile's ENTRYPOINT, CMD, ENV and WORKDIR would say."""

    entrypoint: list[str] = []
    cmd: list[str] = []
    env: dict[str, str] = {}
    workdir: str | None = None


def read_images(path: Path) -> dict[str, Image]:
    """Read images.json; a relative ``workdir`` counts from the folder of that file."""
    images = msgspec.json.decode(path.read_bytes(), type=dict[str, Image])
    folder = path.resolve().parent
    return {
        pattern: msgspec.structs.replace(image, workdir=str(folder / image.workdir)) if image.workdir else image
        for pattern, image in images.items()
    }


@dataclass(frozen=True)
class Command:
    """What is really started for a container."""

    argv: list[str]
    env: dict[str, str]
    workdir: str | None = None


@dataclass(frozen=True)
class Runtime:
    """How containers are run."""

    images: dict[str, Image]
    folder: Path
    node_env: dict[str, str] = field(default_factory=dict)  # what a process here cannot find the way a container would

    def image(self, reference: str) -> Image | None:
        """Return the stand-in of an image; None means that it cannot be pulled."""
        for pattern, image in self.images.items():
            if fnmatchcase(reference, pattern):
                return image
        return None

    def command(
        self,
        container: dict[str, Any],
        image: Image,
        env: dict[str, str],
        pod: str,
        home: Path,
    ) -> Command:
        """Return the command of a container whose mount paths and variables are settled."""
        own, args = container.get("command"), container.get("args")
        argv = [*(own or image.entrypoint), *(args or ([] if own else image.cmd))]
        interpreter = str(Path(sys.executable).parent)  # so that "python" in an image means this environment's
        base = {
            "PATH": f"{interpreter}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(home),
            "HOSTNAME": pod,
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            **self.node_env,
        }
        return Command(argv, {**base, **env}, container.get("workingDir") or image.workdir or str(home))


def missing_program(command: Command) -> str | None:
    """Return why a command cannot start, if that can be told beforehand."""
    if not command.argv:
        return "no command specified: neither the pod nor images.json names one"
    workdir = command.workdir
    if workdir and not Path(workdir).is_dir():
        return f"working directory {workdir!r} does not exist"
    program = command.argv[0]
    found = (
        Path(workdir or ".", program).exists()
        if "/" in program
        else shutil.which(program, path=command.env.get("PATH"))
    )
    return None if found else f"executable {program!r} not found"
