"""What ``migrate`` shows: the plan, how far a migration is, what differs, the ledger."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column as TableColumn
from rich.text import Text

from unibatch import Finding, Fit
from unibatch.cli import cells
from unibatch.cli.cells import BAD, DIM, GOOD, HEADING, MOVING, WARN
from unibatch.cli.errors import in_commands
from unibatch.cli.output import one_line
from unibatch.cli.prompts import people, quoted
from unibatch.cli.row_table import Column, Lane
from unibatch.cli.tables import columns, facts_sheet
from unibatch.cli.text import canonical, number, words
from unibatch.core.masking import mask_phone
from unibatch.providers import registry
from unibatch.workflows.migrate.ledger import (
    Difference,
    LedgerEntry,
    MigrationStatus,
    Outcome,
    PartStep,
    Step,
    TargetPart,
    Verification,
)
from unibatch.workflows.migrate.plan import PlanFacts, Side

_MOST_ZONES = 10
_MOST_PARTS = 10

_FITS = {Fit.NATIVE: GOOD, Fit.MAPPED: GOOD, Fit.EMULATED: MOVING, Fit.LOSSY: WARN}  # of the others: BAD
_OUTCOMES = {Outcome.MOVED: GOOD, Outcome.KEPT_BACK: DIM, Outcome.FAILED: BAD, Outcome.OPEN: WARN}

_NEXT = {
    Step.PLANNED: "Nothing was changed at any vendor. To do it: unibatch migrate apply {journal}",
    Step.STOPPING: "It is not finished. To go on: unibatch migrate apply {journal}",
    Step.FROZEN: "It is not finished. To go on: unibatch migrate apply {journal}",
    Step.CREATED: "It is not finished. To go on: unibatch migrate apply {journal}",
    Step.CHECKED: "It is not finished. To go on: unibatch migrate apply {journal}",
    Step.FINISHED: "It is finished. To check it: unibatch migrate verify {journal}",
    Step.UNDOING: "It is being undone. To go on: unibatch migrate undo {journal}",
    Step.UNDONE: "It was undone. To wipe the journal: unibatch migrate forget {journal}",
}
"""What to do next, by how far a migration is."""


def place(side: Side) -> str:
    """One side of a migration, for people."""
    kind = registry.load(side.provider)
    facts = [f"profile {side.profile}"] if side.profile else []
    if side.base_url != kind.base_url:
        facts.append(side.base_url)
    return f"{kind.title} ({', '.join(facts)})" if facts else kind.title


# The plan -------------------------------------------------------------------------------------------------------------


def plan_sheet(facts: PlanFacts, journal: Path) -> RenderableType:
    """A plan, as people read it."""
    source, target = place(facts.source), place(facts.target)
    heading = words(f"{quoted(facts.name)}: {facts.source.campaign_id} at {source} -> {target}", HEADING)
    return Group(
        heading,
        Padding(_decisions(facts), (0, 0, 0, 2)),
        "",
        facts_sheet(
            {
                "contacts": words(
                    f"{facts.total:,} in the source: {facts.moving:,} move, {facts.total - facts.moving:,} stay"
                ),
                "campaigns": words(_parts(facts)),
                "repeated numbers": facts.repeated and number(facts.repeated),
                "never to be called": facts.never and number(facts.never),
                "joined": _joined(facts),
                "source": words(said(facts.source_plan)),
                "target": words(said(facts.target_plan)),
                "requests": words(_cost(facts)),
                "calls possible": _hours(facts),
            }
        ),
        *_lost(facts.findings),
        _verdict(facts, journal),
    )


def _decisions(facts: PlanFacts) -> RenderableType:
    right = TableColumn("contacts", justify="right")
    table = columns(
        TableColumn("decision"), right, TableColumn("status"), TableColumn("why", overflow="fold"), style=DIM
    )
    for found in sorted(facts.decisions, key=lambda each: (not each.moves, -each.contacts)):
        decision = Text("move", style=GOOD) if found.moves else Text("stay", style=DIM)
        table.add_row(decision, number(found.contacts), canonical(found.status), words(found.reason))
    return table


def _parts(facts: PlanFacts) -> str:
    shown = ", ".join(f"{size:,}" for size in facts.parts[:_MOST_PARTS])
    more = f" and {len(facts.parts) - _MOST_PARTS:,} more" if len(facts.parts) > _MOST_PARTS else ""
    if len(facts.parts) == 1:
        return f"1 in the target, with {people(facts.moving)}"
    return f"{len(facts.parts):,} in the target, with {shown} contacts{more}"


def _joined(facts: PlanFacts) -> Text | None:
    found = next((finding.reason for finding in facts.findings if finding.field == "fields_from"), None)
    return None if found is None else words(found)


def _cost(facts: PlanFacts) -> str:
    cost = facts.estimate
    length = "less than a minute" if cost.minutes < 1 else f"at least {cost.minutes:,.0f} min"
    return f"{cost.source_requests:,} to the source, {cost.target_requests:,} to the target; {length}, without waits"


def _hours(facts: PlanFacts) -> RenderableType | None:
    if not facts.zones:
        return None
    table = columns(
        TableColumn("zone"),
        TableColumn("contacts", justify="right"),
        TableColumn("first"),
        TableColumn("last"),
        style=DIM,
    )
    for zone in facts.zones[:_MOST_ZONES]:
        times = (words(f"{moment:%H:%M}" if moment else "any time") for moment in (zone.first, zone.last))
        table.add_row(words(zone.zone), number(zone.contacts), *times)
    if len(facts.zones) > _MOST_ZONES:
        table.add_row(words(f"and {len(facts.zones) - _MOST_ZONES:,} more zones", DIM), "", "", "")
    return table


def _lost(findings: Sequence[Finding]) -> list[RenderableType]:
    """What is lost, by field."""
    table = columns(TableColumn("field"), TableColumn("fit"), TableColumn("what happens", overflow="fold"), style=DIM)
    for finding in findings:
        if finding.is_obstacle() and finding.field != "fields_from":
            fit = Text(finding.fit.value, style=_FITS.get(finding.fit, BAD))
            table.add_row(words(finding.field), fit, words(said(finding.reason)))
    return [words("What is lost", HEADING), Padding(table, (0, 0, 0, 2)), ""] if table.row_count else []


def _verdict(facts: PlanFacts, journal: Path) -> Text:
    if facts.obstacles:
        fields = dict.fromkeys(finding.field for finding in facts.obstacles)
        return Text(f"Cannot be applied: {', '.join(fields)}. Correct it, and plan again.", style=BAD)
    accepts = "Applying it accepts what is lost. " if facts.losses else ""
    return words(f"Nothing was changed at any vendor. {accepts}To do it: unibatch migrate apply {journal}", GOOD)


# The migration --------------------------------------------------------------------------------------------------------


def question(facts: PlanFacts) -> str:
    """What applying a plan will do, as one sentence."""
    return said(
        f"{facts.moving:,} of {people(facts.total)} of {quoted(facts.name)} move from {place(facts.source)} to "
        f"{place(facts.target)}; the source: {facts.source_plan}; the target: {facts.target_plan}."
    )


def is_settled(status: MigrationStatus) -> bool:
    """Whether nothing is left to do: it was not begun, is finished, or was undone wholly."""
    is_undone = status.step is Step.UNDONE and not status.moved and not status.open
    return is_undone or status.step in {Step.PLANNED, Step.FINISHED}


def _next_step(status: MigrationStatus, journal: Path) -> str:
    if status.step is Step.UNDONE and not is_settled(status):
        return f"A part of the target remains. When it is removed: unibatch migrate undo {journal}"
    return _NEXT[status.step].format(journal=journal)


def status_lines(status: MigrationStatus, facts: PlanFacts, journal: Path) -> list[str]:
    """How far a migration is: how many contacts are moved, not moved and unknown, and what to do next."""
    lines = [f"part {part.number}: {_part(part, facts.target)}" for part in status.parts]
    unknown = min(status.open, sum(part.contacts for part in status.parts if part.step is PartStep.SENDING))
    waiting = status.open - unknown
    why = ((status.kept_back, "kept back"), (status.failed, "failed"), (waiting, "not settled yet"))
    parts = ", ".join(f"{count:,} {what}" for count, what in why if count)
    not_moved = status.kept_back + status.failed + waiting
    if status.interrupted and not status.is_finished:
        lines.append(f"the latest run ended early: {said(status.interrupted)}")
    lines += [*map(said, status.changes), *map(said, status.notes)]
    lines.append(
        f"{people(status.total)}: {status.moved:,} moved, {not_moved:,} not moved"
        f"{f' ({parts})' if parts else ''}, {unknown:,} unknown"
    )
    return [*map(one_line, lines), _next_step(status, journal)]


def _part(part: TargetPart, target: Side) -> str:
    where = f"{target.profile}:{part.campaign_id}" if target.profile and part.campaign_id else part.campaign_id
    return ", ".join(filter(None, (where, people(part.contacts), part.step.value)))


_OPTIONS = {"max_attempts": "--max-attempts", "hold_until": "--hold-until"}


def said(text: str) -> str:
    """A text of the library in the words of these commands."""
    for argument, option in _OPTIONS.items():
        text = re.sub(rf"(?<![\w.-]){argument}\b", option, text)
    return in_commands(text)


# Verification ---------------------------------------------------------------------------------------------------------


def verification_lines(found: Verification) -> list[str]:
    """What verifying has shown, apart from the differences."""
    stands = "stands still" if found.source_stands_still else "DOES NOT STAND STILL, and may call those who were moved"
    lines = [
        f"compared: {people(found.contacts)}, {found.fields:,} values",
        f"the source is {found.source_status}, and {stands}",
    ]
    if found.not_compared:
        lines.append(f"not told by the target, so not compared: {', '.join(found.not_compared)}")
    differ = len(found.differences)
    lines.append("the ledger is proven" if found.is_proven else f"{differ:,} difference{'' if differ == 1 else 's'}")
    return lines


def difference_lanes(*, show_numbers: bool) -> list[Lane[Difference]]:
    """The columns of the table of differences."""
    hide: Callable[[str], str] = str if show_numbers else mask_phone
    return [
        [Column("side", lambda row: cells.words(row.where), least=6)],
        [Column("contact", lambda row: cells.words(row.contact_id or row.campaign_id), least=8, folds_to=12)],
        [Column("phone", lambda row: cells.words(row.phone_number and hide(row.phone_number)), least=13)],
        [Column("field", lambda row: cells.words(row.field), folds_to=10)],
        [Column("expected", lambda row: cells.words(_shown(row.expected, hide)), folds_to=10)],
        [Column("found", lambda row: cells.words(_shown(row.found, hide)), folds_to=10)],
    ]


def _shown(value: str, hide: Callable[[str], str]) -> str:
    return hide(value) if value.startswith("+") else value


# The ledger -----------------------------------------------------------------------------------------------------------


def ledger_lanes(*, show_numbers: bool) -> list[Lane[LedgerEntry]]:
    """The columns of the ledger."""
    hide: Callable[[str], str] = str if show_numbers else mask_phone
    return [
        [
            Column("source id", lambda row: cells.words(row.source_id), least=8),
            Column("phone", lambda row: cells.words(hide(row.phone_number)), least=13),
        ],
        [
            Column("outcome", lambda row: cells.Cell(row.outcome.value, _OUTCOMES[row.outcome]), least=9),
            Column("status", lambda row: cells.canonical(row.status), least=11),
        ],
        [
            Column("target campaign", lambda row: cells.words(row.target_campaign_id), least=15),
            Column("target id", lambda row: cells.words(row.target_contact_id), least=9),
        ],
        [
            Column("why", lambda row: cells.words(said(row.reason)), folds_to=20),
            Column("lost", lambda row: cells.words(", ".join(row.lost)), folds_to=12),
        ],
    ]


def counted(entries: Iterable[LedgerEntry]) -> str:
    """How many entries have which outcome."""
    found = dict.fromkeys(Outcome, 0)
    for entry in entries:
        found[entry.outcome] += 1
    return ", ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in found.items() if count)
