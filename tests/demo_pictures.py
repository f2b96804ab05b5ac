"""Draws the pictures of the README that show what a demo leaves: ``.venv/bin/python -m tests.demo_pictures``.

After ``make demo``: the digest in the Slack page that it saves, and the report of the day's evidence pack, in Chromium.
"""

import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "build" / "demo"
DOCS = ROOT / "docs"
PLATFORM = "C0PLATFORM"


def draw_digest(page: Page) -> None:
    """Show the end of the platform's channel: the digest is what was posted last."""
    page.goto(f"{(DEMO / 'slack.html').as_uri()}#{PLATFORM}")
    page.evaluate(f"document.getElementById('{PLATFORM}--scroll').scrollTop = 1e9")
    page.screenshot(path=str(DOCS / "demo-digest.png"))


def draw_report(page: Page) -> None:
    """Show the beginning of the report."""
    (report,) = (DEMO / "audit").rglob("report.html")
    page.goto(report.as_uri())
    page.screenshot(path=str(DOCS / "demo-report.png"))


def main() -> None:
    """Draw them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for draw, height in ((draw_digest, 640), (draw_report, 760)):
            draw(browser.new_page(viewport={"width": 1200, "height": height}))
        browser.close()
    print("\n".join(str(DOCS / name) for name in ("demo-digest.png", "demo-report.png")))


if __name__ == "__main__":
    main()
