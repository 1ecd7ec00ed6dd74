"""What draws with rich: the console, and tables and sheets that are printed at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Column as RichColumn
from rich.table import Table

from unibatch.cli.cells import DIM, HEADING
from unibatch.cli.row_table import UNBOUNDED


def screen() -> Console:
    """Stdout: with colours and as wide as it is if it is a terminal, else plain and without end."""
    terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout,
        width=None if terminal else UNBOUNDED,
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
    """An empty table with these columns, without lines. Where they have no room, texts are folded, and not cut off."""
    for column in titled:
        column.overflow = "fold"
        column.no_wrap |= column.justify == "right"  # numbers
    return Table(*titled, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=style)


def widen_for(console: Console, table: Table) -> None:
    """Let the lines of a narrow terminal break, where otherwise whole columns would be missing."""
    least = console.measure(table, options=console.options.update(max_width=UNBOUNDED)).minimum
    console.width = max(console.width, least)


def bars_sheet() -> Table:
    """An empty table of a label, a number, its share and a bar, which is the first to be cut off."""
    label, value = RichColumn(no_wrap=True), RichColumn(justify="right", no_wrap=True)
    share = RichColumn(justify="right", no_wrap=True, style=DIM)
    return Table.grid(label, value, share, RichColumn(overflow="crop"), padding=(0, 2))


def facts_sheet(facts: Mapping[str, Any]) -> RenderableType:
    """Facts, one a line, each behind its label; those that are missing are left out."""
    sheet = Table.grid(RichColumn(style=DIM, no_wrap=True), RichColumn(overflow="fold"), padding=(0, 2))
    for label, value in facts.items():
        if value:
            sheet.add_row(label, value)
    return Padding(sheet, (0, 0, 0, 2))
