"""How a command ends: its exit code, the exceptions that end it, and what click finds wrong with a command line.

Apart from `unibatch.cli.errors`, which imports every error of the library, so that help and a wrong command line are
quick.
"""

from __future__ import annotations

import click

from unibatch.cli.output import say

FAILED = 1
WRONG_USE = 2
INCOMPLETE = 3  # done, but rows may be missing, or the vendor did not add all contacts
STOPPED = 4  # of a campaign that was watched: cancelled, or its time ran out
INTERRUPTED = 130  # what a shell reports of a process that Ctrl-C ended
OUTPUT_CLOSED = 141  # what a shell reports of a process that wrote to a closed pipe


class Failed(click.ClickException):
    """The work failed."""

    exit_code = FAILED


class Unusable(click.ClickException):
    """Something that the command needs is missing or wrong."""

    exit_code = WRONG_USE


class Interrupted(Exception):
    """Ctrl-C, kept from click, which would print an empty line of its own."""


class OutputClosed(Exception):
    """The reader of the output has enough, as in ``unibatch contacts … | head``."""


def report_click(error: click.ClickException) -> int:
    """Write what click raised to stderr in one line, or the help of a group without a command; return the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return WRONG_USE
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx is not None else "unibatch"
        say(f"{command}: {error.format_message().rstrip('.')} (see {command} --help)")
        return WRONG_USE
    say(f"unibatch: {error.format_message()}")
    return error.exit_code
