"""Takes ``docs/compare.png``, a part of the page of a comparison of the sandbox's campaigns.

    python docs/picture_of_comparison.py

Needs Chromium, as the tests in a browser do, and the packages of the group ``test``.
"""
# ruff: noqa: INP001 - a script, not a package

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import unibatch
import unibatch.sandbox
from unibatch.providers import registry

PICTURE = Path(__file__).with_name("compare.png")
WIDTH = 1060
TO_THE_END = 14 * 24 * 3600  # seconds


def write_page(path: Path) -> None:
    """Compare the large campaign of each vendor, once all its calls are over."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(unibatch.sandbox.serve(enforce_rate_limits=False))
        sandbox.advance(seconds=TO_THE_END)
        clients = {
            vendor: stack.enter_context(unibatch.connect(**sandbox.profile(vendor))) for vendor in sandbox.vendors
        }
        unibatch.compare(
            {
                f"Spring at {registry.load(vendor).title}": [(client, sandbox.campaign_ids(vendor)[0])]
                for vendor, client in clients.items()
            }
        ).write_html(path)


def main() -> None:
    """Write the page, and take a picture of its first two charts."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_path = Path(folder) / "report.html"
        write_page(page_path)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
        page.goto(page_path.as_uri())
        first, last = (
            page.locator("section", has=page.locator(f"#{name}")).bounding_box() for name in ("outcomes", "rates")
        )
        if first is None or last is None:
            raise SystemExit("the page has not the two charts")
        page.screenshot(
            path=PICTURE,
            full_page=True,
            clip={"x": 0, "y": first["y"], "width": WIDTH, "height": last["y"] + last["height"] - first["y"]},
        )
        browser.close()
    with Image.open(PICTURE) as picture:
        small = picture.convert("RGB").quantize(256, kmeans=3)
    small.save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
