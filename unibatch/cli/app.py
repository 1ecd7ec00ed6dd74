"""The command ``unibatch`` as a whole: its options, its commands, and what it makes of every error."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from unibatch.cli import changing, checking, demo, providers, reading, sandbox, setup, writing
from unibatch.cli.failures import INTERRUPTED, OUTPUT_CLOSED, Interrupted, OutputClosed, report, say
from unibatch.cli.options import Group, examples
from unibatch.core.errors import UnibatchError
from unibatch.core.version import __version__

_logger = logging.getLogger("unibatch")


_SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "Commands that read": (providers.providers, reading.campaigns, reading.show, reading.contacts),
    "Commands that write": (
        checking.preflight,
        writing.create,
        writing.add,
        changing.start,
        changing.pause,
        changing.resume,
        changing.reschedule,
        changing.cancel,
        changing.delete,
    ),
    "Commands that help": (setup.init, sandbox.sandbox, demo.demo, setup.completion),
}


class _Unibatch(Group):
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands by what they are for."""
        for title, commands in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(str(command.name), command.get_short_help_str(100)) for command in commands])

    def invoke(self, ctx: click.Context) -> Any:
        """Keep Ctrl-C and a closed pipe from click, which has answers of its own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as exc:
            raise Interrupted from exc
        except BrokenPipeError as exc:
            raise OutputClosed from exc


@click.group(
    cls=_Unibatch,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "unibatch demo                          see it work, without an account",
        "unibatch init                          write a unibatch.toml to fill in",
        "unibatch campaigns                     the campaigns of the default profile",
        "unibatch contacts main:batch_c3d4e5f6  one campaign of the profile 'main'",
        "unibatch create main --contacts people.csv --name Spring --start hold",
        "unibatch start main:batch_c3d4e5f6     call them",
    )
    + "\n\nExit codes: 0 done; 1 the work failed; 2 the command line or the configuration is wrong; "
    "3 done, but rows may be missing, or contacts were not taken.",
)
@click.option("-v", "--verbose", is_flag=True, help="Tell about every request, on stderr.")
@click.version_option(__version__, message="unibatch %(version)s")
@click.pass_context
def cli(ctx: click.Context, *, verbose: bool) -> None:
    """Place, steer and read AI phone-call campaigns, whoever the vendor.

    A profile of unibatch.toml says which vendor and which key. Data goes to stdout, everything else to stderr.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
    ctx.with_resource(_log_to_stderr(verbose=verbose))


for _commands in _SECTIONS.values():
    for _command in _commands:
        cli.add_command(_command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and turn whatever goes wrong into one line on stderr.

    Args:
        arguments: What stands behind ``unibatch``; ``None`` for the arguments of this process.

    Returns:
        The exit code; see `unibatch.cli.main`.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # where it is not UTF-8, a name must not end the command
    try:
        code = cli.main(arguments, prog_name="unibatch", standalone_mode=False)
        sys.stdout.flush()
    except (OutputClosed, BrokenPipeError):
        _discard_output()
        return OUTPUT_CLOSED
    except (Interrupted, KeyboardInterrupt, click.Abort):
        say("Interrupted")
        return INTERRUPTED
    except Exception as exc:
        if os.environ.get("UNIBATCH_DEBUG") == "1":
            raise
        return report(exc)
    return code if isinstance(code, int) else 0


class _OneLine(logging.Handler):
    """Writes each record as one line to whatever stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        say(f"unibatch: {record.levelname.lower()}: {record.getMessage()}")


def _not_a_wait(record: logging.LogRecord) -> bool:
    """Whether a record tells of something else than a wait, of which the commands tell themselves."""
    if record.levelno == logging.WARNING:
        return not (isinstance(record.args, tuple) and isinstance(next(iter(record.args), None), UnibatchError))
    return record.levelno != logging.INFO


@contextlib.contextmanager
def _log_to_stderr(*, verbose: bool) -> Iterator[None]:
    handler = _OneLine()
    handler.addFilter(_not_a_wait)
    before = _logger.level
    _logger.setLevel(logging.DEBUG if verbose else logging.WARNING)
    _logger.addHandler(handler)
    try:
        yield
    finally:
        _logger.removeHandler(handler)
        _logger.setLevel(before)


def _discard_output() -> None:
    """Send what is still in the buffer nowhere, or Python would complain of the closed pipe when it exits."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
