"""The command ``sandbox``, and how a command starts the sandbox."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from unibatch.cli.exits import Failed, Unusable
from unibatch.cli.options import examples, with_config
from unibatch.cli.output import say

if TYPE_CHECKING:
    from unibatch.sandbox import Sandbox

_MARK = "# Written by `unibatch sandbox`; overwritten when it is started again.\n"

_NAP = 0.5  # seconds


@click.command(
    epilog=examples(
        "unibatch sandbox --write-config unibatch.toml",
        "unibatch campaigns -p sandbox-truedy        (in another terminal)",
        "unibatch sandbox --port 8080 --seed 7 --no-rate-limits",
        "unibatch sandbox --clock real",
    ),
)
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="PORT", default=0, help="The port. Default: any free one."
)
@click.option(
    "--seed", type=int, metavar="N", default=1, show_default=True, help="Other numbers make other contacts and results."
)
@click.option(
    "--clock",
    type=click.Choice(["real"]),
    help="real: calls happen as time passes. Default: only when you ask for them.",
)
@click.option("--no-rate-limits", is_flag=True, help="Never answer that there are too many requests.")
@click.option("--webhook", metavar="URL", help="Send the vendors' webhooks there, such as to `unibatch listen`.")
@click.option(
    "--write-config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Write the profiles to this file, not to stdout. Never overwrites a file that something else wrote.",
)
def sandbox(
    *,
    port: int,
    seed: int,
    clock: Literal["real"] | None,
    no_rate_limits: bool,
    webhook: str | None,
    write_config: Path | None,
) -> None:
    """Run the three vendors on this machine until Ctrl-C, to try unibatch without an account.

    They have campaigns with made-up contacts; nobody is ever called. Prints the profiles that reach them, as the text
    of a unibatch.toml.
    """
    if write_config is not None and write_config.exists() and not _is_ours(write_config):
        raise Unusable(f"{write_config} exists already, and something else wrote it; name another file")
    # The signals come first: as soon as there is output, this can be stopped cleanly.
    with (
        until_stopped() as stopped,
        started(port=port, seed=seed, rate_limits=not no_rate_limits, clock=clock, webhook=webhook) as running,
    ):
        command = f"unibatch campaigns -p sandbox-{running.vendors[0]}"
        where = "Save this as unibatch.toml (or use --write-config unibatch.toml). Then, in another terminal, run:"
        if write_config is not None:
            write_config.write_text(_MARK + "\n" + running.toml(), encoding="utf-8")
            where = f"Wrote {write_config}. In another terminal, run:"
            command = with_config(write_config, command)
        else:
            sys.stdout.write(running.toml())
            sys.stdout.flush()
        say(where)
        say(command)
        if webhook is not None:
            secrets = ", ".join(f"{name} {secret}" for name, secret in _secrets(running).items())
            say(f"Webhooks go to {webhook}, signed with the made-up secrets: {secrets}")
        if clock is None:
            say(f"Calls happen only when you ask for them: curl -d '{{\"calls\": 10}}' {running.url}/_sandbox/advance")
        say(f"The sandbox runs at {running.url} until Ctrl-C.")
        while not stopped.wait(_NAP):  # a signal just before the wait begins is noticed only when it ends
            pass
    say("Stopped.")


def _secrets(running: Sandbox) -> dict[str, str]:
    """The secrets of the vendors that send webhooks."""
    found = {}
    for name in running.vendors:
        with suppress(LookupError):
            found[name] = running.webhook_secret(name)
    return found


@contextmanager
def started(
    *,
    port: int = 0,
    seed: int = 1,
    rate_limits: bool = True,
    clock: Literal["real"] | None = None,
    webhook: str | None = None,
) -> Iterator[Sandbox]:
    """Start the sandbox, and stop it at the end."""
    try:
        from unibatch.sandbox import serve

        running = serve(port, seed, enforce_rate_limits=rate_limits, clock=clock, webhooks=webhook)
    except ImportError as exc:
        raise Unusable(str(exc)) from exc
    except ValueError as exc:
        if webhook is None:
            raise
        raise Unusable(f"--webhook: {exc}") from exc
    except OSError as exc:
        remedy = "; use another --port" if port else ""
        raise Failed(f"the sandbox cannot start: {exc.strerror or exc}{remedy}") from exc
    with running:
        yield running


@contextmanager
def until_stopped() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set."""
    stopped = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_ours(path: Path) -> bool:
    return path.read_text(encoding="utf-8-sig", errors="replace").startswith(_MARK)
