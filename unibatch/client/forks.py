"""What objects do in a process that was forked from theirs: locks and connections of the parent are of no use there."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet

from unibatch.core.structuring import decoders


class _Renewable(Protocol):
    def renew(self) -> None:
        """Begin anew in a forked process. Called before any other thread runs there; must not block nor raise."""


_renewable: WeakSet[_Renewable] = WeakSet([decoders])


def renew_in_children(thing: _Renewable) -> None:
    """Call ``thing.renew()`` in each process that is forked from this one while it lives."""
    _renewable.add(thing)


def _renew() -> None:
    for thing in list(_renewable):
        thing.renew()


if hasattr(os, "register_at_fork"):  # it is missing where processes cannot be forked
    os.register_at_fork(after_in_child=_renew)
