"""What goes wrong with the requests of a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from unibatch.sandbox import VendorRequest

Fault: TypeAlias = Mapping[str, Any]
"""What goes wrong: arguments of `Sandbox.fail`."""

When: TypeAlias = int | str | Mapping[str, Any] | Callable[[VendorRequest], bool]

EVERY_WRITE: Mapping[str, Any] = {"writes": True}
EVERY_READ: Mapping[str, Any] = {"writes": False}

BEFORE: Mapping[str, Fault] = {
    "cut before": {"drop": "before"},
    "reset before": {"drop": "before", "reset": True},
    "500 before": {"status": 500},
    "504 in HTML before": {"status": 504, "body": "<html>Gateway Timeout</html>"},
    "stall before": {"stall": "before"},
}
"""The client does not learn that its write was not carried out."""

AFTER: Mapping[str, Fault] = {
    "cut after": {"drop": "after"},
    "reset after": {"drop": "after", "reset": True},
    "cut in answer": {"cut": 20},
    "500 after": {"status": 500, "answer": "after"},
    "502 in HTML after": {"status": 502, "body": "<html><h1>Bad Gateway</h1></html>", "answer": "after"},
    "garbage after": {"body": "All went well!", "answer": "after"},
    "nothing after": {"body": b"", "answer": "after"},
    "stall after": {"stall": "after"},
}
"""The client does not learn that its write was carried out."""

FAULTS = {**BEFORE, **AFTER}


def late(seconds: float | None = None) -> Fault:
    """The connection ends, and the work is done so many seconds afterwards, or when the emulator catches up."""
    return {"drop": "late", "delay": seconds}


BRIEF = 0.1
"""Seconds after which a client gives up waiting for an answer that does not come."""


def patience(fault: str) -> float:
    """How long a client waits where something of this name goes wrong."""
    return BRIEF if fault.startswith("stall") else 5.0
