"""The command ``completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from unibatch.cli.options import examples


@click.command(
    epilog=examples(
        "unibatch completion bash > \\",
        "    ~/.local/share/bash-completion/completions/unibatch",
        "unibatch completion zsh > ~/.zfunc/_unibatch  (before compinit, in fpath)",
        "unibatch completion fish > ~/.config/fish/completions/unibatch.fish",
        'eval "$(unibatch completion bash)"            (for this shell only)',
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print the script with which a shell completes commands, options, profiles and statuses.

    Save it where your shell looks for it, as below, and open a new shell.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has all three
    script = kind(ctx.find_root().command, {}, "unibatch", "_UNIBATCH_COMPLETE").source()
    if shell == "bash":  # after "PROFILE:" comes the campaign's id, not a blank
        end = "\n    return 0\n"
        script = script.replace(end, f'\n    [[ "${{COMPREPLY-}}" == *: ]] && compopt -o nospace\n{end}')
    click.echo(script)
