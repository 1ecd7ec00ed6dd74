"""Campaigns and vendors side by side, in the field's own metrics, with intervals.

Start with `comparison.py`; `metrics.py` says what is compared, and `model.py` what comes out.
"""

from unibatch.workflows.compare.comparison import compare, compare_async
from unibatch.workflows.compare.metrics import METRICS, Metric
from unibatch.workflows.compare.model import (
    ROW_KEYS,
    Breakdown,
    BreakdownRow,
    ComparedCampaign,
    Comparison,
    Count,
    Difference,
    Figure,
    Filters,
    Interval,
    Mix,
    Part,
    Side,
)

__all__ = [
    "METRICS",
    "ROW_KEYS",
    "Breakdown",
    "BreakdownRow",
    "ComparedCampaign",
    "Comparison",
    "Count",
    "Difference",
    "Figure",
    "Filters",
    "Interval",
    "Metric",
    "Mix",
    "Part",
    "Side",
    "compare",
    "compare_async",
]
