"""Options that several commands share, and how a campaign is named."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from unibatch import config
from unibatch.cli.output import FORMATS
from unibatch.core.errors import ConfigError, UnibatchError
from unibatch.providers import registry

F = TypeVar("F", bound=Callable[..., Any])


class Group(click.Group):
    """A group whose commands are listed in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of the commands."""
        return list(self.commands)


def examples(*lines: str) -> str:
    """The end of a help text: examples, one a line, as they stand."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


def profile_option(command: F) -> F:
    """Add ``--profile``."""
    return click.option(
        "-p",
        "--profile",
        metavar="NAME",
        shell_complete=_complete_profile,
        help="The profile of unibatch.toml to use; left out: the default profile.",
    )(command)


def format_option(command: F) -> F:
    """Add ``--format``."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="A table is for people, the others for programs; jsonl is one JSON object a line.",
    )(command)


def verbose_option(command: F) -> F:
    """Add ``--verbose``, which has its effect at once, wherever it stands."""
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_be_verbose,
        help="Tell about every request, on stderr.",
    )(command)


def limit_option(what: str) -> Callable[[F], F]:
    """Add ``--limit``."""
    return click.option("--limit", type=click.IntRange(min=1), metavar="N", help=f"Stop after N {what}.")


def status_option(statuses: type[StrEnum], what: str) -> Callable[[F], F]:
    """Add ``--status``, which may be given several times."""
    return click.option(
        "--status",
        "statuses",
        multiple=True,
        type=click.Choice([str(status) for status in statuses], case_sensitive=False),
        metavar="STATUS",
        callback=lambda _ctx, _param, words: tuple(statuses(word) for word in words),
        help=f"Only {what} with this status; may be given several times. One of: {', '.join(statuses)}.",
    )


def campaign_argument(command: F) -> F:
    """Add the argument that names a campaign."""
    return click.argument("campaign", metavar="CAMPAIGN", shell_complete=_complete_campaign)(command)


def profile_argument(command: F) -> F:
    """Add the argument that names a profile."""
    return click.argument("profile", metavar="PROFILE", shell_complete=_complete_profile)(command)


def target_arguments(command: F) -> F:
    """Add the arguments that name profiles or providers."""
    return click.argument("targets", metavar="TARGET...", nargs=-1, required=True, shell_complete=_complete_target)(
        command
    )


def yes_option(command: F) -> F:
    """Add ``--yes``."""
    return click.option("-y", "--yes", is_flag=True, help="Do not ask before it goes on.")(command)


def dry_run_option(command: F) -> F:
    """Add ``--dry-run``."""
    return click.option(
        "--dry-run", is_flag=True, help="Print the requests that would be sent, the key masked, and send nothing."
    )(command)


def complete_provider(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a provider."""
    return _starting_with(registry.names(), incomplete)


def address(campaign: str, profile: str | None) -> tuple[str | None, str]:
    """Read how a campaign is named: ``PROFILE:CAMPAIGN_ID``, or its id alone.

    Args:
        campaign: What was given on the command line.
        profile: What was given as ``--profile``; with it, ``campaign`` is the id, colons and all.

    Returns:
        The profile's name (``None`` for the default profile) and the campaign's id.

    Raises:
        ConfigError: What stands before the colon is not the name of a profile.
    """
    if profile is not None or ":" not in campaign:
        return profile, campaign
    name, _, campaign_id = campaign.partition(":")
    names = config.profile_names()
    if name not in names:
        known = f"known are {', '.join(names)}" if names else "there are no profiles yet; `unibatch init` makes a file"
        raise ConfigError(
            f"there is no profile {name!r}, as {campaign!r} says; {known}. "
            "If the colon belongs to the campaign's id, name the profile with --profile"
        )
    return name, campaign_id


def _be_verbose(_ctx: click.Context, _param: click.Parameter, verbose: bool) -> None:  # noqa: FBT001 - click's signature
    if verbose:
        logging.getLogger("unibatch").setLevel(logging.DEBUG)


def _complete_campaign(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    with suppress(UnibatchError):
        return _starting_with((f"{name}:" for name in config.profile_names()), incomplete)
    return []


def _complete_profile(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    with suppress(UnibatchError):
        return _starting_with(config.profile_names(), incomplete)
    return []


def _complete_target(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    names = dict.fromkeys(registry.names())
    with suppress(UnibatchError):
        names = dict.fromkeys([*config.profile_names(), *names])
    return _starting_with(names, incomplete)


def _starting_with(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
