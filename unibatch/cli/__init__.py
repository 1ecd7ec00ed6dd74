"""The command line. `main` imports what it needs when it is called, so that a missing extra can be named."""

from __future__ import annotations

import gc
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_INTERRUPTED = 130


_FEW_COLLECTIONS = 200_000
"""New objects that wait for the first search for garbage; Python's own number is 700 to 2,000."""


def process() -> int:
    """Run the command line of this process, which ends after it: what ``unibatch`` and ``python -m unibatch`` call.

    Searching for garbage takes a fifth of the time of a short command: again and again while modules are imported, and
    at the end, when all of them are given up. So it begins late, and at the end there is nothing that is searched.

    Returns:
        The exit code; see `main`.
    """
    gc.set_threshold(_FEW_COLLECTIONS)
    try:
        return main()
    finally:
        gc.freeze()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What follows ``unibatch`` on the command line; ``None`` for the arguments of this process.

    Returns:
        The exit code: 0 done; 1 the work failed; 2 the command line or the configuration is wrong; 3 done, but
        rows may be missing or contacts were not added; 130 interrupted; 141 the reader of the output went away.
    """
    with _ending_at_ctrl_c():
        if not all(map(importlib.util.find_spec, ("click", "rich"))):
            sys.stderr.write("unibatch: the command line needs an extra: pip install 'unibatch[cli]'\n")
            return 2
        from unibatch.cli.app import run
    return run(arguments)


@contextmanager
def _ending_at_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C end the process without a word: so far there is nothing but imports, and nothing to tidy up."""
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
