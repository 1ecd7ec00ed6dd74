"""The command ``unibatch``: its options, the table of its commands, and what it does with every error."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from unibatch import __version__
from unibatch.cli.exits import INTERRUPTED, OUTPUT_CLOSED, Interrupted, OutputClosed, report_click
from unibatch.cli.options import examples, verbose_option
from unibatch.cli.output import say
from unibatch.cli.streams import standard_streams

_logger = logging.getLogger("unibatch")

COMMANDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Read": {
        "providers": ("providers", "Compare what the vendors can do."),
        "campaigns": ("campaigns", "List campaigns."),
        "show": ("show", "Show one campaign."),
        "contacts": ("contacts", "List the contacts of a campaign."),
        "watch": ("watch", "Follow a campaign to its end."),
        "listen": ("listen", "Receive a vendor's webhooks, and check and print them."),
        "compare": ("compare", "Compare campaigns and vendors, side by side."),
        "export": ("export", "Write the contacts of campaigns to a file."),
    },
    "Write": {
        "preflight": ("preflight", "Check a draft against a vendor. Sends nothing."),
        "create": ("create", "Create a campaign, and hold or start it."),
        "add": ("add", "Add contacts to a campaign."),
        "start": ("lifecycle", "Start calling now."),
        "pause": ("lifecycle", "Make no new calls until you resume."),
        "resume": ("lifecycle", "Continue a paused campaign."),
        "reschedule": ("lifecycle", "Change the start time of a campaign."),
        "cancel": ("lifecycle", "End a campaign for good: no more calls."),
        "delete": ("lifecycle", "Delete a campaign."),
        "retry": ("lifecycle", "Call again those who were not reached."),
        "migrate": ("migrate", "Move a campaign to another vendor."),
    },
    "Set up": {
        "init": ("init", "Write a unibatch.toml to fill in."),
        "sandbox": ("sandbox", "Run the three vendors on this machine."),
        "demo": ("demo", "Read three vendors with one function."),
        "completion": ("completion", "Print the completion script of a shell."),
    },
}
"""The commands by what they are for: the module of ``unibatch.cli`` that has it, under its name, and its short help."""

_BY_NAME = {name: entry for commands in COMMANDS.values() for name, entry in commands.items()}


class _LazyGroup(click.Group):
    """A group that imports the module of a command when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_BY_NAME)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _BY_NAME:
            return None
        module, help_text = _BY_NAME[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"unibatch.cli.{module}"), cmd_name)
        command.short_help = help_text
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in _BY_NAME:
            from difflib import get_close_matches

            hint = "".join(f"; did you mean {near!r}?" for near in get_close_matches(args[0], _BY_NAME, 1))
            ctx.fail(f"no command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, help_text) for name, (_, help_text) in commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Keep Ctrl-C and a closed pipe from click, which has answers of its own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as exc:
            raise Interrupted from exc
        except BrokenPipeError as exc:
            raise OutputClosed from exc


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "unibatch demo                          see it work, without an account",
        "unibatch init                          write a unibatch.toml to fill in",
        "unibatch campaigns                     list campaigns of the default profile",
        "unibatch contacts main:batch_c3d4e5f6  list contacts, using the profile 'main'",
        "unibatch create main --contacts people.csv --name Spring --start hold",
        "unibatch start main:batch_c3d4e5f6     start calling",
    )
    + "\n\nExit codes: 0 done; 1 the work failed; 2 the command line or the configuration is wrong; "
    "3 done, but rows may be missing, or contacts were not added.",
)
@verbose_option
@click.version_option(__version__, message="unibatch %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Create, control and read AI phone-call campaigns at any vendor.

    A profile in unibatch.toml names the vendor and the key. Data goes to stdout, everything else to stderr.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and turn any error into one line on stderr; see `unibatch.cli.main`."""
    with standard_streams():
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        with _log_to_stderr(), _httpx_without_its_command():
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
        if isinstance(exc, click.ClickException):
            return report_click(exc)
        from unibatch.cli.errors import report

        return report(exc)
    return code if isinstance(code, int) else 0


class _OneLine(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(f"unibatch: {record.levelname.lower()}: {record.getMessage()}")


def _not_a_wait(record: logging.LogRecord) -> bool:
    """Leave out waits, which the commands print themselves."""
    if record.levelno == logging.WARNING:
        from unibatch import UnibatchError

        return not (isinstance(record.args, tuple) and isinstance(next(iter(record.args), None), UnibatchError))
    return record.levelno != logging.INFO


@contextlib.contextmanager
def _log_to_stderr() -> Iterator[None]:
    """Print warnings; ``--verbose`` lowers the level."""
    handler = _OneLine()
    handler.addFilter(_not_a_wait)
    before = _logger.level
    _logger.setLevel(logging.WARNING)
    _logger.addHandler(handler)
    try:
        yield
    finally:
        _logger.removeHandler(handler)
        _logger.setLevel(before)


@contextlib.contextmanager
def _httpx_without_its_command() -> Iterator[None]:
    """Let httpx leave out its own command line, which takes as long to import as the rest of it.

    httpx imports it if click, rich and pygments are installed, as they are here, and goes without it if they are not.
    An entry ``None`` in ``sys.modules`` makes the import fail as if they were not.
    """
    hidden = [name for name in ("httpx._main", "httpx2._main") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is documented, and not in the type
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


def _discard_output() -> None:
    """Send what is still in the buffer nowhere, or Python complains of the closed pipe when it exits."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
