"""The command ``compare``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from unibatch.cli.options import address, complete_campaign, examples, verbose_option
from unibatch.core.status import CallStatus

if TYPE_CHECKING:
    from unibatch import Comparison

F = TypeVar("F", bound=Callable[..., Any])


def _statuses(flag: str, what: str) -> Callable[[F], F]:
    words = [str(status) for status in CallStatus]
    choice = click.Choice(words, case_sensitive=False)
    return click.option(flag, multiple=True, type=choice, metavar="STATUS", help=f"{what} Repeatable.")


@click.command(
    epilog=examples(
        "unibatch compare main:batch_c3d4e5f6 other:sched_91f0",
        'unibatch compare other:b7 --group spring="main:b1,main:b2"',
        "unibatch compare main:b1 other:b7 other:b8 --baseline main",
        "unibatch compare main:b1 other:b7 --html report.html",
        "unibatch compare main:b1 other:b7 --by country --format md",
        "unibatch compare main:b1 other:b7 --since 2026-03-01T00:00Z",
        "unibatch compare --vendors truedy talkifai",
    ),
)
@click.argument("campaigns", nargs=-1, metavar="CAMPAIGN...", shell_complete=complete_campaign)
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="NAME=CAMPAIGN,...",
    help="Put several campaigns of one vendor together, under a name. Repeatable.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="WHAT",
    help="Break the figures down by country, hour, weekday, attempt or field:NAME. Repeatable.",
)
@_statuses("--only", "Count only contacts with this last status.")
@_statuses("--without", "Leave out contacts with this last status.")
@click.option("--since", metavar="TIME", help="Count only contacts whose latest call was at this time or later.")
@click.option("--until", metavar="TIME", help="Count only contacts whose latest call was before this time.")
@click.option(
    "--baseline", metavar="NAME", help="Compare the others with this one, not each with each: a campaign or group."
)
@click.option("--accept-incomplete", is_flag=True, help="Compare a campaign, too, of which contacts may be missing.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page with charts as well. It needs nothing but a browser. Needs the extra report.",
)
@click.option("--vendors", is_flag=True, help="Compare what vendors can do instead; as `unibatch providers`.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "csv", "md")),
    default="table",
    show_default=True,
    help="table is for people, md is Markdown, json and csv are for programs.",
)
@verbose_option
@click.pass_context
def compare(
    ctx: click.Context,
    *,
    campaigns: tuple[str, ...],
    groups: tuple[str, ...],
    by: tuple[str, ...],
    only: tuple[str, ...],
    without: tuple[str, ...],
    since: str | None,
    until: str | None,
    baseline: str | None,
    accept_incomplete: bool,
    page: Path | None,
    vendors: bool,
    form: str,
) -> None:
    """Compare campaigns of any vendors, side by side. Name each as PROFILE:CAMPAIGN_ID.

    Shares and means come with their 95 % interval, and sentences say which differences are more than noise. What a
    vendor does not state is "not told", with the reason. Only reads; nobody is called.

    A TIME is as in 2026-03-20T09:00[Europe/Berlin] or 2026-03-20T09:00Z.
    """
    from unibatch.cli.exits import INCOMPLETE
    from unibatch.cli.output import say

    if vendors:
        from unibatch.cli.providers import show_vendors

        if form == "md" or page is not None:
            raise click.UsageError("--vendors can be table, json or csv", ctx)
        show_vendors(campaigns, statuses=False, form=form)
        return
    import unibatch
    from unibatch.cli.waits import Waits

    if page is not None:
        from unibatch.workflows.compare.page import require_report, require_writable

        require_report()
        require_writable(page)
    with _progress() as advance:
        compared = unibatch.compare(
            _sides(campaigns, groups),
            by=by,
            only=only,
            without=without,
            since=_moment("--since", since),
            until=_moment("--until", until),
            baseline=baseline,
            accept_incomplete=accept_incomplete,
            on_progress=advance,
            on_wait=Waits(),
        )
    _write(compared, form)
    sys.stdout.flush()
    if page is not None:
        compared.write_html(page)
        say(f"Wrote {page}")
    if not all(side.is_complete for side in compared.sides):
        say("Contacts may be missing: see what is said of incomplete campaigns")
        ctx.exit(INCOMPLETE)


def _sides(campaigns: Sequence[str], groups: Sequence[str]) -> dict[str, str | list[str]]:
    from unibatch.core.base_errors import ConfigError

    sides: dict[str, str | list[str]] = {}
    for campaign in campaigns:
        reference = _reference(campaign)
        _require_new(reference, sides)
        sides[reference] = reference
    for group in groups:
        name, equals, members = group.partition("=")
        if not (equals and name.strip() and members.strip(" ,")):
            raise ConfigError(f'--group: write NAME=CAMPAIGN,CAMPAIGN, as in spring="main:b1,main:b2", not {group!r}')
        _require_new(name.strip(), sides)
        sides[name.strip()] = [_reference(member.strip()) for member in members.split(",") if member.strip()]
    return sides


def _require_new(label: str, sides: dict[str, str | list[str]]) -> None:
    from unibatch.core.base_errors import InvalidInput

    if label in sides:
        raise InvalidInput(f"{label} is there twice; name each campaign and each group once")


def _reference(campaign: str) -> str:
    return ":".join(address(campaign, None))


def _moment(flag: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    from unibatch.core.base_errors import InvalidInput
    from unibatch.core.times import instant, read_moment

    try:
        return instant(*read_moment(text))
    except InvalidInput as exc:
        raise InvalidInput(f"{flag}: {exc}") from exc


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """One bar for all campaigns, while stderr is a terminal."""
    from unibatch.cli.progress import progress

    done: dict[str, tuple[int, int | None]] = {}
    lock = threading.Lock()
    with progress("contacts", shown=sys.stderr.isatty()) as show:

        def advance(reference: str, seen: int, total: int | None) -> None:
            with lock:
                done[reference] = seen, total
                totals = [of for _, of in done.values()]
                known = None if None in totals else sum(of for of in totals if of is not None)
                show(sum(number for number, _ in done.values()), known)

        yield advance


def _write(compared: Comparison, form: str) -> None:
    if form == "json":
        from unibatch import to_dict
        from unibatch.cli.output import dumps

        sys.stdout.write(f"{dumps(to_dict(compared))}\n")
    elif form == "csv":
        from unibatch.cli.output import write_data
        from unibatch.workflows.compare import ROW_KEYS

        write_data("csv", map(_plain, compared.to_rows()), ROW_KEYS)
    elif form == "md":
        from unibatch.cli.compare_markdown import markdown

        sys.stdout.write(markdown(compared))
    else:
        from unibatch.cli.compare_table import show_comparison

        show_comparison(compared)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    value = row["value"]
    return {**row, "value": f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"} if isinstance(value, datetime) else row
