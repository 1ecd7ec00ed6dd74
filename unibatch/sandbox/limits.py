"""Rate limits: so many requests in a fixed window of wall-clock time."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs


@attrs.define
class Limit:
    """A fixed window, which begins with the first request that finds none open.

    Attributes:
        requests: How many requests a window has room for.
        window: Its length in seconds.
        wall: Returns the wall-clock time in seconds since the epoch.
    """

    requests: int
    window: float
    wall: Callable[[], float]
    used: int = 0
    reset_at: float = -math.inf

    def set(self, requests: int, window: float) -> None:
        """Set the limit, and forget the window that is open."""
        self.requests, self.window = requests, window
        self.used, self.reset_at = 0, -math.inf

    def refresh(self) -> None:
        """Open a new window if the last one is over."""
        now = self.wall()
        if now >= self.reset_at:
            self.used = 0
            self.reset_at = now + self.window

    def take(self) -> bool:
        """Count a request; return whether there was room for it."""
        self.refresh()
        if self.used >= self.requests:
            return False
        self.used += 1
        return True

    def headers(self) -> dict[str, str]:
        """Return the headers with which vendors show a limit."""
        self.refresh()
        return {
            "x-ratelimit-limit": str(self.requests),
            "x-ratelimit-remaining": str(max(0, self.requests - self.used)),
            "x-ratelimit-reset": str(math.ceil(self.reset_at)),
        }

    @property
    def wait(self) -> float:
        """Seconds until the open window is over."""
        return max(0.0, self.reset_at - self.wall())
