"""Text on the page stands out from what is behind it, in light and in dark (WCAG AA, 4.5:1)."""

import re
from pathlib import Path

import pytest

STYLES = (Path(__file__).parents[1] / "page" / "page.css").read_text()
SCHEMES = dict(zip(("light", "dark"), re.findall(r":root \{(.*?)\}", STYLES, re.DOTALL), strict=True))
PAIRS = [
    ("text", "back"),
    ("text", "hover"),
    ("text", "new"),
    ("soft", "back"),
    ("soft", "raised"),
    ("link", "back"),
    ("link", "hover"),
    ("code", "code-back"),
    ("badge-text", "badge"),
    ("mention", "mention-back"),
    ("broadcast", "broadcast-back"),
    ("side-text", "side"),
    ("side-soft", "side"),
    ("white", "side-on"),
    ("white", "primary"),
    ("white", "danger"),
]


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_contrast(scheme: str, front: str, back: str) -> None:
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", SCHEMES[scheme])) | {"white": "#ffffff"}
    lighter, darker = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
