"""The command line. `main` imports what it needs when it is called, so that a missing extra can be named."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What follows ``unibatch`` on the command line; ``None`` for the arguments of this process.

    Returns:
        The exit code: 0 done; 1 the work failed; 2 the command line or the configuration is wrong; 3 done, but
        rows may be missing or contacts were not added; 130 interrupted; 141 the reader of the output went away.
    """
    if not all(map(importlib.util.find_spec, ("click", "rich"))):
        sys.stderr.write("unibatch: the command line needs an extra: pip install 'unibatch[cli]'\n")
        return 2
    from unibatch.cli.app import run  # noqa: PLC0415 - an optional extra

    return run(arguments)
