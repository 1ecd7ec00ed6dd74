"""The command ``init``, and the file that it writes."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from unibatch.cli.exits import Unusable
from unibatch.cli.options import examples, with_config
from unibatch.cli.output import say

if TYPE_CHECKING:
    from unibatch import Provider
    from unibatch.core.provider import Setting

_HEAD = """\
# unibatch.toml: your accounts, each under a name of your own, a "profile".
#
# An application names the profile, not the vendor: to switch vendors, change this file. unibatch looks for it in the
# working directory, then in your configuration directory; the environment variable UNIBATCH_CONFIG can name another.
#
# Files get shared, so do not write keys into this one: write where each key is kept. Any other text may be in the
# environment too: base_url = {{ env = "NAME" }}

default = "{default}"   # the profile to use if none is named
"""

_PROFILE = """
# {title} {dashes}

[profiles.{name}]
provider = "{name}"

# Where the key is kept: in an environment variable, or in a file that holds the key and nothing else.
api_key = {{ env = "{variable}" }}
# api_key = {{ file = "/run/secrets/{name}" }}

# Where the vendor's API is, if not here:
# base_url = "{base_url}"

# How long to wait, in seconds; one number sets both.
# timeout = {{ connect = {timeout.connect:g}, read = {timeout.read:g} }}

# How often to send a request at most, and for how many seconds in all; attempts = 1 sends each request once.
# retry = {{ attempts = {options.retry.attempts}, total = {options.retry.total:g} }}

# How many requests a minute your account may send, if not what {title} documents:
# requests_per_minute = {requests_per_minute}

# For how many seconds a request may wait for that limit at most; with 0, it fails immediately:
# max_wait = 60

# How many pages of a listing to read at the same time:
# max_in_flight = {options.max_in_flight}

# A file in which all programs on this machine with the same key count their requests together:
# rate_limit_file = "{name}-requests.sqlite"
"""

_DEFAULTS = """
# What only {title} understands:
[profiles.{name}.defaults]
"""


@click.command(
    epilog=examples("unibatch init", "unibatch init --path ~/.config/unibatch/unibatch.toml", "unibatch init --force"),
)
@click.option(
    "--path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("unibatch.toml"),
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
def init(*, path: Path, force: bool) -> None:
    """Write a unibatch.toml to fill in: a profile for each vendor, with every setting."""
    from unibatch.providers import registry

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError as exc:
        raise Unusable(f"{path} exists already; choose another --path, or overwrite it with --force") from exc
    variables = ", ".join(_variable(entry.name) for entry in registry.BUILT_IN)
    say(f"Wrote {path}. Next: delete the vendors that you do not use,")
    say(f"set the environment variables that hold your keys ({variables}),")
    say(f"and run: {with_config(path, 'unibatch campaigns')}")


def template() -> str:
    """The text of a unibatch.toml to fill in."""
    from unibatch.providers import registry

    kinds = [registry.load(entry.name) for entry in registry.BUILT_IN]
    return _HEAD.format(default=kinds[0].name) + "".join(map(_profile, kinds))


def _profile(kind: type[Provider]) -> str:
    from unibatch.client import Options

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
    if kind.profile_settings():
        text += _DEFAULTS.format(title=kind.title, name=kind.name)
    for name, setting in kind.profile_settings().items():
        purpose = f"{setting.purpose[0].upper()}{setting.purpose[1:]}."
        comment = textwrap.indent(textwrap.fill(purpose, 108), "# ")
        text += f"{comment}\n# {name} = {_example(setting)}\n"
    return text


def _example(setting: Setting) -> str:
    if setting.is_flag:
        return "true"
    if setting.numbers is not None:
        return str(setting.numbers[0])
    text = f'"{setting.choices[0] if setting.choices else "..."}"'
    return f"[{text}]" if setting.is_list else text


def _variable(name: str) -> str:
    return f"{name.upper()}_API_KEY"
