"""``make image`` where there is no podman, or no base image: said, and never taken for a proof."""

import subprocess
from typing import Any

import pytest

from deploy import collector_image


def test_without_podman_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(collector_image.shutil, "which", lambda name: None)
    assert collector_image.main() == 0
    assert capsys.readouterr().out.startswith("SKIPPED: podman is not installed")


def test_without_a_base_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    def refuse(*arguments: str, **_: Any) -> "subprocess.CompletedProcess[str]":
        asked.append(arguments[0])
        return subprocess.CompletedProcess(arguments, 125, "", "no such host")

    monkeypatch.setattr(collector_image.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(collector_image, "podman", refuse)
    assert collector_image.main() == 0
    assert asked == ["image", "pull"]
    assert "SKIPPED: the base image" in capsys.readouterr().out
