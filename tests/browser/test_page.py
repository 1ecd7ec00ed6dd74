"""The page of a comparison in a real browser: at a phone's and a desktop's width, light and dark, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

import unibatch
import unibatch.sandbox

HOSTILE = (
    "<script>document.title='run'</script>",
    "$\\frac{a}{$ </title></svg><img src=x onerror=\"document.title='run'\">",
)
OPEN_ALL = "document.querySelectorAll('details').forEach(each => each.open = true)"
SMALLEST_TEXT = """
Math.min(...[...document.querySelectorAll('svg text')].filter(each => each.checkVisibility()).map(each => {
    const svg = each.closest('svg');
    return parseFloat(getComputedStyle(each).fontSize) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
}))
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three campaigns, two of which have names that would be scripts."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    with unibatch.sandbox.serve(enforce_rate_limits=False) as sandbox:
        names = dict(zip(sandbox.vendors, (*HOSTILE, "x" * 300), strict=True))
        campaigns = {vendor: sandbox.campaign_ids(vendor)[0] for vendor in sandbox.vendors}
        clients = {vendor: unibatch.connect(**sandbox.profile(vendor)) for vendor in sandbox.vendors}
        unibatch.compare(
            {names[vendor]: [(clients[vendor], campaigns[vendor])] for vendor in sandbox.vendors},
            by=["country", "attempt"],
        ).write_html(path)
        for client in clients.values():
            client.close()
    return path


@pytest.fixture
def opened(
    browser: Browser, report: Path, width: int, scheme: Literal["dark", "light"]
) -> Iterator[tuple[Page, list[str]]]:
    """The page, and everything that the browser complained of or asked for but the page itself."""
    heard: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url) if request.url != report.as_uri() else None)
    page.goto(report.as_uri())
    yield page, heard
    context.close()


everywhere = pytest.mark.parametrize(
    ("width", "scheme"), [(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark")]
)


@everywhere
def test_axe_finds_nothing(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    page.evaluate(OPEN_ALL)
    violations = Axe().run(page).response["violations"]

    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (360, "light"), (1024, "light"), (1440, "light")])
def test_fits_the_screen_and_can_be_read(opened: tuple[Page, list[str]], width: int) -> None:
    page, heard = opened
    page.evaluate(OPEN_ALL)

    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(SMALLEST_TEXT) >= 10  # pixels
    assert page.title() == "3 campaigns compared"
    assert heard == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light")])
def test_the_keyboard_reaches_the_content_and_what_scrolls(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    landed = page.evaluate("document.activeElement.id")

    assert (first, landed) == ("Skip to the comparison", "main")
    assert page.evaluate("[...document.querySelectorAll('.scroll')].every(each => each.tabIndex === 0)")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark")])
def test_is_printed_light_with_all_its_tables(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    page.emulate_media(media="print")
    tables = page.evaluate("[...document.querySelectorAll('details table')].map(each => each.offsetHeight)")

    assert len(tables) == 7
    assert min(tables) > 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(20, 24, 31)"
