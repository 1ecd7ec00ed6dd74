"""Tables of rows that still come in: printed page by page, in columns that keep their places."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

import attrs

from unibatch.cli.cells import DIM, HEADING, NOTHING, Cell

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

_GAP = 2
_NARROWEST = 8
_EMPTY = Cell("")
_LATIN = "\u0300"
"""Each printable character before this one takes one cell."""

UNBOUNDED = 4096
"""Cells in a line of a table that goes to a file or a pipe, where nothing must be folded."""


@attrs.frozen
class Column(Generic[T]):
    """One column."""

    title: str
    cell: Callable[[T], Cell]
    justify: Literal["left", "right"] = "left"
    least: int = 0  # how many cells it takes at least, for rows that are still to come
    folds_to: int | None = None  # how narrow it may get where room is short; None: it may not


Lane = Sequence[Column[T]]
"""Columns that are stacked where they do not fit side by side."""

_Line: TypeAlias = list[Cell]


class RowTable(Generic[T]):
    """A table that is printed on stdout in parts.

    The first rows decide how wide each column is. Where a terminal is too narrow for all columns side by side, the
    columns of a lane are stacked, so that a row takes several lines and no id is broken. Where there is no terminal,
    each row is one line; a wider cell that comes later shifts the rest of its line. That takes no rich.
    """

    def __init__(self, lanes: Sequence[Lane[T]]) -> None:
        self._terminal: Console | None = None
        if sys.stdout.isatty():
            from unibatch.cli.tables import screen

            self._terminal = screen()
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
        lines: list[_Line] = []
        if begins:
            lines += self._row([[Cell(column.title, HEADING) for column in lane] for lane in self._lanes])
            if stacked:
                lines.append([])
            else:
                rule = "─" if self._holds_lines() else "-"
                lines += self._row([[Cell(rule * width, DIM)] for width in self._widths])
        for row in rows:
            lines += self._row([[column.cell(row) for column in lane] for lane in self._lanes])
            if stacked:
                lines.append([])
        self._print(lines)

    def _holds_lines(self) -> bool:
        return (sys.stdout.encoding or "utf-8").lower().startswith("utf")

    def _print(self, lines: list[_Line]) -> None:
        if self._terminal is None:
            sys.stdout.write("".join([f"{''.join([cell.text for cell in line]).rstrip()}\n" for line in lines]))
            sys.stdout.flush()
            return
        from rich.text import Text

        text = Text("\n", no_wrap=True, overflow="ignore").join(Text.assemble(*line) for line in lines)
        self._terminal.print(text)

    def _row(self, cells: Sequence[Sequence[Cell]]) -> list[_Line]:
        """The lines of one row. By hand: rich's own tables take ten times as long, which thousands of rows show."""
        lanes = [self._folded(stack, width) for stack, width in zip(cells, self._widths, strict=True)]
        lines = []
        for across in zip_longest(*lanes, fillvalue=_EMPTY):
            line: _Line = []
            start = end = 0  # of the column, and of what is written so far
            for cell, lane, width in zip(across, self._lanes, self._widths, strict=True):
                size = _size(cell.text)
                begin = start + width - size if lane[0].justify == "right" else start
                begin = max(begin, end + _GAP if start else 0)
                line += [Cell(" " * (begin - end)), cell]
                start += width + _GAP
                end = begin + size
            lines.append(line)
        return lines

    def _folded(self, cells: Sequence[Cell], width: int) -> Sequence[Cell]:
        if self._terminal is None or all(_size(cell.text) <= width for cell in cells):
            return cells
        from rich.text import Text

        folded: list[Cell] = []
        for cell in cells:
            if _size(cell.text) <= width:
                folded.append(cell)
            else:
                lines = Text(cell.text).wrap(self._terminal, width, overflow="fold")
                folded += [Cell(line.plain, cell.style) for line in lines]
        return folded

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
        room = UNBOUNDED if self._terminal is None else self._terminal.width
        excess = sum(widths) + _GAP * (len(widths) - 1) - room
        if at_any_price and sum(widths) - excess < sum(floors):
            floors = [min(floor, _NARROWEST) for floor in floors]
        for index in sorted(range(len(widths)), key=lambda index: floors[index] - widths[index]):
            give = max(0, min(excess, widths[index] - floors[index]))
            widths[index] -= give
            excess -= give
        return widths if excess <= 0 or at_any_price else None


def _natural(column: Column[T], rows: Sequence[T]) -> int:
    return max(_size(column.title), column.least, *(_size(column.cell(row).text) for row in rows))


def _size(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii() or max(text) < _LATIN or text == NOTHING or text.startswith("─"):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
