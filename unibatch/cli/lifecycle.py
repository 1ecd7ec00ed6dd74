"""The commands ``start``, ``pause``, ``resume``, ``reschedule``, ``cancel``, ``delete`` and ``retry``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unibatch.cli.exits import Unusable
from unibatch.cli.options import address, campaign_options, examples, write_options
from unibatch.cli.output import one_line, write_objects

if TYPE_CHECKING:
    from unibatch import Campaign, PlannedRequest, Start
    from unibatch.cli.errors import Problems
    from unibatch.core.provider import OperationName

_DONE: dict[OperationName, tuple[str, str]] = {
    "start_campaign": ("started", "already started"),
    "pause_campaign": ("paused", "already paused"),
    "resume_campaign": ("resumed", "already running"),
    "reschedule_campaign": ("rescheduled", "already scheduled for then"),
    "cancel_campaign": ("cancelled", "already cancelled"),
    "delete_campaign": ("deleted", ""),
    "retry_campaign": ("calls again:", "already calls again"),
}
"""What is printed when it was done, and when there was nothing to do."""

_ASKS = frozenset(_DONE) - {"pause_campaign"}

_CALLS_AGAIN: frozenset[OperationName] = frozenset({"start_campaign", "resume_campaign", "retry_campaign"})
"""What would make the source of a migration call people again."""

_journal_option = click.option(
    "--journal",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The journal of a migration: refuse if it has moved contacts of this campaign, who would be called again.",
)


def _command(operation: OperationName, help_text: str) -> click.Command:
    verb = operation.removesuffix("_campaign")

    @click.command(verb, help=help_text, epilog=examples(f"unibatch {verb} main:batch_c3d4e5f6"))
    @campaign_options
    @write_options
    def command(**given: Any) -> None:
        from unibatch.cli.errors import Problems

        _change(operation, Problems(), **given)

    return _journal_option(command) if operation in _CALLS_AGAIN else command


start = _command(
    "start_campaign",
    "Start to call the contacts of a campaign now, even if it is scheduled for later. Asks first, unless --yes.",
)
pause = _command(
    "pause_campaign", "Make no new calls for a campaign; current calls go on. `unibatch resume` continues it."
)
resume = _command("resume_campaign", "Continue a paused campaign. Asks first, unless --yes.")
cancel = _command("cancel_campaign", "End a campaign for good: nobody else is called. Asks first, unless --yes.")
delete = _command(
    "delete_campaign",
    "Delete a campaign for good. Vendors delete only what has not started or is over. Asks first, unless --yes.",
)
retry = _command(
    "retry_campaign",
    "Have a campaign that is over call again those whom it did not reach. No built-in vendor can; other packages' may. "
    "Asks first, unless --yes.",
)


@click.command(
    epilog=examples(
        "unibatch reschedule main:batch_c3d4e5f6 \\",
        "    --start '2026-03-20T09:00[Europe/Berlin]'",
        "unibatch reschedule main:batch_c3d4e5f6 --start 2026-03-20T09:00+01:00 --yes",
    )
)
@click.option("--start", metavar="TIME", help="When to start, such as 2026-03-20T09:00[Europe/Berlin]. Required.")
@campaign_options
@write_options
def reschedule(*, start: str | None, **given: Any) -> None:
    """Change the start time of a campaign that has not started. Asks first, unless --yes."""
    from unibatch.cli.errors import Problems

    problems = Problems()
    _change("reschedule_campaign", problems, start=_read_start(start, problems), **given)


def _read_start(text: str | None, problems: Problems) -> Start | None:
    if text is None:
        problems.add("--start is missing: give a time, such as 2026-03-20T09:00[Europe/Berlin]")
    else:
        from unibatch import Start
        from unibatch.core.times import read_moment

        with problems.noting("--start"):
            return Start.at(*read_moment(text))
    return None


def _change(
    operation: OperationName,
    problems: Problems,
    *,
    campaign: str,
    profile: str | None,
    yes: bool,
    dry_run: bool,
    form: str,
    start: Start | None = None,
    journal: Path | None = None,
) -> None:
    from unibatch import OutcomeUnknown, config
    from unibatch.cli import prompts
    from unibatch.cli.waits import Waits
    from unibatch.core.steering import require_allowed

    about = () if start is None else (start,)
    with ExitStack() as stack:
        planned: list[PlannedRequest] = []
        with problems.noting():
            profile, campaign_id = address(campaign, profile)
            provider = config.provider_of(profile)
            client = stack.enter_context(config.connect(profile, on_wait=Waits()))
            provider.require(operation)
            if operation != "reschedule_campaign" or start is not None:
                planned = getattr(client.rehearse, operation)(campaign_id, *about)
        if operation in _ASKS and not (yes or dry_run or prompts.can_ask()):
            problems.add(f"{operation.removesuffix('_campaign')} {prompts.MUST_SAY_YES}")
        problems.require_none()
        if dry_run:
            prompts.write_requests(form, planned)
            return
        if journal is not None:
            _require_not_moved(journal, campaign_id)
        before = client.get_campaign(campaign_id)
        where = f"{profile}:{campaign_id}"
        done, already = _DONE[operation]
        is_due = start is None or (before.schedule is not None and before.schedule.start == start.instant())
        if before.status in provider.transitions[operation].done and is_due:
            _write(form, f"{already}: {prompts.status_line(client, before, where)}", before)
            return
        require_allowed(provider, operation, before)
        if operation in _ASKS:
            prompts.confirm(prompts.change(client, str(profile), operation, before, start), yes=yes)
        try:
            after: Campaign | None = getattr(client, operation)(campaign_id, *about)
        except OutcomeUnknown as exc:
            again = "It is safe to run the same command again: it looks first"
            if operation == "retry_campaign":
                again = "Run the same command again only if it did not call again: otherwise people are called twice"
            exc.add_note(f"Check: unibatch show {where}. {again}")
            raise
        if after is None:  # it is deleted
            _write(form, f"{done} {where} {prompts.quoted(before.name)}", before)
        else:
            _write(form, f"{done} {prompts.status_line(client, after, where)}", after)


def _require_not_moved(path: Path, campaign_id: str) -> None:
    """End the command if a migration has moved contacts of the campaign, or is about to."""
    from unibatch.cli.prompts import people
    from unibatch.workflows.migrate import Outcome, Step
    from unibatch.workflows.migrate.journal import Journal

    with Journal.open(path, to_write=False) as journal:
        step = Step(journal.fact("step"))
        is_source = journal.fact("source")["campaign_id"] == campaign_id
        parts = journal.rows("SELECT campaign_id FROM parts")
        where = (Outcome.MOVED, Outcome.OPEN)
        (moved,) = journal.rows("SELECT count(*) AS number FROM contacts WHERE moves AND outcome IN (?, ?)", *where)
    if not is_source and campaign_id not in {row["campaign_id"] for row in parts}:
        raise Unusable(f"{path} is the journal of another campaign. Nothing was sent")
    if is_source and step is not Step.PLANNED and moved["number"]:
        raise Unusable(
            f"{path} says that {people(moved['number'])} of this campaign were moved, or are being moved, to another "
            f"one, and would be called again. To take that back: unibatch migrate undo {path}. Nothing was sent"
        )


def _write(form: str, line: str, campaign: Campaign) -> None:
    if form == "table":
        click.echo(one_line(line))
    else:
        from unibatch import Campaign

        write_objects(form, [campaign], Campaign)
