"""Draws the pictures of the README and of docs/page.md: ``python -m tests.page_picture``.

The pages of ``tests/page_world.py``, served by themselves against BigQuery's stand-in, as Chromium draws them.
"""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from pedwatch import settings
from pedwatch.page.app import make_app
from pedwatch.page.questions import Questions
from tests import page_world
from tests.conftest import running
from tests.sql.conftest import warehouse_of

DOCS = Path(__file__).resolve().parents[1] / "docs"
PICTURES = {
    "page-now.png": ("now", "light", 640),
    "page-api.png": ("api?api=orders-api&environment=prod&span=30d#history", "dark", 560),
}
"""Address, theme and height of each."""


@contextmanager
def served() -> Iterator[str]:
    """Serve the pages of the fleet, open to this machine; yields their address."""
    with running("sandbox.bigquery") as server, warehouse_of(server, "picture") as warehouse:
        page_world.fill(warehouse)
        settings.load_config = lambda: warehouse.config
        app = make_app(Questions(lambda config: warehouse), may_see=lambda: None, clock=lambda: page_world.NOW)
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            web = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
            thread = threading.Thread(target=web.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            while not web.started:
                time.sleep(0.05)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            web.should_exit = True
            thread.join()


def main() -> None:
    """Draw them."""
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (address, theme, height) in PICTURES.items():
            page = browser.new_page(viewport={"width": 1300, "height": height}, color_scheme=theme)
            page.goto(f"{url}/{address}")
            page.screenshot(path=str(DOCS / name))
            print(DOCS / name)
        browser.close()


if __name__ == "__main__":
    main()
