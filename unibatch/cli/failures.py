"""What goes to stderr, one line each, and the exit code that goes with it."""

from __future__ import annotations

import sys
import traceback

import click

from unibatch.cli.text import one_line
from unibatch.core.errors import ConfigError, InvalidInput, UnibatchError, UnsupportedFeature
from unibatch.core.masking import mask_text

FAILED = 1
WRONG_USE = 2
INCOMPLETE = 3
INTERRUPTED = 130  # what a shell makes of a process that Ctrl-C ended
OUTPUT_CLOSED = 141  # what a shell makes of a process that wrote to a closed pipe

_WRONG_USE = (ConfigError, InvalidInput, UnsupportedFeature)


class Failed(click.ClickException):
    """The work failed."""

    exit_code = FAILED


class Unusable(click.ClickException):
    """Something that the command needs is not there, or not as it must be."""

    exit_code = WRONG_USE


class Incomplete(click.ClickException):
    """All was done, but the vendor did not send everything that it had announced."""

    exit_code = INCOMPLETE


class Interrupted(Exception):
    """Ctrl-C, kept from click, which would print an empty line of its own."""


class OutputClosed(Exception):
    """Whoever read the output has enough, as in ``unibatch contacts … | head``."""


def say(message: str) -> None:
    """Write one line to stderr."""
    sys.stderr.write(f"{one_line(message)}\n")


def report(error: Exception) -> int:
    """Write what went wrong to stderr, in one line.

    Returns:
        The exit code.
    """
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx is not None else "unibatch"
        say(f"{command}: {error.format_message().rstrip('.')} (see {command} --help)")
        return WRONG_USE
    if isinstance(error, click.ClickException):
        say(f"unibatch: {error.format_message()}")
        return error.exit_code
    if isinstance(error, UnibatchError):
        say(f"unibatch: {error}")
        return WRONG_USE if isinstance(error, _WRONG_USE) else FAILED
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
