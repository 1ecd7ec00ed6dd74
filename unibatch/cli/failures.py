"""What goes to stderr, one line each, and the exit code that goes with it."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Sequence

import click

from unibatch.cli.text import one_line
from unibatch.core.errors import ConfigError, IncompleteListing, InvalidInput, UnibatchError, UnsupportedFeature
from unibatch.core.masking import mask_text

FAILED = 1
WRONG_USE = 2
INCOMPLETE = 3  # done, but rows may be missing, or the vendor did not take all contacts
INTERRUPTED = 130  # what a shell makes of a process that Ctrl-C ended
OUTPUT_CLOSED = 141  # what a shell makes of a process that wrote to a closed pipe

_CODES: tuple[tuple[tuple[type[UnibatchError], ...], int], ...] = (
    ((ConfigError, InvalidInput, UnsupportedFeature), WRONG_USE),
    ((IncompleteListing,), INCOMPLETE),
)

_line = threading.Lock()


class Failed(click.ClickException):
    """The work failed."""

    exit_code = FAILED


class Unusable(click.ClickException):
    """Something that the command needs is not there, or not as it must be."""

    exit_code = WRONG_USE


class Refused(Unusable):
    """Several things are wrong with what the command was given, and nothing was sent.

    Attributes:
        problems: What is wrong, a line each.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class Interrupted(Exception):
    """Ctrl-C, kept from click, which would print an empty line of its own."""


class OutputClosed(Exception):
    """Whoever read the output has enough, as in ``unibatch contacts … | head``."""


def say(message: str) -> None:
    """Write one line to stderr, whole, whichever threads do so at the same time."""
    with _line:
        sys.stderr.write(f"{one_line(message)}\n")


def report(error: Exception) -> int:
    """Write what went wrong to stderr, in one line, and the notes that were added to it, a line each.

    Returns:
        The exit code.
    """
    code = _report(error)
    for note in getattr(error, "__notes__", ()):
        say(note)
    return code


def _report(error: Exception) -> int:
    if isinstance(error, Refused):
        for problem in error.problems:
            say(f"unibatch: {problem}")
        say("Nothing was sent")
        return error.exit_code
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx is not None else "unibatch"
        say(f"{command}: {error.format_message().rstrip('.')} (see {command} --help)")
        return WRONG_USE
    if isinstance(error, click.ClickException):
        say(f"unibatch: {error.format_message()}")
        return error.exit_code
    if isinstance(error, UnibatchError):
        say(f"unibatch: {error}")
        if isinstance(error, IncompleteListing) and error.consequence is not None:
            return FAILED  # not the listing was asked for, but what it was read for
        return next((code for kinds, code in _CODES if isinstance(error, kinds)), FAILED)
    if isinstance(error, OSError):
        say(f"unibatch: {mask_text(str(error))}")
        return FAILED
    where = traceback.extract_tb(error.__traceback__)[-1]
    # Not the message: that of an error which nobody foresaw may hold anything, a key or a person's data included.
    say(
        f"unibatch: this is a bug, please report it: {type(error).__name__} at {where.filename}:{where.lineno} "
        "(UNIBATCH_DEBUG=1 shows the rest)"
    )
    return FAILED
