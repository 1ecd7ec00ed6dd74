"""The command ``demo``."""

from __future__ import annotations

import click

from unibatch.cli.options import examples, verbose_option


@click.command(epilog=examples("unibatch demo", "unibatch demo | less"))
@verbose_option
def demo() -> None:
    """Read a campaign of each of three vendors, and show them side by side.

    A sandbox on this machine simulates the vendors: you need no account, and nobody is called. Takes a few seconds.
    """
    from unibatch.cli.demonstration import demonstrate

    demonstrate()
