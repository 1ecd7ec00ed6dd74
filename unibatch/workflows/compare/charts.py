"""Draws the charts of the page, with matplotlib: each in a narrow layout for phones and in a wide one.

No chart needs colour to be read: sides have letters and markers, outcomes have patterns and shares in figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import attrs

from unibatch.workflows.compare.intervals import quantile
from unibatch.workflows.compare.metrics import METRICS, OUTCOMES
from unibatch.workflows.compare.model import Count, Side
from unibatch.workflows.compare.svg import label, paint
from unibatch.workflows.compare.values import NOT_TOLD, seconds, share

_SIDE_COLOURS = 6
_MARKERS = "osD^vP"
_HATCHES = ("", "////", "---", "xxxx", "\\\\\\\\", "|||", "+++", "//", "xx", "\\\\")
"""The pattern of each of `OUTCOMES`. None has circles: they would take 100 kB each."""

_HOUR = 3600
_DAY = 86_400
_BINS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, _HOUR)
_UNITS = ((_DAY, "d"), (_HOUR, "h"), (60, "min"))
_SPANS = (60, 120, 300, 600, 900, 1800, *(hours * _HOUR for hours in (1, 2, 3, 6, 12)), _DAY, 7 * _DAY, 28 * _DAY)


@attrs.frozen(kw_only=True)
class Layout:
    """Sizes of a chart in pixels, and of its text.

    Attributes:
        name: Its CSS class.
        width: How wide a chart is.
        size: The size of text.
        left: The room left of rows, for what they are.
        right: The room right of rows, for their values.
        label: How many characters of a label there is room for in a row; 0: only its letter is shown.
        title: How many there are above a panel.
        legend: How many columns a legend has.
        bins: How many bars a distribution has at most.
        ticks: How many parts an axis has at most.
    """

    name: str
    width: int
    size: int
    left: int
    right: int
    label: int
    title: int
    legend: int
    bins: int
    ticks: int


LAYOUTS = (
    Layout(name="narrow", width=328, size=12, left=22, right=64, label=0, title=36, legend=2, bins=26, ticks=4),
    Layout(name="wide", width=1000, size=13, left=262, right=178, label=30, title=90, legend=5, bins=60, ticks=8),
)


def letter(number: int) -> str:
    """The letter of a side: A to Z, then AA."""
    first, last = divmod(number, 26)
    return (letter(first - 1) if first else "") + chr(ord("A") + last)


def _colour(number: int) -> str:
    return paint(f"side-{number % _SIDE_COLOURS}")


def _figure(layout: Layout, height: float) -> Any:
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415 - an extra
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    figure = Figure(figsize=(layout.width / 72, height / 72), dpi=72)
    FigureCanvasSVG(figure)
    return figure


def _axes(figure: Any, layout: Layout, *, left: float, top: float, right: float, height: float) -> Any:
    """Axes at a place in pixels, from the top left corner, with nothing drawn but the baseline."""
    whole = figure.get_figheight() * 72
    axes = figure.add_axes(
        (left / layout.width, 1 - (top + height) / whole, 1 - (left + right) / layout.width, height / whole)
    )
    for name in ("top", "left", "right"):
        axes.spines[name].set_visible(False)
    axes.spines["bottom"].set_color(paint("muted"))
    axes.tick_params(length=0, pad=6, labelsize=layout.size)
    axes.set_axisbelow(True)
    return axes


# Outcomes -------------------------------------------------------------------------------------------------------------


def outcome_mix(sides: Sequence[Side], layout: Layout) -> Any:
    """Concluded contacts by last status, stacked to 100 % a side."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - an extra

    present = [
        (number, status)
        for number, status in enumerate(OUTCOMES)
        if any(each.value == status.value for side in sides for each in side.outcomes)
    ]
    bar, row = 30, 64
    axis = 24
    legend = 26 * math.ceil(len(present) / layout.legend) + 14
    height = row * len(sides) + axis + legend
    figure = _figure(layout, height)
    axes = _axes(figure, layout, left=1, top=0, right=14, height=row * len(sides))
    axes.set_xlim(0, 1)
    axes.set_ylim(len(sides), 0)
    axes.set_yticks([])
    _percent_ticks(axes)
    for place, side in enumerate(sides):
        y = place + 1 - (bar / 2 + 6) / row
        counts = {each.value: each.count for each in side.outcomes}
        whole = sum(counts.values())
        _heading(axes, layout, place, f"{whole:,} concluded", y=y - (bar / 2 + 9) / row)
        if not whole:
            axes.text(0, y, NOT_TOLD, va="center", size=layout.size, color=paint("muted"))
            continue
        start = 0.0
        for number, status in present:
            part = counts.get(status.value, 0) / whole
            if not part:
                continue
            colour = paint(f"outcome-{number}")
            axes.barh(
                y,
                part,
                left=start,
                height=bar / row,
                color=colour,
                hatch=_HATCHES[number],
                edgecolor=paint("surface"),
                linewidth=1.5,
            )
            if part * layout.width > layout.size * 4:
                axes.text(
                    start + part / 2,
                    y,
                    f"{part * 100:.0f} %",
                    ha="center",
                    va="center",
                    size=layout.size,
                    weight="bold",
                    color=paint("on-fill"),
                    bbox={"boxstyle": "round,pad=0.2", "facecolor": colour, "edgecolor": "none"},
                )
            start += part
    handles = [
        Patch(
            facecolor=paint(f"outcome-{number}"),
            hatch=_HATCHES[number],
            edgecolor=paint("surface"),
            label=METRICS[status.value].title,
        )
        for number, status in present
    ]
    if handles:
        figure.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0, 0),
            borderpad=0,
            borderaxespad=0,
            ncols=layout.legend,
            fontsize=layout.size,
            handlelength=2,
            handleheight=1.2,
            columnspacing=1.8,
            labelspacing=0.7,
        )
    return figure


def _percent_ticks(axes: Any) -> None:
    steps = (0, 0.25, 0.5, 0.75, 1)
    axes.set_xticks(steps, [f"{step * 100:.0f} %" for step in steps])
    labels = axes.get_xticklabels()
    labels[0].set_horizontalalignment("left")
    labels[-1].set_horizontalalignment("right")
    axes.grid(axis="x", linewidth=1)


def _heading(axes: Any, layout: Layout, number: int, more: str, *, y: float) -> None:
    """The letter and the label of a side above what is drawn of it."""
    room = layout.title - len(more)
    axes.text(
        0,
        y,
        f"{letter(number)}  {label(number, room)}",
        va="baseline",
        size=layout.size,
        weight="bold",
        color=_colour(number),
    )
    axes.text(1, y, more, ha="right", va="baseline", size=layout.size, color=paint("muted"))


# Rows -----------------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Row:
    """One value of one side.

    Attributes:
        side: The number of the side.
        value: The value, or ``None``.
        low: The lower end of its interval, if it has one.
        high: The upper end.
        text: The value as a text.
        between: The interval as a text, or nothing.
    """

    side: int
    value: float | None
    low: float | None = None
    high: float | None = None
    text: str
    between: str = ""


@attrs.frozen(kw_only=True)
class Block:
    """The values of all sides for one thing.

    Attributes:
        title: What they are.
        rows: One for each side.
    """

    title: str
    rows: tuple[Row, ...]


def dots(blocks: Sequence[Block], layout: Layout) -> Any:
    """Shares as dots, with their intervals as whiskers."""

    def draw(axes: Any, row: Row, y: float) -> None:
        colour = _colour(row.side)
        value = row.value or 0
        if row.low is not None and row.high is not None:
            axes.errorbar(
                value,
                y,
                xerr=[[value - row.low], [row.high - value]],
                fmt="none",
                ecolor=colour,
                elinewidth=2,
                capsize=4,
            )
        axes.plot(
            value,
            y,
            _MARKERS[row.side % len(_MARKERS)],
            color=colour,
            markersize=9,
            markeredgecolor=paint("surface"),
            markeredgewidth=1.2,
            clip_on=False,
        )

    figure, axes = _rows(blocks, layout, draw, axis=30)
    axes.set_xlim(0, 1)
    _percent_ticks(axes)
    return figure


def bars(blocks: Sequence[Block], layout: Layout, *, longest: float) -> Any:
    """Values as bars that begin at nothing; the values stand beside them.

    Args:
        blocks: What to draw.
        layout: The layout.
        longest: The value of a bar that takes all the room.
    """

    def draw(axes: Any, row: Row, y: float) -> None:
        axes.barh(y, row.value or 0, height=14, color=_colour(row.side))

    figure, axes = _rows(blocks, layout, draw, axis=6)
    axes.set_xlim(0, longest or 1)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    return figure


def _rows(blocks: Sequence[Block], layout: Layout, draw: Callable[[Any, Row, float], None], *, axis: int) -> Any:
    head, step, gap = 24, 25, 10
    height = sum(head + step * len(block.rows) + gap for block in blocks)
    figure = _figure(layout, height + axis)
    axes = _axes(figure, layout, left=layout.left, top=0, right=layout.right, height=height)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    beside = axes.get_yaxis_transform()  # from the left end of the rows to the right one, 0 to 1
    pixel = 1 / (layout.width - layout.left - layout.right)
    y = 0.0
    for block in blocks:
        text = {"va": "center_baseline", "size": layout.size, "transform": beside}
        axes.text(-layout.left * pixel, y + head / 2 + 2, block.title, weight="bold", **text)
        y += head
        for row in block.rows:
            middle = y + step / 2
            name = letter(row.side) + (f"  {label(row.side, layout.label)}" if layout.label else "")
            axes.text(-layout.left * pixel, middle, name, color=_colour(row.side), **text)
            if row.value is None:
                axes.text(8 * pixel, middle, NOT_TOLD, color=paint("muted"), style="italic", **text)
            else:
                draw(axes, row, middle)
                shown = f"{row.text}  ({row.between})" if layout.label and row.between else row.text
                axes.text(1 + 14 * pixel, middle, shown, **text)
            y += step
        y += gap
    return figure, axes


# Panels ---------------------------------------------------------------------------------------------------------------


def durations(sides: Sequence[Side], layout: Layout) -> Any:
    """The lengths of answered calls as a share of them, a panel a side, on the same scales.

    A solid line stands at the median, a dashed one where nine of ten calls are shorter.
    """
    told = [(number, side) for number, side in enumerate(sides) if side.durations]
    values = {number: [(_number(each), each.count) for each in side.durations] for number, side in told}
    end = max(quantile(each, 0.99) for each in values.values())
    least = max([1.0, *(side.duration_step for _, side in told)])
    width = next((step for step in _BINS if step >= least and end / step <= layout.bins), max(least, _BINS[-1]))
    width = max(width, math.ceil(end / layout.bins))  # a vendor may state a length that no call has
    number_of_bins = max(1, math.ceil((end + 1e-9) / width))
    edges = [width * place for place in range(number_of_bins + 1)]
    figure, panels = _panels(told, layout, lambda side: _quantiles(side, layout))
    highest = 0.0
    for (number, _side), axes in zip(told, panels, strict=True):
        counts = [0] * number_of_bins
        for length, count in values[number]:
            counts[min(int(length / width), number_of_bins - 1)] += count
        shares = [count / sum(counts) for count in counts]
        highest = max(highest, *shares)
        axes.stairs(shares, edges, fill=True, color=_colour(number), edgecolor=paint("surface"), linewidth=0.6)
        for probability, line in ((0.5, "-"), (0.9, (0, (4, 3)))):
            axes.axvline(min(quantile(values[number], probability), edges[-1]), color=paint("ink"), linestyle=line)
    for axes in panels:
        axes.set_xlim(0, edges[-1])
        axes.set_ylim(0, highest * 1.05)
        _ticks(axes, layout, lambda length, _: _short(length), lambda part, _: share(part).replace(".0", ""))
        step = next((each for each in _BINS if edges[-1] / each <= layout.ticks), None)
        if step is not None:
            axes.set_xticks([step * place for place in range(int(edges[-1] / step) + 1)])
    return figure


def _number(count: Count) -> float:
    return float(count.value) if isinstance(count.value, int | float) else 0.0


def _short(length: float) -> str:
    """A round length of time, as short as can be."""
    return seconds(length).replace(".0s", "s").replace(" 00s", "").replace(" 00m", "")


def _quantiles(side: Side, layout: Layout) -> str:
    median, high = side.figure("median_duration").value, side.figure("p90_duration").value
    if not isinstance(median, int | float) or not isinstance(high, int | float):
        return ""
    return f"median {seconds(median)}" + (f", 90 % below {seconds(high)}" if layout.label else "")


def pace(sides: Sequence[Side], layout: Layout) -> Any:
    """Contacts an hour from the first call on, a panel a side: the same scale upwards, each its own time."""
    told = [(number, side) for number, side in enumerate(sides) if side.pace]
    figure, panels = _panels(told, layout, _began)
    highest = 0.0
    for (number, side), axes in zip(told, panels, strict=True):
        began = _moment(side.pace[0])
        offsets = [((_moment(each) - began).total_seconds(), each.count) for each in side.pace]
        span = offsets[-1][0] + side.pace_step
        width = next((step for step in _SPANS if step >= side.pace_step and span / step <= layout.bins), _SPANS[-1])
        width = max(width, math.ceil(span / layout.bins))
        width = math.ceil(width / side.pace_step) * side.pace_step
        counts = [0] * max(1, math.ceil(span / width))
        for offset, count in offsets:
            counts[int(offset // width)] += count
        rates = [count * _HOUR / width for count in counts]
        highest = max(highest, *rates)
        unit, name = next(((unit, name) for unit, name in _UNITS if span >= 2 * unit), _UNITS[-1])
        edges = [width * place / unit for place in range(len(counts) + 1)]
        axes.stairs(rates, edges, fill=True, color=_colour(number), edgecolor=paint("surface"), linewidth=0.6)
        axes.set_xlim(0, edges[-1])
        _ticks(axes, layout, lambda value, _, name=name: f"{value:g} {name}", lambda value, _: f"{value:,.0f}")
    for axes in panels:
        axes.set_ylim(0, highest * 1.05)
    return figure


def _moment(count: Count) -> datetime:
    if not isinstance(count.value, datetime):
        raise TypeError(f"not a time: {count.value!r}")
    return count.value


def _began(side: Side) -> str:
    return f"from {_moment(side.pace[0]):%Y-%m-%d %H:%M} UTC"


def hours(sides: Sequence[Side], layout: Layout) -> Any:
    """The hours of the latest calls, as shares, a panel a side."""
    told = [(number, side) for number, side in enumerate(sides) if side.hours]
    figure, panels = _panels(told, layout, lambda side: shorten_zone(side.timezone))
    highest = 0.0
    for (number, side), axes in zip(told, panels, strict=True):
        counts = [0] * 24
        for each in side.hours:
            counts[int(_number(each))] += each.count
        shares = [count / sum(counts) for count in counts]
        highest = max(highest, *shares)
        axes.stairs(shares, range(25), fill=True, color=_colour(number), edgecolor=paint("surface"), linewidth=0.6)
    for axes in panels:
        axes.set_xlim(0, 24)
        axes.set_ylim(0, highest * 1.05)
        _ticks(axes, layout, lambda value, _: f"{value:.0f}:00", lambda part, _: share(part).replace(".0", ""))
        axes.set_xticks(range(0, 25, 6 if layout.label == 0 else 3))
    return figure


def shorten_zone(zone: str) -> str:
    """Time zones as far as there is room for them."""
    return zone if zone.isascii() and len(zone) < 24 else "several zones"  # noqa: PLR2004 - what fits a phone


def _panels(told: Sequence[tuple[int, Side]], layout: Layout, more: Callable[[Side], str]) -> tuple[Any, list[Any]]:
    head, plot, axis = 34, 96, 30
    figure = _figure(layout, (head + plot + axis) * len(told))
    panels = []
    for place, (number, side) in enumerate(told):
        axes = _axes(figure, layout, left=46, top=place * (head + plot + axis) + head, right=24, height=plot)
        heading = _axes(figure, layout, left=1, top=place * (head + plot + axis), right=24, height=head)
        heading.set_axis_off()
        _heading(heading, layout, number, more(side), y=0.4)
        panels.append(axes)
    return figure, panels


def _ticks(axes: Any, layout: Layout, along: Callable[..., str], up: Callable[..., str]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415 - an extra

    axes.xaxis.set_major_locator(MaxNLocator(layout.ticks, steps=[1, 2, 3, 5, 6, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(along))
    axes.yaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 4, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(up))
    axes.grid(axis="y", linewidth=1)
