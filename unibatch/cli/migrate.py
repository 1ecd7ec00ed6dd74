"""The commands ``migrate plan``, ``apply``, ``status``, ``verify``, ``undo``, ``report`` and ``forget``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from unibatch.cli.exits import FAILED, INCOMPLETE, INTERRUPTED, WRONG_USE
from unibatch.cli.migrate_options import plan_options
from unibatch.cli.options import address, complete_profile, examples, profile_option, verbose_option
from unibatch.cli.output import one_line, say, write_data, write_objects
from unibatch.core.masking import mask_phone

if TYPE_CHECKING:
    from unibatch import Client, Provider, UnibatchError
    from unibatch.workflows.migrate import Difference, LedgerEntry, MigrationPlan, MigrationStatus

F = TypeVar("F", bound=Callable[..., Any])

_JOURNAL = "move.sqlite"

_OUTCOMES = ("moved", "kept_back", "failed", "open")

_NOT_PROVEN = "What differs has to be looked at in both dashboards; nothing was changed"


def _format_option(*forms: str) -> Callable[[F], F]:
    return click.option(
        "--format",
        "form",
        type=click.Choice(("text", *forms)),
        default="text",
        show_default=True,
        help="text is for people, the others are for programs.",
    )


journal_argument = click.argument("journal", metavar="JOURNAL", type=click.Path(dir_okay=False, path_type=Path))
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
numbers_option = click.option("--show-numbers", is_flag=True, help="Show whole phone numbers.")


class _InOrder(click.Group):
    """A group that lists its commands in the order in which they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)


@click.group(
    cls=_InOrder,
    epilog=examples(
        f"unibatch migrate plan old:batch_c3d4e5f6 new --journal {_JOURNAL}",
        f"unibatch migrate apply {_JOURNAL}",
        f"unibatch migrate status {_JOURNAL}",
        f"unibatch migrate verify {_JOURNAL}",
        f"unibatch migrate report {_JOURNAL} --format csv > ledger.csv",
        f"unibatch migrate undo {_JOURNAL}",
        f"unibatch migrate forget {_JOURNAL}",
    ),
)
def migrate() -> None:
    """Move a half-finished campaign to another vendor or account: nobody is called twice, and nobody is lost.

    First plan, and look at the plan; then apply it. A journal keeps what was done: after Ctrl-C, a crash or a lost
    network, the same command goes on where it was.
    """


# Plan -----------------------------------------------------------------------------------------------------------------


@migrate.command(
    short_help="Plan to move a campaign. Changes nothing.",
    epilog=examples(
        f"unibatch migrate plan old:batch_c3d4e5f6 new --journal {_JOURNAL}",
        f"unibatch migrate plan old:batch_c3d4e5f6 new --journal {_JOURNAL} \\",
        "    --fields-from people.csv --skip-file never.txt --max-attempts 3",
        f"unibatch migrate plan old:batch_c3d4e5f6 new --journal {_JOURNAL} \\",
        "    --to-start '2027-03-22T09:00[Europe/Berlin]' --also voicemail",
    ),
)
@click.argument("source", metavar="SOURCE")
@click.argument("target", metavar="TARGET", shell_complete=complete_profile)
@profile_option
@click.option(
    "--journal",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to keep the plan, and later what was done. It holds personal data.",
)
@plan_options
@_format_option("json")
@verbose_option
def plan(*, source: str, target: str, profile: str | None, journal: Path, form: str, **given: Any) -> None:
    """Plan to move the campaign SOURCE, named as PROFILE:CAMPAIGN_ID, to the profile TARGET. Changes nothing.

    Shows who moves and who stays, by status and with the reason; what is lost; and what will happen to the source.
    Moved are those whom the source has not reached and would still call, or could call again.

    The exit code is 0 if the plan can be applied, and 2 if something has to be corrected first.
    """
    from unibatch import config, to_dict
    from unibatch.cli.errors import Problems
    from unibatch.cli.migrate_request import PlanRequest
    from unibatch.cli.migrate_text import plan_sheet
    from unibatch.cli.progress import stages
    from unibatch.cli.tables import screen, show_on
    from unibatch.cli.waits import Waits
    from unibatch.workflows.migrate import plan_migration

    request = PlanRequest(**given)
    problems = Problems()
    with ExitStack() as stack:
        provider: Provider | None = None
        with problems.noting():
            provider = config.provider_of(target)
        arguments = request.read(provider, problems)
        with problems.noting():
            profile, campaign_id = address(source, profile)
            waits = Waits()
            sides = [stack.enter_context(config.connect(name, on_wait=waits)) for name in (profile, target)]
        problems.require_none()
        with stages(shown=sys.stderr.isatty()) as watch:
            made = plan_migration(
                (sides[0], campaign_id),
                sides[1],
                journal=journal,
                profiles=(profile, target),
                on_progress=watch,
                **arguments,
            )
        facts = stack.enter_context(made).facts
    if form == "json":
        write_data(form, [to_dict(facts)], ())
    else:
        show_on(screen(), plan_sheet(facts, journal))
    if facts.obstacles:
        raise click.exceptions.Exit(WRONG_USE)


# Apply ----------------------------------------------------------------------------------------------------------------


@migrate.command(
    short_help="Carry the plan out, or go on with it.",
    epilog=examples(f"unibatch migrate apply {_JOURNAL}", f"unibatch migrate apply {_JOURNAL} --source-stopped --yes"),
)
@journal_argument
@click.option(
    "--source-stopped",
    is_flag=True,
    help="You have stopped the source in its vendor's dashboard. It is watched for a while. Needed where the API "
    "cannot stop it.",
)
@click.option(
    "--wait-for-calls",
    type=click.FloatRange(min=0),
    default=180.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait at most until calls under way have ended. Who is still in a call then is not moved.",
)
@yes_option
@verbose_option
def apply(*, journal: Path, source_stopped: bool, wait_for_calls: float, yes: bool) -> None:
    """Stop the source, create the campaigns of the target, compare them, and start them if the plan says so.

    Says in one sentence what will happen, and asks, unless --yes. After Ctrl-C, a crash or an error, run the same
    command again. The last lines say how many contacts are moved, not moved and unknown.

    The exit code is 3 if the target did not take some contacts or was not started as planned, and 1 if it came to no
    end.
    """
    from unibatch import UnibatchError
    from unibatch.cli import prompts
    from unibatch.cli.migrate_text import question
    from unibatch.cli.progress import stages
    from unibatch.workflows.migrate import PartStep, Step

    with ExitStack() as stack:
        moving = _connected(stack, journal)
        before = moving.status()
        has_ended = before.step is Step.FINISHED and all(part.step is not PartStep.CREATED for part in before.parts)
        if has_ended or before.step in {Step.UNDOING, Step.UNDONE}:
            _end(before, moving, journal)
            raise click.exceptions.Exit(_code_of(before))
        prompts.confirm(_going_on(before) + question(moving.facts), yes=yes)
        try:
            with stages(shown=sys.stderr.isatty()) as watch:
                after = moving.apply(source_stopped=source_stopped, wait_for_calls=wait_for_calls, on_progress=watch)
        except KeyboardInterrupt:
            _interrupted(moving, journal)
        except UnibatchError as exc:
            _note_status(exc, moving, journal)
            raise
    _end(after, moving, journal)
    raise click.exceptions.Exit(_code_of(after))


def _code_of(status: MigrationStatus) -> int:
    if not status.is_finished:
        return FAILED
    return INCOMPLETE if status.failed or status.unstarted else 0


def _connected(stack: ExitStack, journal: Path) -> MigrationPlan:
    """The migration of a journal, with clients that print what they wait for."""
    from unibatch import config
    from unibatch.cli.waits import Waits
    from unibatch.workflows.migrate import open_migration

    with open_migration(journal) as found:
        profiles = found.facts.source.profile, found.facts.target.profile
    waits = Waits()
    clients: list[Client | None] = [
        None if name is None else stack.enter_context(config.connect(name, on_wait=waits)) for name in profiles
    ]
    return stack.enter_context(open_migration(journal, source=clients[0], target=clients[1]))


def _going_on(status: MigrationStatus) -> str:
    from unibatch.workflows.migrate import Step

    if status.step is Step.PLANNED:
        return ""
    return f"This goes on with a migration that was begun ({status.moved:,} moved so far): "


def _interrupted(moving: MigrationPlan, journal: Path) -> None:
    """End the command after Ctrl-C; the last lines say how far it is."""
    from unibatch.cli.migrate_text import status_lines

    say("Interrupted")
    for line in status_lines(moving.status(), moving.facts, journal):
        say(line)
    raise click.exceptions.Exit(INTERRUPTED)


def _note_status(error: UnibatchError, moving: MigrationPlan, journal: Path) -> None:
    """Add to an error how far the migration is."""
    from unibatch import UnibatchError
    from unibatch.cli.migrate_text import status_lines

    try:
        status = moving.status()
    except UnibatchError:  # the journal is what failed
        return
    for line in status_lines(status, moving.facts, journal):
        error.add_note(line)


def _end(status: MigrationStatus, moving: MigrationPlan, journal: Path) -> None:
    from unibatch.cli.migrate_text import status_lines

    for line in status_lines(status, moving.facts, journal):
        click.echo(line)


# Look -----------------------------------------------------------------------------------------------------------------


@migrate.command(short_help="Show how far it is.", epilog=examples(f"unibatch migrate status {_JOURNAL}"))
@journal_argument
@_format_option("json")
def status(*, journal: Path, form: str) -> None:
    """Show how far a migration is, by its journal. Sends nothing, and works while another process applies it.

    The exit code is 0 if the migration is finished, was undone or was not begun, and 3 if it is not finished.
    """
    from unibatch import to_dict
    from unibatch.cli.migrate_text import is_settled
    from unibatch.workflows.migrate import open_migration

    with open_migration(journal) as found:
        now = found.status()
    if form == "json":
        write_data(form, [to_dict(now)], ())
    else:
        _end(now, found, journal)
    if not is_settled(now):
        raise click.exceptions.Exit(INCOMPLETE)


@migrate.command(
    short_help="Compare both sides with the ledger.",
    epilog=examples(f"unibatch migrate verify {_JOURNAL}", f"unibatch migrate verify {_JOURNAL} --format csv"),
)
@journal_argument
@numbers_option
@_format_option("json", "csv")
@verbose_option
def verify(*, journal: Path, show_numbers: bool, form: str) -> None:
    """Read both sides again, and compare them with the ledger, field by field. Changes nothing.

    Also looks whether the source still stands still. The exit code is 3 if anything differs.
    """
    from unibatch.cli.migrate_text import difference_lanes, verification_lines
    from unibatch.cli.progress import stages
    from unibatch.cli.row_table import RowTable
    from unibatch.workflows.migrate import Difference

    with ExitStack() as stack:
        moving = _connected(stack, journal)
        with stages(shown=sys.stderr.isatty()) as watch:
            found = moving.verify(on_progress=watch)
    if form == "text":
        RowTable(difference_lanes(show_numbers=show_numbers)).add(found.differences)
    else:
        masked = (row if show_numbers else _masked_difference(row) for row in found.differences)
        write_objects(form, masked, Difference)
        sys.stdout.flush()
    for line in verification_lines(found):
        if form == "text":
            click.echo(one_line(line))
        else:
            say(line)
    if not found.is_proven:
        say(_NOT_PROVEN)
        raise click.exceptions.Exit(INCOMPLETE)


def _masked_difference(row: Difference) -> Difference:
    import attrs

    expected, found = (mask_phone(text) if text.startswith("+") else text for text in (row.expected, row.found))
    number = row.phone_number and mask_phone(row.phone_number)
    return attrs.evolve(row, phone_number=number, expected=expected, found=found)


@migrate.command(
    short_help="Show what became of each contact.",
    epilog=examples(
        f"unibatch migrate report {_JOURNAL}",
        f"unibatch migrate report {_JOURNAL} --outcome failed --show-numbers",
        f"unibatch migrate report {_JOURNAL} --format csv > ledger.csv",
    ),
)
@journal_argument
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=click.Choice(_OUTCOMES),
    help="Only contacts with this outcome. Repeatable.",
)
@numbers_option
@_format_option("json", "csv")
def report(*, journal: Path, outcomes: tuple[str, ...], show_numbers: bool, form: str) -> None:
    """Show the ledger: what became of each contact of the source, where it is now, why, and what was lost.

    Phone numbers are masked in every format, unless --show-numbers.
    """
    from unibatch.cli.migrate_text import counted, ledger_lanes
    from unibatch.cli.row_table import RowTable
    from unibatch.workflows.migrate import LedgerEntry, open_migration

    with open_migration(journal) as found:
        entries = [entry for entry in found.report() if not outcomes or entry.outcome in outcomes]
    if form == "text":
        RowTable(ledger_lanes(show_numbers=show_numbers)).add(entries)
        say(counted(entries) or "no contacts")
        return
    write_objects(form, entries if show_numbers else map(_masked_entry, entries), LedgerEntry)


def _masked_entry(entry: LedgerEntry) -> LedgerEntry:
    import attrs

    return attrs.evolve(entry, phone_number=mask_phone(entry.phone_number))


# Undo, forget ---------------------------------------------------------------------------------------------------------


@migrate.command(
    short_help="Remove what was created.",
    epilog=examples(f"unibatch migrate undo {_JOURNAL}", f"unibatch migrate undo {_JOURNAL} --yes"),
)
@journal_argument
@yes_option
@verbose_option
def undo(*, journal: Path, yes: bool) -> None:
    """Cancel or delete what was created, and resume the source where its vendor can. Possible until the target starts.

    Says first what it will do and what it cannot undo, and asks, unless --yes. The exit code is 3 if something of the
    target remains.
    """
    from unibatch import UnibatchError
    from unibatch.cli import prompts
    from unibatch.cli.migrate_text import said
    from unibatch.cli.progress import stages

    with ExitStack() as stack:
        moving = _connected(stack, journal)
        lines = [said(line) for line in moving.undo_plan()]
        for line in lines[:-1]:
            say(line)
        prompts.confirm(lines[-1] if lines else "There is nothing to undo.", yes=yes)
        try:
            with stages(shown=sys.stderr.isatty()) as watch:
                undone = moving.undo(on_progress=watch)
        except KeyboardInterrupt:
            _interrupted(moving, journal)
        except UnibatchError as exc:
            _note_status(exc, moving, journal)
            raise
    _echo(f"removed: {', '.join(undone.removed) or 'nothing'}")
    for line in undone.notes:
        _echo(said(line))
    for campaign_id, advice in undone.remaining:
        _echo(f"{campaign_id} remains: {said(advice)}")
    if undone.remaining:
        raise click.exceptions.Exit(INCOMPLETE)


def _echo(line: str) -> None:
    click.echo(one_line(line))


@migrate.command(short_help="Wipe the journal.", epilog=examples(f"unibatch migrate forget {_JOURNAL}"))
@journal_argument
@yes_option
def forget(*, journal: Path, yes: bool) -> None:
    """Wipe the journal, which holds personal data. Nothing changes at any vendor. Asks first, unless --yes."""
    from unibatch.cli import prompts
    from unibatch.workflows.migrate import forget_migration
    from unibatch.workflows.migrate.journal import require_journal

    require_journal(journal)
    prompts.confirm(
        f"{journal} will be wiped for good: a migration that is not finished cannot be continued, and nobody can prove "
        "any more what became of whom.",
        yes=yes,
    )
    forget_migration(journal)
    click.echo(f"wiped {journal}")
