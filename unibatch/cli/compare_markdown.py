"""A comparison as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from unibatch import Comparison, Figure
from unibatch.cli.output import one_line
from unibatch.core.masking import mask_text
from unibatch.workflows.compare import Breakdown
from unibatch.workflows.compare.metrics import GROUPS
from unibatch.workflows.compare.values import shown

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]<>#|"})


def markdown(compared: Comparison) -> str:
    """A comparison as Markdown: tables, and lists of what has to be known."""
    return "\n".join(_lines(compared)) + "\n"


def _lines(compared: Comparison) -> Iterator[str]:
    notes: list[str] = []
    labels = [side.label for side in compared.sides]
    yield from _table(["", *labels], [["vendor", *(side.vendor for side in compared.sides)], *_campaigns(compared)])
    for group, metrics in groupby(compared.metrics, key=lambda metric: metric.group):
        rows = []
        for metric in metrics:
            figures = [side.figure(metric.name) for side in compared.sides]
            if any(figure.not_told is None for figure in figures):
                title = f"{metric.title} (per {metric.per})" if group == "network" else metric.title
                rows.append([title, *(_cell(figure, notes) for figure in figures)])
        if rows:
            yield from ("", f"### {GROUPS[group]}", "")
            yield from _table(["", *labels], rows)
    if notes:
        yield ""
        yield from (f"{place}. {_safe(note)}" for place, note in enumerate(notes, start=1))
    for breakdown in compared.breakdowns:
        yield from ("", f"### By {_safe(breakdown.title)}", "")
        yield from _table(["", "", "concluded", "reached", "completed"], _breakdown(breakdown))
    for title, sentences in (("Differences", compared.sentences), ("Keep in mind", compared.warnings)):
        if sentences:
            yield from ("", f"### {title}", "")
            yield from (f"- {_safe(sentence)}" for sentence in sentences)


def _campaigns(compared: Comparison) -> Iterator[list[str]]:
    names = [[mask_text(each.name) if each.name else each.id for each in side.campaigns] for side in compared.sides]
    yield ["campaigns", *map(", ".join, names)]
    yield ["status", *(", ".join(each.status for each in side.campaigns) for side in compared.sides)]


def _cell(figure: Figure, notes: list[str]) -> str:
    note = figure.not_told or figure.note
    if note is None:
        return shown(figure)
    if note not in notes:
        notes.append(note)
    return f"{shown(figure)} ({notes.index(note) + 1})"


def _breakdown(breakdown: Breakdown) -> Iterator[list[str]]:
    for row in breakdown.rows:
        for part in row.parts:
            concluded = round(part.figure("concluded").numerator or 0)
            shares = [shown(part.figure(name)) for name in ("reached", "completed")]
            yield [row.value, part.side, f"{concluded:,}", *shares]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(heads)
    yield "|" + "---|" * len(heads)
    yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_safe, cells))} |"


def _safe(text: str) -> str:
    return one_line(text).translate(_SPECIAL)
