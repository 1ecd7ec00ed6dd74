"""The page of a comparison: the same bytes, nothing personal, nothing that runs, every figure or its reason."""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from html.parser import HTMLParser
from itertools import combinations, pairwise
from pathlib import Path

import attrs
import pytest

import unibatch
from tests.workflows.compare.conftest import RUNNING, Create
from unibatch import Comparison, ConfigError, InvalidInput, Money
from unibatch.sandbox import Sandbox
from unibatch.workflows.compare import METRICS, Count
from unibatch.workflows.compare.svg import PAINTS, shorten
from unibatch.workflows.compare.values import shown

STYLE = Path(unibatch.__file__).parent / "workflows" / "compare" / "page.css"
SCRIPT, HOSTILE = (
    "<script>alert(1)</script>",
    "$\\frac{a}{$ </title></svg><img src=x onerror=alert(2)> & \u202e\x1b[31m {{ 7 * 7 }} @0/9@",
)
HARMLESS = "$\\frac{a}{$ </title></svg><img src=x onerror=alert(2)> & \ufffd\ufffd[31m {{ 7 * 7 }} @…"


class Reader(HTMLParser):
    """The tags, the attributes and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.headings: list[int] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def values(self, name: str) -> Iterator[str]:
        return (value for key, value in self.attributes if key == name)


@pytest.fixture
def campaigns(create: Create) -> list[str]:
    return [create("truedy"), create("techladder"), create("talkifai", calls=40)]


@attrs.frozen
class Compared:
    """A comparison, its page, and what is personal of its contacts."""

    comparison: Comparison
    page: str
    personal: frozenset[str]

    @property
    def reader(self) -> Reader:
        return Reader(self.page)


@pytest.fixture(scope="module")
def once(server: Sandbox) -> Compared:
    """Made once, since nothing changes it."""
    server.reset()
    personal: set[str] = set()
    with ExitStack() as stack:
        pairs = []
        for vendor in server.vendors:
            campaign_id = server.create(vendor, 60)
            server.set_status(vendor, campaign_id, RUNNING[vendor])
            server.advance(calls=50, vendor=vendor)
            pairs.append((stack.enter_context(unibatch.connect(**server.profile(vendor))), campaign_id))
            for contact in server.state(vendor, campaign_id).contacts:
                personal |= {contact.number.lstrip("+"), contact.number[-7:], contact.name}
        comparison = unibatch.compare(pairs, by=["attempt", "country"])
    return Compared(comparison, comparison.to_html(), frozenset(personal))


@pytest.fixture
def compared(once: Compared) -> Comparison:
    return once.comparison


def test_the_same_comparison_gives_the_same_bytes_whatever_the_settings_of_matplotlib(
    once: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and needed here only

    monkeypatch.setitem(mpl.rcParams, "font.size", 30)
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "red")

    assert once.comparison.to_html() == once.page
    assert mpl.rcParams["font.size"] == 30
    assert len(once.page.encode()) < 1_000_000


def test_every_figure_or_the_reason_why_it_is_not_told_is_there(once: Compared, compared: Comparison) -> None:
    text = once.reader.text
    figures = [figure for side in compared.sides for figure in side.figures]
    wanted = {figure.not_told or shown(figure, interval=False) for figure in figures}

    assert {each for each in wanted if each not in text} == set()
    assert {metric.definition for metric in METRICS.values() if metric.definition not in text} == set()
    assert {warning for warning in compared.warnings if warning not in text} == set()
    assert re.search(r"Reached: C \d+\.\d %, B \d+\.\d %\. The difference of [^.]+\.\d points .* noise", text)


def test_nothing_personal_is_on_it(once: Compared) -> None:
    assert len(once.personal) > 180
    assert {each for each in once.personal if each in once.page} == set()
    assert "none of their fields" in once.reader.text


def test_the_page_says_what_was_counted_and_asked_for(campaigns: list[str]) -> None:
    compared = unibatch.compare(campaigns, without="cancelled", baseline=campaigns[1], by="field:plan")
    text = Reader(compared.to_html()).text

    assert "Counted: without the statuses cancelled." in text
    assert f"The others are compared with {campaigns[1]} ." in text
    assert "By plan" in text
    assert "of the contacts' fields only the values that were asked for: field:plan" in text


def test_a_number_in_the_name_of_a_campaign_is_masked(compared: Comparison) -> None:
    first, *others = compared.sides
    campaign = attrs.evolve(first.campaigns[0], name="Call +15550100123")
    page = attrs.evolve(compared, sides=(attrs.evolve(first, campaigns=(campaign,)), *others)).to_html()

    assert "Call +15*******23" in page
    assert "15550100123" not in page


def test_nothing_in_the_data_is_markup(campaigns: list[str]) -> None:
    page = unibatch.compare({SCRIPT: campaigns[0], HOSTILE: campaigns[1:2]}, by="country").to_html()
    reader = Reader(page)

    assert reader.tags & {"script", "img", "iframe", "object", "link", "a:script"} == set()
    assert [name for name, _ in reader.attributes if name.startswith("on")] == []
    assert [value for value in reader.values("href") if not value.startswith("#")] == []
    assert SCRIPT in reader.text
    assert HARMLESS in reader.text
    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", page) == []


def test_ids_are_unique_and_everything_referred_to_is_there(once: Compared) -> None:
    reader = once.reader
    ids = list(reader.values("id"))
    named = [
        name for key in ("aria-labelledby", "aria-describedby") for each in reader.values(key) for name in each.split()
    ]
    linked = [value.removeprefix("#") for key in ("href", "xlink:href") for value in reader.values(key)]
    painted = re.findall(r"url\(#([^)]+)\)", " ".join([*reader.values("style"), *reader.values("clip-path")]))

    assert len(ids) == len(set(ids))
    assert {*named, *linked, *painted} - set(ids) == set()
    assert painted


def test_headings_are_in_order(once: Compared) -> None:
    headings = once.reader.headings

    assert headings.count(1) == 1
    assert [after for before, after in pairwise(headings) if after > before + 1] == []


def test_campaigns_of_which_nobody_was_called(create: Create) -> None:
    compared = unibatch.compare([create("truedy", calls=0), create("techladder", calls=0)])
    text = Reader(compared.to_html()).text

    assert "No contact is concluded." in text
    assert "No figure is told by two sides." in text
    assert "nobody was called, so there is nothing to compare" in text


def test_a_length_that_no_call_has_makes_no_larger_page(compared: Comparison) -> None:
    sides = [attrs.evolve(side, durations=(Count(30, 1), Count(10**9, 1))) for side in compared.sides]
    assert len(attrs.evolve(compared, sides=tuple(sides)).to_html()) < 1_000_000


def test_money_of_two_currencies_is_in_two_charts(compared: Comparison) -> None:
    sides = []
    for side, currency in zip(compared.sides, ("USD", "EUR", "<b>"), strict=True):
        cost = Money(Decimal("0.25"), currency)
        figures = [
            attrs.evolve(each, value=cost, not_told=None) if each.metric.startswith("cost_per") else each
            for each in side.figures
        ]
        sides.append(attrs.evolve(side, figures=tuple(figures)))
    reader = Reader(attrs.evolve(compared, sides=tuple(sides)).to_html())

    assert {"cost-0-wide-title", "cost-1-wide-title", "cost-2-wide-title"} <= set(reader.values("id"))
    assert "In <b>" in reader.text


def test_what_is_too_much_for_one_page_is_left_out_and_counted(compared: Comparison) -> None:
    sides = [attrs.evolve(compared.sides[number % 3], label=f"side {number}") for number in range(13)]
    first = compared.breakdowns[0].rows[0]
    rows = [
        attrs.evolve(
            first, value=f"value {number}", parts=tuple(attrs.evolve(first.parts[0], side=side.label) for side in sides)
        )
        for number in range(50)
    ]
    breakdown = attrs.evolve(compared.breakdowns[0], rows=tuple(rows))
    differences = [
        attrs.evolve(each, first=one.label, second=other.label)
        for one, other in combinations(sides, 2)
        for each in compared.differences
    ]
    page = attrs.evolve(
        compared, sides=tuple(sides), differences=tuple(differences), mixes=(), breakdowns=(breakdown,)
    ).to_html()

    assert len(page.encode()) < 1_000_000
    assert re.search(r">M +side 12<", page)
    assert "35 further values are not shown here." in page
    assert f"Only the main figures are here: with all, there are {len(differences)} differences." in page
    assert re.search(r"\d+ further sentences", page)
    assert ('class="narrow alone"' in page, 'class="wide"' in page) == (True, False)


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_extra_is_named(compared: Comparison, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ConfigError, match=rf"{package}, .* pip install 'unibatch\[report\]'"):
        compared.to_html()


class TestWriting:
    @pytest.fixture
    def undrawn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The page is not drawn, which takes long, where only its file matters."""
        monkeypatch.setattr("unibatch.workflows.compare.page.page_of", lambda _: "<!doctype html>")

    @pytest.mark.usefixtures("undrawn")
    def test_replaces_a_file_and_leaves_nothing_else(self, compared: Comparison, tmp_path: Path) -> None:
        folder = tmp_path / "reports"
        folder.mkdir()
        path = folder / "report.html"
        path.write_text("old")
        path.chmod(0o600)
        compared.write_html(path)

        assert path.read_text(encoding="utf-8") == "<!doctype html>"
        assert list(folder.iterdir()) == [path]
        assert sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == 0o600

    @pytest.mark.usefixtures("undrawn")
    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
    def test_others_may_read_it_as_any_new_file(self, compared: Comparison, tmp_path: Path) -> None:
        (tmp_path / "new").touch()
        compared.write_html(tmp_path / "report.html")

        modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new", "report.html")]
        assert modes[0] == modes[1]

    @pytest.mark.usefixtures("undrawn")
    @pytest.mark.parametrize(("name", "why"), [("missing/report.html", "No such file"), ("", "it is not a file")])
    def test_says_why_it_cannot(self, compared: Comparison, tmp_path: Path, name: str, why: str) -> None:
        with pytest.raises(InvalidInput, match=f"cannot write .*{why}"):
            compared.write_html(tmp_path / name)


# Colours --------------------------------------------------------------------------------------------------------------


def _themes() -> list[dict[str, str]]:
    style = STYLE.read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for part in style.split("@media")[:2])
    return [light, {**light, **dark}]


def _contrast(first: str, second: str) -> float:
    """As WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted([luminance(first), luminance(second)])
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", _themes(), ids=["light", "dark"])
def test_colours_stand_out(theme: dict[str, str]) -> None:
    """Text has a contrast of 4.5 at least; charts are labelled in the colours of their sides, so these have it too."""
    backgrounds = ("surface", "page")
    sides = [name for name in PAINTS if name.startswith("side-")]
    outcomes = [name for name in PAINTS if name.startswith("outcome-")]
    pairs = [
        *((name, ground) for name in ("ink", "muted", "link", *sides, *outcomes) for ground in backgrounds),
        *(("on-fill", name) for name in (*sides, *outcomes)),
        *((("warn"), "warn-wash"), ("ink", "warn-wash"), ("ink", "wash")),
    ]
    assert [(a, b) for a, b in pairs if _contrast(theme[a], theme[b]) < 4.5] == []


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 4, "日…"), ("e\u0301abc", 4, "e\u0301abc")],
)
def test_labels_are_shortened_to_the_room_there_is(text: str, width: int, expected: str) -> None:
    assert shorten(text, width) == expected
