"""How one thread ends what another does in a client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Halted(Exception):
    """Somebody asked for an end before it was reached."""


class Halt:
    """Ends, from any thread, everything that a `Driver` carries out with this halt.

    Once set it stays set. It may be shared by several threads.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        # Can be taken again by the thread that has it: whoever stops reading may do so while garbage is collected.
        self._lock = threading.RLock()
        self._interrupts: list[Callable[[], object]] = []

    def set(self) -> None:
        """Ask for the end: pauses end at once, blocked requests fail, no further request begins. Waits for nothing."""
        self._event.set()
        with self._lock:
            for interrupt in list(self._interrupts):
                interrupt()

    def is_set(self) -> bool:
        """Whether the end has been asked for."""
        return self._event.is_set()

    def check(self) -> None:
        """Go on only if nobody asked for the end.

        Raises:
            Halted: Somebody did.
        """
        if self._event.is_set():
            raise Halted

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds.

        Raises:
            Halted: Somebody asked for the end, before or meanwhile.
        """
        if self._event.wait(seconds):
            raise Halted

    @contextmanager
    def interrupting(self, interrupt: Callable[[], object]) -> Iterator[None]:
        """Have ``interrupt`` called, by the thread that asks for the end, if that happens during the block.

        Raises:
            Halted: Somebody asked for the end; then it does not matter what the block came to.
        """
        with self._lock:
            self._interrupts.append(interrupt)
        try:
            self.check()
            yield
        except Exception as exc:
            if self._event.is_set():
                raise Halted from exc
            raise
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)
        self.check()
