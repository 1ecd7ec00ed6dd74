"""The command ``listen``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from unibatch.cli.options import examples, provider_argument


@click.command(
    epilog=examples(
        "unibatch listen truedy --secret-env TRUEDY_WEBHOOK_SECRET",
        "unibatch listen talkifai --secret-file secret.txt \\",
        "    --forward http://127.0.0.1:8000/hooks",
        "unibatch listen techladder --allow-unsigned --format jsonl",
    ),
)
@provider_argument
@click.option(
    "--secret-env",
    "variables",
    multiple=True,
    metavar="NAME",
    help="The environment variable that has the signing secret. Repeatable: any of the secrets may be right.",
)
@click.option(
    "--secret-file",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file that has the signing secret. Repeatable.",
)
@click.option("--allow-unsigned", is_flag=True, help="Take webhooks that nobody has signed. Never over the internet.")
@click.option("--forward", metavar="URL", help="Hand each genuine webhook on, as it came, and answer as this URL does.")
@click.option("--host", metavar="HOST", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=4242,
    show_default=True,
    help="0 takes any free one.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl"]),
    default="table",
    show_default=True,
    help="table is a line an event, with masked numbers; jsonl is one JSON object an event.",
)
def listen(
    *,
    provider: str,
    variables: Sequence[str],
    files: Sequence[Path],
    allow_unsigned: bool,
    forward: str | None,
    host: str,
    port: int,
    form: str,
) -> None:
    """Receive the webhooks of a provider on this machine until Ctrl-C: check the signature, print what came.

    A vendor needs a public address that leads here, such as that of a tunnel.
    """
    from unibatch.cli.receiving import Listening, listening

    listening(Listening(provider, variables, files, allow_unsigned, forward, form), host, port)
