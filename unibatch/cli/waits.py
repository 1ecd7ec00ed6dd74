"""Prints what a client waits for, on stderr."""

from __future__ import annotations

import math
import threading
import time

from unibatch import ProviderError, RateLimited, TransportError, Wait
from unibatch.cli.output import say

_SAME = 1.0  # waits that end within so many seconds of one another are the same wait, of several threads


class Waits:
    """Writes one line for each wait; pass it to ``connect`` as ``on_wait``.

    A wait for the rate limit holds all requests with the same key, and each thread reports it: it is written once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reported_until = -math.inf

    def __call__(self, wait: Wait) -> None:
        """Print a wait that begins now."""
        from unibatch.cli.errors import command_of

        if wait.is_turn:
            say(f"{wait.provider} {command_of(wait.operation)}: waiting; another thread or program is doing the same")
            return
        if wait.error is None or isinstance(wait.error, RateLimited):
            end = time.monotonic() + wait.seconds
            with self._lock:
                if end < self._reported_until + _SAME:
                    return
                self._reported_until = end
        say(f"{wait.provider} {command_of(wait.operation)}: {_what(wait, _seconds(wait.seconds))}")


def _what(wait: Wait, seconds: str) -> str:
    """What happens, and why, in unibatch's own words: the vendor's text may hold anything."""
    if wait.error is None:
        return f"waiting {seconds} s to stay below the rate limit"
    reason = type(wait.error).__name__
    if isinstance(wait.error, ProviderError):
        reason = f"{wait.error.summary} (HTTP {wait.error.http_status})"
    elif isinstance(wait.error, TransportError):
        reason = wait.error.summary
    return f"{reason}; attempt {wait.attempt + 1} in {seconds} s"


def _seconds(seconds: float) -> str:
    """A number that is not less than the wait, to a tenth where it is short."""
    return f"{math.ceil(seconds)}" if seconds > 1 else f"{math.ceil(seconds * 10) / 10:g}"
