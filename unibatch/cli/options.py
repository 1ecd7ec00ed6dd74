"""Options and arguments that several commands share, and how a campaign is named."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from unibatch.cli.output import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

F = TypeVar("F", bound=Callable[..., Any])


def examples(*lines: str) -> str:
    """The end of a help text: examples, one a line, as they are."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


def together(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Several options, or groups of them, as one decorator."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


# Names in the configuration -------------------------------------------------------------------------------------------


def address(campaign: str, profile: str | None) -> tuple[str, str]:
    """The profile and the id of a campaign named as ``PROFILE:CAMPAIGN_ID``, or by its id alone.

    With ``--profile``, all of ``campaign`` is the id, colons too; without any profile, it is the default profile's.
    """
    from unibatch import ConfigError, config

    if profile is not None:
        return profile, campaign
    if ":" not in campaign:
        if campaign in config.profile_names():
            raise ConfigError(f"{campaign!r} is a profile; write {campaign}:CAMPAIGN_ID")
        return str(config.load_profile(None, api_key="-").name), campaign
    name, _, campaign_id = campaign.partition(":")
    names = config.profile_names()
    if name not in names:
        known = f"known are {', '.join(names)}" if names else "there are no profiles yet; `unibatch init` makes a file"
        raise ConfigError(
            f"there is no profile {name!r}, which {campaign!r} names; {known}. "
            f"If the colon is a part of the campaign's id, write PROFILE:{campaign}"
        )
    return name, campaign_id


def with_config(path: Path, command: str) -> str:
    """A command line that uses this configuration file, even if unibatch does not look for it there."""
    import shlex

    from unibatch import UnibatchError, config

    with suppress(UnibatchError):  # UNIBATCH_CONFIG names a file that does not exist
        found = config.find_file()
        if found is not None and found.resolve() == path.resolve():
            return command
    return f"UNIBATCH_CONFIG={shlex.quote(os.fspath(path))} {command}"


def _profiles() -> list[str]:
    from unibatch import UnibatchError, config

    with suppress(UnibatchError):
        return config.profile_names()
    return []


def _providers() -> list[str]:
    from unibatch.providers import registry

    return registry.names()


def _completing(names: Callable[[], Iterable[str]]) -> Any:
    return lambda _ctx, _param, typed: [CompletionItem(name) for name in names() if name.startswith(typed)]


complete_profile = _completing(_profiles)


# Arguments and options ------------------------------------------------------------------------------------------------

profile_argument = click.argument("profile", metavar="PROFILE", shell_complete=complete_profile)
target_arguments = click.argument(
    "targets",
    metavar="TARGET...",
    nargs=-1,
    required=True,
    shell_complete=_completing(lambda: dict.fromkeys([*_profiles(), *_providers()])),
)
provider_argument = click.argument("provider", metavar="PROVIDER", shell_complete=_completing(_providers))
provider_arguments = click.argument("names", nargs=-1, metavar="[PROVIDER]...", shell_complete=_completing(_providers))


def _be_verbose(_ctx: click.Context, _param: click.Parameter, verbose: bool) -> None:  # noqa: FBT001 - click's signature
    if verbose:
        logging.getLogger("unibatch").setLevel(logging.DEBUG)


verbose_option = click.option(
    "-v", "--verbose", is_flag=True, expose_value=False, callback=_be_verbose, help="Print every request to stderr."
)
profile_option = click.option(
    "-p",
    "--profile",
    metavar="NAME",
    shell_complete=complete_profile,
    help="The profile of unibatch.toml to use. Default: the default profile.",
)
complete_campaign = _completing(lambda: [f"{name}:" for name in _profiles()])
campaign_options = together(
    click.argument("campaign", metavar="CAMPAIGN", shell_complete=complete_campaign),
    profile_option,
)
"""The argument CAMPAIGN and ``--profile``, which `address` reads."""

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="table is for people, the others are for programs; jsonl is one JSON object a line.",
)
write_options = together(
    click.option("-y", "--yes", is_flag=True, help="Do not ask."),
    click.option("--dry-run", is_flag=True, help="Print the requests, with the key masked, and send nothing."),
    format_option,
    verbose_option,
)


def limit_option(what: str) -> Callable[[F], F]:
    """The option ``--limit``."""
    return click.option("--limit", type=click.IntRange(min=1), metavar="N", help=f"Stop after N {what}.")


def status_option(statuses: type[StrEnum], what: str) -> Callable[[F], F]:
    """The option ``--status``, which may be given several times."""
    return click.option(
        "--status",
        "statuses",
        multiple=True,
        type=click.Choice([str(status) for status in statuses], case_sensitive=False),
        metavar="STATUS",
        callback=lambda _ctx, _param, words: tuple(statuses(word) for word in words),
        help=f"Only {what} with this status. Repeatable. One of: {', '.join(statuses)}.",
    )
