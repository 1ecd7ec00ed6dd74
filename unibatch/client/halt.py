"""How one thread ends what another thread is doing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Halted(Exception):
    """Another thread set the halt before the work was done."""


class Halt:
    """Ends one conversation that a `Driver` carries out with it. Once set it stays set."""

    def __init__(self) -> None:
        self._event = threading.Event()
        # One thread may take it twice: a listing that is not read to its end may be closed by the garbage collector.
        self._lock = threading.RLock()
        self._interrupt: Callable[[], object] | None = None

    def set(self) -> None:
        """End it: a pause ends, a blocked request fails, no further request begins. Does not block."""
        self._event.set()
        with self._lock:
            if self._interrupt is not None:
                self._interrupt()

    def is_set(self) -> bool:
        """Whether `set` was called."""
        return self._event.is_set()

    def _check(self) -> None:
        if self._event.is_set():
            raise Halted

    def sleep(self, seconds: float) -> None:
        """Wait; raises `Halted` if the halt was set, before or meanwhile."""
        self._event.wait(seconds)
        self._check()

    @contextmanager
    def interrupting(self, interrupt: Callable[[], object]) -> Iterator[None]:
        """Let `set` call ``interrupt``, in its own thread, during the block.

        Raises:
            Halted: The halt was set, before or meanwhile; then the result of the block does not count.
        """
        with self._lock:
            self._interrupt = interrupt
        try:
            self._check()
            yield
        except Exception as exc:
            if self._event.is_set():
                raise Halted from exc
            raise
        finally:
            with self._lock:
                self._interrupt = None
        self._check()
