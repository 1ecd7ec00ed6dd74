"""How figures look to people, in text of any kind: tables, Markdown, sentences, notebooks."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from unibatch.core.model import Money
from unibatch.workflows.compare.metrics import METRICS, Metric, Unit
from unibatch.workflows.compare.model import Figure

NOT_TOLD = "not told"

_MINUTE = 60
_HOUR = 3600
_DAY = 86_400
_FINE = Decimal("0.0001")


def shown(figure: Figure, *, interval: bool = True) -> str:
    """A figure as text: ``"62.1 % (60.2 to 64.0)"``, ``"1m 14s"``, ``"not told"``."""
    if figure.value is None:
        return NOT_TOLD
    unit = METRICS[figure.metric].unit
    text = value(figure.value, unit)
    if interval and figure.interval is not None:
        text += f" ({ends(figure, METRICS[figure.metric])})"
    return text


def ends(figure: Figure, metric: Metric) -> str:
    """The ends of a figure's interval, without the unit where the value before it shows it."""
    if figure.interval is None:
        return ""
    low, high = (value(end, metric.unit).removesuffix(" %") for end in (figure.interval.low, figure.interval.high))
    return f"{low} to {high}"


def value(amount: float | datetime | Money, unit: Unit) -> str:
    """A value in its unit."""
    if isinstance(amount, Money):
        return money(amount)
    if isinstance(amount, datetime):
        return f"{amount:%Y-%m-%d %H:%M} UTC"
    if unit == "share":
        return share(amount)
    if unit == "seconds":
        return seconds(amount)
    if unit == "count":
        return f"{amount:,.0f}"
    return f"{amount:,.2f}" if unit == "calls" else f"{amount:,.1f}"


def share(part: float) -> str:
    """A share in percent, to a tenth: what is neither nothing nor all never reads so."""
    percent = part * 100
    if 0 < percent < 0.05:  # noqa: PLR2004 - what would read 0.0
        return "<0.1 %"
    if 99.95 <= percent < 100:  # noqa: PLR2004 - what would read 100.0
        return ">99.9 %"
    return f"{percent:.1f} %"


def seconds(length: float) -> str:
    """A length of time: seconds to a tenth below a minute, else the two largest units."""
    sign, length = ("-", -length) if length < 0 else ("", length)
    if length < _MINUTE - 0.05:
        return f"{sign}{length:.1f}s"
    whole = round(length)
    if whole < _HOUR:
        return f"{sign}{whole // _MINUTE}m {whole % _MINUTE:02}s"
    minutes = round(length / _MINUTE)
    if length < _DAY:
        return f"{sign}{minutes // 60:,}h {minutes % 60:02}m"
    hours = round(length / _HOUR)
    return f"{sign}{hours // 24:,}d {hours % 24:02}h"


def money(amount: Money) -> str:
    """Money to a hundredth, and to a ten-thousandth below 1: what is not nothing never reads so."""
    size = abs(amount.amount)
    if 0 < size < _FINE / 2:
        sign = "-" if amount.amount < 0 else ""
        return f"{sign}<{_FINE} {amount.currency}"
    digits = 2 if size >= 1 or not size else 4
    return f"{amount.amount:,.{digits}f} {amount.currency}"
