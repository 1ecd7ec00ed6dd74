"""The command ``export``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from unibatch.cli.options import address, complete_campaign, examples, profile_option, verbose_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from unibatch import Exported
    from unibatch.workflows.export.formats import Format
    from unibatch.workflows.export.table import Fields


@click.command(
    epilog=examples(
        "unibatch export main:batch_c3d4e5f6 --to contacts.csv --excel",
        "unibatch export main:b1 main:b2 other:b7 --to all.parquet",
        "unibatch export main:batch_c3d4e5f6 --to contacts.xlsx --resume",
    ),
)
@click.argument("campaigns", nargs=-1, required=True, metavar="CAMPAIGN...", shell_complete=complete_campaign)
@profile_option
@click.option(
    "--to",
    required=True,
    metavar="FILE",
    type=click.Path(),
    help="The file to write. Its ending states the format: .csv, .jsonl, .parquet or .xlsx.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("csv", "jsonl", "parquet", "xlsx")),
    help="The format, if the ending does not state it.",
)
@click.option(
    "--fields",
    type=click.Choice(("columns", "json")),
    default="columns",
    show_default=True,
    help="Custom data: a column field.NAME for each name, or one column with JSON.",
)
@click.option("--excel", is_flag=True, help="Write CSV that Excel opens right: no text becomes a formula or a number.")
@click.option("--resume", is_flag=True, help="Continue an interrupted export, if there is one.")
@click.option("--accept-incomplete", is_flag=True, help="Write the file, too, if contacts may be missing.")
@verbose_option
def export(
    *,
    campaigns: tuple[str, ...],
    profile: str | None,
    to: str,
    form: Format | None,
    fields: Fields,
    excel: bool,
    resume: bool,
    accept_incomplete: bool,
) -> None:
    """Write all contacts of campaigns, of any vendors, to one file. Name each as PROFILE:CAMPAIGN_ID.

    The file appears once it is complete, and replaces one of the same name. If something fails, what was read is kept
    in a hidden file beside it, and --resume reads only the rest. `unibatch create --contacts` reads the contacts of the
    file: numbers, names and custom data, and nothing else.

    The exit code is 3 if contacts may be missing; then there is no file, unless --accept-incomplete.
    """
    import unibatch
    from unibatch import IncompleteListing
    from unibatch.cli.errors import in_commands, sentence
    from unibatch.cli.exits import INCOMPLETE
    from unibatch.cli.output import say
    from unibatch.cli.waits import Waits

    references = [":".join(address(campaign, profile)) for campaign in campaigns]
    try:
        with _progress(to) as advance:
            exported = unibatch.export(
                references,
                to,
                format=form,
                fields=fields,
                excel=excel,
                resume=resume,
                accept_incomplete=accept_incomplete,
                on_progress=advance,
                on_wait=Waits(),
            )
    except BaseException as exc:
        notes = getattr(exc, "__notes__", None)
        if notes:
            notes[:] = [*map(in_commands, notes), f"To continue: {_to_continue()}"]
        if isinstance(exc, IncompleteListing):
            say(f"unibatch: {in_commands(sentence(exc))}")
        if isinstance(exc, IncompleteListing | KeyboardInterrupt):
            for note in notes or ():
                say(note)
        if isinstance(exc, IncompleteListing):
            raise click.exceptions.Exit(INCOMPLETE) from exc
        raise
    for line in _lines(exported):
        say(line)
    if not exported.is_complete:
        raise click.exceptions.Exit(INCOMPLETE)


def _to_continue() -> str:
    """The command line of this run, with ``--resume``."""
    import shlex

    ctx = click.get_current_context()
    words = ["unibatch", "export", *ctx.params["campaigns"], "--to", ctx.params["to"]]
    given = {"--profile": "profile", "--format": "form"}
    words += [word for option, name in given.items() if (value := ctx.params[name]) for word in (option, value)]
    if ctx.params["fields"] != "columns":
        words += ["--fields", ctx.params["fields"]]
    flags = {"--excel": "excel", "--accept-incomplete": "accept_incomplete"}
    words += [flag for flag, name in flags.items() if ctx.params[name]]
    return shlex.join([*words, "--resume"])


@contextmanager
def _progress(to: str) -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar while stderr is a terminal: all campaigns together, and then the file."""
    import sys

    from unibatch.cli.progress import progress

    done: dict[str, tuple[int, int | None]] = {}
    with progress("contacts", shown=sys.stderr.isatty()) as show:

        def advance(reference: str, seen: int, total: int | None) -> None:
            if reference == to:
                done.clear()
            done[reference] = seen, total
            totals = [of for _, of in done.values()]
            known = None if None in totals else sum(of for of in totals if of is not None)
            show(sum(number for number, _ in done.values()), known)

        yield advance


def _lines(exported: Exported) -> Iterator[str]:
    """What to say of an export."""
    yield f"{exported.contacts:,} contacts in {exported.path}"
    for campaign in exported.campaigns:
        if campaign.unread:
            yield f"{campaign.reference}: {campaign.unread:,} values that cannot be read are left out"
        if not campaign.is_complete:
            yield f"{campaign.reference}: contacts may be missing: {campaign.incomplete_because}"
