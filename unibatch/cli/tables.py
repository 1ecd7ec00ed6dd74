"""The console, and tables of rows that still come in: printed page by page, in columns that keep their places."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Generic, Literal, TypeVar

import attrs
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Column as RichColumn
from rich.table import Table
from rich.text import Text

from unibatch.cli.text import DIM, HEADING

T = TypeVar("T")

_GAP = 2
_NARROWEST = 8
_EMPTY = Text()

_UNBOUNDED = 4096  # cells in a line of a table that goes to a file or a pipe, where nothing must be folded


def screen() -> Console:
    """Stdout: with colours and as wide as it is if it is a terminal, else plain and without end."""
    terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout,
        width=None if terminal else _UNBOUNDED,
        force_terminal=terminal,
        highlight=False,
        markup=False,
        emoji=False,
    )


def show_on(console: Console, *renderables: RenderableType) -> None:
    """Print now; where stdout is no terminal, without the blanks that would pad its lines."""
    if console.is_terminal:
        console.print(*renderables, sep="\n")
        return
    with console.capture() as captured:
        console.print(*renderables, sep="\n")
    console.file.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())
    console.file.flush()


def columns(*titled: RichColumn, style: str = HEADING) -> Table:
    """An empty table with these columns, without lines."""
    return Table(*titled, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=style)


def facts_sheet(facts: Mapping[str, Any]) -> RenderableType:
    """Facts, one a line, each behind its label; those that are missing are left out."""
    sheet = Table.grid(RichColumn(style=DIM, no_wrap=True), RichColumn(overflow="fold"), padding=(0, 2))
    for label, value in facts.items():
        if value:
            sheet.add_row(label, value)
    return Padding(sheet, (0, 0, 0, 2))


@attrs.frozen
class Column(Generic[T]):
    """One column."""

    title: str
    cell: Callable[[T], Text]
    justify: Literal["left", "right"] = "left"
    least: int = 0  # how many cells it takes at least, for rows that are still to come
    folds_to: int | None = None  # how narrow it may get where room is short; None: it may not


Lane = Sequence[Column[T]]
"""Columns that are stacked where they do not fit side by side."""


class RowTable(Generic[T]):
    """A table that is printed in parts.

    The first rows decide how wide each column is. Where a terminal is too narrow for all columns side by side, the
    columns of a lane are stacked, so that a row takes several lines and no id is broken. Where there is no terminal,
    each row is one line; a wider cell that comes later shifts the rest of its line.
    """

    def __init__(self, console: Console, lanes: Sequence[Lane[T]]) -> None:
        self._console = console
        self._lanes: list[Lane[T]] = [lane for lane in lanes if lane]
        self._widths: list[int] = []

    def add(self, rows: Sequence[T]) -> None:
        """Print more rows."""
        if not rows:
            return
        begins = not self._widths
        if begins:
            self._settle(rows)
        stacked = any(len(lane) > 1 for lane in self._lanes)
        out = Text(no_wrap=True, overflow="ignore", end="")
        if begins:
            self._append(out, [[Text(column.title, style=HEADING) for column in lane] for lane in self._lanes])
            if stacked:
                out.append("\n")
            else:
                rule = "-" if self._console.options.ascii_only else "─"
                self._append(out, [[Text(rule * width, style=DIM)] for width in self._widths])
        for row in rows:
            self._append(out, [[column.cell(row) for column in lane] for lane in self._lanes])
            if stacked:
                out.append("\n")
        out.right_crop()  # the line break at the end, which printing adds
        show_on(self._console, out)

    def _append(self, out: Text, cells: Sequence[Sequence[Text]]) -> None:
        """Append one row. By hand, since rich's own tables take ten times as long, which thousands of rows show."""
        lanes = [self._lines(stack, width) for stack, width in zip(cells, self._widths, strict=True)]
        for line in zip_longest(*lanes, fillvalue=_EMPTY):
            start = end = 0  # of the column, and of what is written so far
            for cell, lane, width in zip(line, self._lanes, self._widths, strict=True):
                size = cell.cell_len
                begin = start + width - size if lane[0].justify == "right" else start
                begin = max(begin, end + _GAP if start else 0)
                out.append(" " * (begin - end))
                out.append_text(cell)
                start += width + _GAP
                end = begin + size
            out.append("\n")

    def _lines(self, cells: Sequence[Text], width: int) -> list[Text]:
        if not self._console.is_terminal:
            return list(cells)
        lines: list[Text] = []
        for cell in cells:
            lines += [cell] if cell.cell_len <= width else cell.wrap(self._console, width, overflow="fold")
        return lines

    def _settle(self, rows: Sequence[T]) -> None:
        side_by_side: list[Lane[T]] = [[column] for lane in self._lanes for column in lane]
        widths = self._fit(side_by_side, rows)
        if widths is None:
            widths = self._fit(self._lanes, rows, at_any_price=True)
        else:
            self._lanes = side_by_side
        self._widths = widths or []

    def _fit(self, lanes: Sequence[Lane[T]], rows: Sequence[T], *, at_any_price: bool = False) -> list[int] | None:
        """How wide the lanes are, or ``None`` if they do not fit."""
        widths = []
        floors = []
        for lane in lanes:
            natural = [_natural(column, rows) for column in lane]
            widths.append(max(natural))
            least = zip(lane, natural, strict=True)
            floors.append(
                max(min(width, width if column.folds_to is None else column.folds_to) for column, width in least)
            )
        excess = sum(widths) + _GAP * (len(widths) - 1) - self._console.width
        if at_any_price and sum(widths) - excess < sum(floors):
            floors = [min(floor, _NARROWEST) for floor in floors]
        for index in sorted(range(len(widths)), key=lambda index: floors[index] - widths[index]):
            give = max(0, min(excess, widths[index] - floors[index]))
            widths[index] -= give
            excess -= give
        return widths if excess <= 0 or at_any_price else None


def _natural(column: Column[T], rows: Sequence[T]) -> int:
    return max(cell_len(column.title), column.least, *(column.cell(row).cell_len for row in rows))
