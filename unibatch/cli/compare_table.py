"""A comparison on the terminal: a table that fits any width, then what its differences say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

import attrs
from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from unibatch import Comparison, Figure, Side
from unibatch.cli.cells import DIM, HEADING, WARN, bar
from unibatch.cli.tables import columns, screen, show_on
from unibatch.cli.text import canonical, number, words
from unibatch.core.masking import mask_text
from unibatch.workflows.compare import Breakdown, Count, Metric, Part
from unibatch.workflows.compare.metrics import GROUPS
from unibatch.workflows.compare.values import NOT_TOLD, ends, shown, value

_WIDTH = 80  # where stdout is no terminal
_WIDEST = 110
_TITLE = 23
_BAR = 8
_LONGEST_HEAD = 20
_LONGEST_NAME = 80
_GAP = 2
_NARROW_INTERVAL = len("58.3-66.3")
_WITH_INTERVALS = 72  # the narrowest screen on which breakdowns have intervals
_MOST_COUNTRIES = 4
_MOST_SHARE = 0.8
_HOURS = 24

_HOW_TO_READ = (
    "Outcomes are per contact, by the last status of each. Ranges are 95 % intervals: 19 times out of 20, the truth is "
    "within such a range."
)


def show_comparison(compared: Comparison) -> None:
    """Print a comparison on stdout."""
    console = screen()
    console.width = min(console.width, _WIDEST) if console.is_terminal else _WIDTH
    sheet = _Sheet(compared, console)
    show_on(console, *sheet.parts())


@attrs.frozen
class _Cell:
    """A figure as it is shown: its value, what goes beside it, and how long its bar is, 0 to 1."""

    value: Text
    beside: str = ""
    share: float | None = None


_Line = tuple[str, Sequence[_Cell]]
"""A title, and a cell for each side; a heading has none."""


class _Sheet:
    def __init__(self, compared: Comparison, console: Console) -> None:
        self.compared = compared
        self.sides = compared.sides
        self.width = console.width
        self.is_ascii = console.options.ascii_only
        labels = [side.label for side in self.sides]
        self.is_numbered = max(map(len, labels)) > _LONGEST_HEAD
        self.heads = [f"[{place}]" for place in range(1, len(labels) + 1)] if self.is_numbered else labels
        self.reasons: list[str] = []

    def parts(self) -> Iterator[Text | Table | Padding]:
        yield self._legend()
        yield Text()
        lines = list(self._lines())
        yield from self._side_by_side(lines) or self._stacked(lines)
        yield self._footnotes()
        for breakdown in self.compared.breakdowns:
            yield Text()
            yield Text(f"By {breakdown.title}", style=HEADING)
            yield self._breakdown(breakdown)
        if self.compared.sentences:
            yield Text()
            yield Text("Differences", style=HEADING)
            yield from map(self._point, self.compared.sentences)
        yield Text()
        yield Text("Keep in mind", style=HEADING)
        yield from map(self._point, self.compared.warnings)

    def _legend(self) -> Table:
        table = Table.grid(Column(no_wrap=True), Column(overflow="fold"), padding=(0, 1))
        for head, side in zip(self.heads, self.sides, strict=True):
            for place, campaign in enumerate(side.campaigns):
                about = Text()
                if self.is_numbered or len(side.campaigns) > 1:
                    about.append_text(words(campaign.reference))
                    about.append(", ")
                about.append(f"{side.vendor}, ")
                if campaign.name and campaign.name.strip():
                    about.append_text(words(_shortened(mask_text(campaign.name)))).append(", ")
                about.append_text(canonical(campaign.status))
                about.append(", ").append_text(number(campaign.contacts)).append(" contacts")
                if not campaign.is_complete:
                    about.append(", incomplete", style=WARN)
                table.add_row(words(head, HEADING) if place == 0 else "", about)
        return table

    def _lines(self) -> Iterator[_Line]:
        for group, metrics in groupby(self.compared.metrics, key=lambda metric: metric.group):
            made = [(metric, [side.figure(metric.name) for side in self.sides]) for metric in metrics]
            told = [(metric, figures) for metric, figures in made if any(not each.not_told for each in figures)]
            if told:
                yield GROUPS[group], ()
                yield from ((metric.title, [self._cell(metric, each) for each in figures]) for metric, figures in told)
        yield "Lists", ()
        yield "countries", [_Cell(words(_countries(side))) for side in self.sides]
        yield "hours of most calls", [_Cell(words(_hours(side))) for side in self.sides]

    def _cell(self, metric: Metric, figure: Figure) -> _Cell:
        if figure.value is None:
            return _Cell(Text(f"{NOT_TOLD} {self._mark(figure.not_told or '')}", style=DIM))
        text = words(value(figure.value, metric.unit))
        missing = f"not stated for {figure.missing:,} contacts, which are left out" if figure.missing else None
        per = f"per {metric.per}" if metric.group == "network" else None
        if note := "; ".join(filter(None, (per, missing, figure.note))):
            text.append(f" {self._mark(note)}", style=DIM)
        if figure.interval is not None:
            share = figure.value if metric.unit == "share" and isinstance(figure.value, float) else None
            return _Cell(text, ends(figure, metric).replace(" to ", "-"), share)
        return _Cell(text, f"{figure.numerator:,.0f}" if metric.unit == "share" else "")

    def _mark(self, reason: str) -> str:
        if reason not in self.reasons:
            self.reasons.append(reason)
        return str(self.reasons.index(reason) + 1)

    def _side_by_side(self, lines: Sequence[_Line]) -> list[Table] | None:
        """A column for each side, or ``None`` if there is no room for that."""
        values = max((cell.value.cell_len for _, cells in lines for cell in cells if cell.beside), default=0)
        widths = [
            max(len(head), *(_width(cells[place], values) for _, cells in lines if cells))
            for place, head in enumerate(self.heads)
        ]
        beside = max((len(cell.beside) for _, cells in lines for cell in cells if cell.share is not None), default=0)
        left = self.width - _TITLE - (_GAP * len(widths)) - sum(widths)
        if left < 0:
            return None
        room = [width + left // len(widths) for width in widths]
        bars = min(_BAR, min(room) - values - _GAP - beside - 1)
        table = columns(
            Column("", width=_TITLE, no_wrap=True),
            *(Column(words(head), width=width, no_wrap=True) for head, width in zip(self.heads, room, strict=True)),
        )
        for title, cells in lines:
            if not cells and table.row_count:
                table.add_row()
            label = Text(f"{'  ' if cells else ''}{title}", style="" if cells else HEADING)
            table.add_row(label, *(self._drawn(cell, values, beside, bars) for cell in cells))
        return [table]

    def _drawn(self, cell: _Cell, values: int, beside: int, bars: int) -> Text:
        """A cell in columns of its own: the value, what goes beside it, and the bar, so many characters each."""
        text = cell.value.copy()
        if cell.beside:
            text.pad_right(values - text.cell_len + _GAP)
            text.append(cell.beside, style=DIM)
        if cell.share is not None and bars > 1:
            text.pad_right(beside - len(cell.beside) + 1)
            text.append_text(self._bar(cell.share, bars))
        return text

    def _stacked(self, lines: Sequence[_Line]) -> Iterator[Text]:
        """A line for each side below each title, for narrow screens and many sides."""
        heads = max(map(len, self.heads))
        values = max((cell.value.cell_len for _, cells in lines for cell in cells if cell.beside), default=0)
        for place, (title, cells) in enumerate(lines):
            if not cells and place:
                yield Text()
            yield Text(f"{'  ' if cells else ''}{title}", style="" if cells else HEADING)
            for head, cell in zip(self.heads, cells, strict=False):
                text = Text(f"    {head:<{heads}} ", style=DIM)
                bars = min(_BAR, self.width - text.cell_len - values - _GAP - _NARROW_INTERVAL - 1)
                text.append_text(self._drawn(cell, values, _NARROW_INTERVAL, bars))
                yield text

    def _bar(self, share: float, cells: int) -> Text:
        return Text("#" * max(round(share * cells), share > 0) if self.is_ascii else bar(share, cells))

    def _footnotes(self) -> Table:
        grid = Table.grid(Column(justify="right", style=DIM), Column(overflow="fold", style=DIM), padding=(0, 1))
        grid.add_row()
        grid.add_row("", _HOW_TO_READ)
        for place, reason in enumerate(self.reasons, start=1):
            grid.add_row(str(place), words(reason))
        hidden = [
            metric.title
            for metric in self.compared.metrics
            if all(side.figure(metric.name).not_told for side in self.sides)
        ]
        if hidden:
            grid.add_row("", words(f"Not told by any of them: {', '.join(hidden)}."))
        return grid

    def _breakdown(self, breakdown: Breakdown) -> Table:
        is_wide = self.width >= _WITH_INTERVALS
        head = Column("", min_width=3, overflow="fold", style=DIM)
        right = [Column(title, justify="right", no_wrap=True) for title in ("concluded", "reached", "completed")]
        table = columns(Column("", overflow="fold", min_width=4), head, *right, style=DIM)
        table.padding = (0, 2 if is_wide else 1, 0, 0)
        for row in breakdown.rows:
            for place, part in enumerate(row.parts):
                label = self.heads[[side.label for side in self.sides].index(part.side)]
                table.add_row(words(row.value if place == 0 else " "), words(label), *_of_part(part, intervals=is_wide))
        return table

    def _with_heads(self, sentence: str) -> str:
        """A sentence with the heads in place of the labels, one of which may begin with another."""
        heads = {words(side.label).plain: head for head, side in zip(self.heads, self.sides, strict=True)}
        longest_first = sorted(heads, key=len, reverse=True)
        pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"
        return re.sub(pattern, lambda found: heads[found[0]], sentence)

    def _point(self, sentence: str) -> Padding:
        text = words(sentence)
        if self.is_numbered:
            text = Text(self._with_heads(text.plain))
        grid = Table.grid(Column(width=1), Column(overflow="fold"), padding=(0, 1))
        grid.add_row("-", text)
        return Padding(grid, (0, 0, 0, 1))


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."


def _width(cell: _Cell, values: int) -> int:
    """How wide a cell is without its bar."""
    return values + _GAP + len(cell.beside) if cell.beside else cell.value.cell_len


def _of_part(part: Part, *, intervals: bool) -> list[Text]:
    concluded = part.figure("concluded")
    cells = [number(round(concluded.numerator or 0))]
    for name in ("reached", "completed"):
        figure = part.figure(name)
        cells.append(words(shown(figure, interval=intervals), "" if figure.not_told is None else DIM))
    return cells


def _countries(side: Side) -> str:
    total = sum(each.count for each in side.countries)
    most = [f"{each.value} {each.count / total:.0%}" for each in side.countries[:_MOST_COUNTRIES]]
    more = len(side.countries) - len(most)
    return " ".join([*most, *([f"and {more} more"] if more > 0 else [])])


def _hours(side: Side) -> str:
    """The shortest span of hours in which four of five calls were."""
    counts = _by_hour(side.hours)
    total = sum(counts)
    if not total:
        return NOT_TOLD
    spans = (
        (length, start)
        for length in range(1, _HOURS + 1)
        for start in range(_HOURS)
        if sum(counts[(start + step) % _HOURS] for step in range(length)) >= _MOST_SHARE * total
    )
    length, start = next(spans)
    return f"{start:02}-{(start + length) % _HOURS or _HOURS:02} {side.timezone}"


def _by_hour(hours: Sequence[Count]) -> list[int]:
    counts = [0] * _HOURS
    for each in hours:
        if isinstance(each.value, int):
            counts[each.value] = each.count
    return counts
