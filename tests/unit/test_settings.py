"""What is wrong with a configuration file is a sentence that names it, whatever its bytes are."""

from pathlib import Path

import pytest

from pedwatch import settings
from pedwatch.errors import ConfigurationError


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"project: \xff\n", "is not UTF-8 text: save it as UTF-8"),
        ("a: 1\n# see\u2028slack: {}\n".encode(), "line 2 holds U+2028, which ends no line in YAML 1.2"),
        (b"project: 2026-13-01\n", "is not valid YAML: month must be in 1..12"),
        (b"project: [\n", "is not valid YAML"),
        (b"- 1\n", "does not validate"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes, told: str
) -> None:
    path = tmp_path / "pedwatch.yaml"
    path.write_bytes(raw)
    monkeypatch.setenv("PEDWATCH_CONFIG", str(path))
    with pytest.raises(ConfigurationError) as caught:
        settings.load_config()
    assert str(path) in str(caught.value)
    assert told in str(caught.value)
