"""What providers declare of their vendors, as tables: the comparison, and the status words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from unibatch import Campaign, Capabilities, Client, Contact, Provider
from unibatch.cli.cells import DIM, GOOD, HEADING, NOTHING
from unibatch.cli.tables import columns, facts_sheet
from unibatch.cli.text import canonical, number, words
from unibatch.core.provider import Limits

Kind: TypeAlias = type[Provider]

_LIMITS = {
    "requests_per_minute": "requests a minute",
    "max_contacts": "contacts a campaign",
    "max_concurrency": "calls at a time",
    "max_attempts": "attempts a contact",
    "max_name_length": "characters in a name",
    "max_description_length": "in a description",
}
_ALWAYS = frozenset({"provider", "campaign_id", "vendor_status", "is_final", "phone_valid", "raw"})
"""Attributes that every contact or campaign has."""


def status_tables(kinds: Sequence[Kind]) -> list[RenderableType]:
    """Each vendor's status words, with unibatch's, and what they mean."""
    parts: list[RenderableType] = []
    for kind in kinds:
        tables: dict[str, Any] = {"calls": kind.call_statuses, "campaigns": kind.campaign_statuses}
        for what, statuses in tables.items():
            word_columns = [Column(min_width=15, no_wrap=True) for _ in range(2)]
            table = Table.grid(*word_columns, Column(overflow="fold"), padding=(0, 2))
            table.add_row(*(Text(title, style=DIM) for title in (f"{kind.title}'s word", "unibatch's", "meaning")))
            for word, status in statuses:
                table.add_row(words(word), canonical(status), words(status.meaning))
            table.add_row(Text("any other", style=DIM), canonical(statuses.unknown), "")
            parts += [Text(f"{kind.title}: {what}", style=HEADING), Padding(table, (0, 0, 1, 2))]
    return parts


class Matrix:
    """The comparison: vendors are columns, facts are rows, and notes are numbered footnotes.

    Attributes:
        table: What `render` fills.
    """

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self._kinds = kinds
        self._capabilities = [kind.capabilities for kind in kinds]
        self._operations = list(kinds[0].capabilities.operations)
        self._notes: list[str] = []
        vendors = [Column(kind.title, min_width=10) for kind in kinds]
        self.table = columns(Column("", no_wrap=True), *vendors)

    def render(self) -> RenderableType:
        """The comparison, its footnotes, and where each API is."""
        mark, operations = self._mark, self._operations
        self._section(
            "Operations",
            {name if _in_unibatch(name) else f"{name} *": name for name in operations},
            lambda can, name: mark(can.operations[name].available, can.operations[name].note),
        )
        self._section(
            "Recognises an idempotency key",
            [name for name in operations if any(can.operations[name].idempotency_key for can in self._capabilities)],
            lambda can, name: mark(can.operations[name].idempotency_key),
        )
        self._section(
            "The vendor filters by",
            sorted({name for can in self._capabilities for name in can.server_filters}),
            lambda can, name: mark(name in can.server_filters),
        )
        self._section(
            "Rows on a page",
            {"campaigns": "campaign_paging", "contacts": "contact_paging"},
            lambda can, name: number(getattr(can, name).max_size),
        )
        self._section(
            "Limits",
            {_LIMITS.get(limit, limit): limit for limit in _names(Limits)},
            lambda can, name: number(getattr(can.limits, name)),
        )
        self._section("Webhooks", ["reliable"], lambda can, _: mark(can.webhooks.available, can.webhooks.note))
        for what, cls in (("contact", Contact), ("campaign", Campaign)):
            self._given(what, [name for name in _names(cls) if name not in _ALWAYS])
        return Group(self.table, self._footnotes(), *map(_address, self._kinds))

    def _section(
        self, title: str, names: Mapping[str, str] | Sequence[str], cell: Callable[[Capabilities, Any], Text]
    ) -> None:
        """Add rows; ``names`` are what they are about, by their labels where those differ."""
        if not names:
            return
        if self.table.row_count:
            self.table.add_row("")
        self.table.add_row(Text(title, style=HEADING))
        labelled = names if isinstance(names, Mapping) else {name: name for name in names}
        for label, name in labelled.items():
            self.table.add_row(f"  {label}", *(cell(can, name) for can in self._capabilities))

    def _given(self, what: str, names: Sequence[str]) -> None:
        self._section(
            f"The vendor gives of a {what}", names, lambda can, name: self._mark(name in getattr(can, f"{what}_fields"))
        )

    def _mark(self, holds: bool, note: str = "") -> Text:  # noqa: FBT001 - it is the value that is shown
        mark = Text("✓", style=GOOD) if holds else Text(NOTHING, style=DIM)
        if note and note not in self._notes:
            self._notes.append(note)
        return Text.assemble(mark, (f" {self._notes.index(note) + 1}", DIM)) if note else mark

    def _footnotes(self) -> RenderableType:
        grid = Table.grid(Column(justify="right", style=DIM), Column(overflow="fold"), padding=(0, 1))
        grid.add_row("")
        grid.add_row(NOTHING, "no, or not documented")
        for position, note in enumerate(self._notes, start=1):
            grid.add_row(str(position), words(note))
        if not all(map(_in_unibatch, self._operations)):
            grid.add_row("*", "the vendor's API may have it; this version of unibatch does not")
        return grid


def _names(cls: type[attrs.AttrsInstance]) -> list[str]:
    return [str(field.alias) for field in attrs.fields(cls)]


def _address(kind: Kind) -> RenderableType:
    """Where a vendor's API is, and what can be set for it."""
    facts = {"base URL": kind.base_url} | {name: setting.purpose for name, setting in kind.settings.items()}
    return Group("", Text(kind.title, style=HEADING), facts_sheet({name: words(fact) for name, fact in facts.items()}))


def _in_unibatch(operation: str) -> bool:
    return hasattr(Client, operation)
