"""A real browser, where there is one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this machine, or the one that playwright downloaded.

    Closed after each module: while it is open, no test can run an event loop of its own.
    """
    found = next(filter(None, map(shutil.which, INSTALLED)), None)
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"] if as_root else [])
        except Error as exc:
            if os.environ.get("NEEDS_BROWSER"):
                raise
            pytest.skip(
                f"no Chromium here; `apt install chromium` or `playwright install chromium` brings one: {exc.message}"
            )
        yield started
        started.close()
