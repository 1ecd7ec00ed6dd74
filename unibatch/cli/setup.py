"""The commands that help to set unibatch up: ``init`` and ``completion``."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from unibatch.cli.failures import Unusable, say
from unibatch.cli.options import examples
from unibatch.client import Options
from unibatch.config import FILE_NAME
from unibatch.core.provider import Provider, Setting
from unibatch.providers import registry

_HEAD = """\
# unibatch.toml: your accounts, each under a name of your own, a "profile".
#
# An application names the profile, not the vendor, so it can be switched here. unibatch looks for this file in the
# working directory, then in your configuration directory; the environment variable UNIBATCH_CONFIG can name another.
#
# Keys do not stand in this file, since files get shared: it says where each key is kept.

default = "{default}"   # the profile that is used where none is named
"""

_PROFILE = """
# {title} {dashes}

[profiles.{name}]
provider = "{name}"

# Where the key is kept: in an environment variable, or in a file that holds the key and nothing else.
api_key = {{ env = "{variable}" }}
# api_key = {{ file = "/run/secrets/{name}" }}

# Where the vendor's API is, if not there:
# base_url = "{base_url}"

# How long to wait, in seconds; one number stands for both.
# timeout = {{ connect = {timeout.connect:g}, read = {timeout.read:g} }}

# How often to send a request at most, and for how many seconds in all; with attempts = 1, none is sent again.
# retry = {{ attempts = {options.retry.attempts}, total = {options.retry.total:g} }}

# How many requests a minute your account may send, if not what {title} documents:
# requests_per_minute = {requests_per_minute}

# How many pages of a listing to read at the same time:
# max_in_flight = {options.max_in_flight}

# A file in which all programs on this machine that use the same key count their requests together:
# rate_limit_file = "{name}-requests.sqlite"
"""

_DEFAULTS = """
# What only {title} understands:
[profiles.{name}.defaults]
"""


@click.command(
    short_help="Write a unibatch.toml to fill in.",
    epilog=examples("unibatch init", "unibatch init --path ~/.config/unibatch/unibatch.toml", "unibatch init --force"),
)
@click.option(
    "--path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(FILE_NAME),
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
def init(*, path: Path, force: bool) -> None:
    """Write a unibatch.toml to fill in: one profile for each vendor, with everything that can stand in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError as exc:
        raise Unusable(f"{path} exists already; choose another --path, or overwrite it with --force") from exc
    variables = ", ".join(_variable(entry.name) for entry in registry.BUILT_IN)
    say(f"Wrote {path}. Next: delete the vendors that you do not use,")
    say(f"set the environment variables that hold your keys ({variables}),")
    say("and run: unibatch campaigns")


def template() -> str:
    """The text of a unibatch.toml to fill in."""
    kinds = [registry.load(entry.name) for entry in registry.BUILT_IN]
    return _HEAD.format(default=kinds[0].name) + "".join(map(_profile, kinds))


def _profile(kind: type[Provider]) -> str:
    options = Options()
    text = _PROFILE.format(
        title=kind.title,
        dashes="-" * (100 - len(kind.title)),
        name=kind.name,
        variable=_variable(kind.name),
        base_url=kind.base_url,
        timeout=options.timeout,
        options=options,
        requests_per_minute=kind.capabilities.limits.requests_per_minute,
    )
    if kind.settings:
        text += _DEFAULTS.format(title=kind.title, name=kind.name)
    for name, setting in kind.settings.items():
        value = _example(setting)
        comment = textwrap.fill(
            f"{setting.purpose[0].upper()}{setting.purpose[1:]}.", 110, initial_indent="# ", subsequent_indent="# "
        )
        text += f"{comment}\n# {name} = {value}\n"
    return text


def _example(setting: Setting) -> str:
    """A value as it could stand in the file."""
    if setting.is_flag:
        return "true"
    if setting.numbers is not None:
        return str(setting.numbers[0])
    text = f'"{setting.choices[0] if setting.choices else "..."}"'
    return f"[{text}]" if setting.is_list else text


def _variable(name: str) -> str:
    return f"{name.upper()}_API_KEY"


@click.command(
    short_help="Let a shell complete commands.",
    epilog=examples(
        "unibatch completion bash > ~/.local/share/bash-completion/completions/unibatch",
        "unibatch completion zsh  > ~/.zfunc/_unibatch      (with ~/.zfunc in fpath, before compinit)",
        "unibatch completion fish > ~/.config/fish/completions/unibatch.fish",
        'eval "$(unibatch completion bash)"                 (for this shell only)',
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print the script that lets a shell complete commands, options, profiles and statuses.

    Save it where your shell looks for such scripts, as below, and open a new shell.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has all three
    script = kind(ctx.find_root().command, {}, "unibatch", "_UNIBATCH_COMPLETE").source()
    if shell == "bash":  # behind "PROFILE:" the campaign's id follows, not a blank
        end = "\n    return 0\n"
        script = script.replace(end, f'\n    [[ "${{COMPREPLY-}}" == *: ]] && compopt -o nospace\n{end}')
    click.echo(script)
