"""Modules that are imported when something of theirs is first used, so that what does not need them starts sooner."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Late:
    """Stands for a module until something of it is used, and gives what the module has at that moment.

    The name is that of the module, and type checkers are shown the real one::

        if TYPE_CHECKING:
            import asyncio
        else:
            asyncio = Late("asyncio")
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)
