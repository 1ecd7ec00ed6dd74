"""The command ``providers``: what the vendors can do, from the data that each provider declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import attrs
import click
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from unibatch.cli.options import complete_provider, examples, format_option
from unibatch.cli.output import screen, show, write_data
from unibatch.cli.text import DIM, GOOD, HEADING, NOTHING, canonical, number, words
from unibatch.client import Client
from unibatch.core.model import Campaign, Contact
from unibatch.core.provider import Limits, OperationName, Provider, Support
from unibatch.core.to_dict import to_dict
from unibatch.providers import registry

Kind = type[Provider]

_LIMITS = {
    "requests_per_minute": "requests a minute",
    "max_contacts": "contacts a campaign",
    "max_concurrency": "calls at a time",
    "max_attempts": "attempts a contact",
    "max_name_length": "letters in a name",
    "max_description_length": "in a description",
}
_ALWAYS = frozenset({"provider", "campaign_id", "vendor_status", "is_final", "phone_valid", "raw"})
"""Attributes that do not depend on what a vendor tells."""


@click.command(
    short_help="Compare what the vendors can do.",
    epilog=examples(
        "unibatch providers",
        "unibatch providers truedy talkifai",
        "unibatch providers --statuses",
        "unibatch providers --format json",
    ),
)
@click.argument("names", nargs=-1, metavar="[PROVIDER]...", shell_complete=complete_provider)
@click.option("--statuses", is_flag=True, help="Instead: each vendor's status words and what they stand for.")
@format_option
def providers(*, names: tuple[str, ...], statuses: bool, form: str) -> None:
    """Compare what the vendors can do, side by side.

    The facts come from the vendors' documentation. Needs no configuration and no network.
    """
    kinds = [registry.load(name) for name in names or registry.names()]
    if form == "table":
        console = screen()
        show(console, *(_status_tables(kinds) if statuses else [_Matrix(kinds, console).render()]))
    elif statuses:
        words_of = [row for kind in kinds for row in _status_rows(kind)]
        write_data(form, words_of, ["provider", "kind", "vendor_status", "status", "meaning"])
    else:
        facts = [_facts(kind) for kind in kinds]
        write_data(form, facts, _paths(facts[0]))


def in_unibatch(operation: str) -> bool:
    """Whether this version of unibatch offers an operation, whoever the vendor."""
    return hasattr(Client, operation)


# As data --------------------------------------------------------------------------------------------------------------


def _facts(kind: Kind) -> dict[str, Any]:
    can = kind.capabilities
    return {
        "name": kind.name,
        "title": kind.title,
        "base_url": kind.base_url,
        "operations": {
            name: {**to_dict(support), "in_unibatch": in_unibatch(name)} for name, support in can.operations.items()
        },
        "server_filters": sorted(can.server_filters),
        "paging": {
            "campaigns": to_dict(kind.capabilities.campaign_paging),
            "contacts": to_dict(kind.capabilities.contact_paging),
        },
        "limits": to_dict(can.limits),
        "webhooks": to_dict(can.webhooks),
        "contact_fields": sorted(can.contact_fields),
        "campaign_fields": sorted(can.campaign_fields),
        "settings": {name: setting.purpose for name, setting in kind.settings.items()},
    }


def _paths(facts: Mapping[str, Any]) -> list[str]:
    """The CSV columns: one for each value, but one for all settings, whose names differ between vendors."""
    columns = []
    for name, value in facts.items():
        if isinstance(value, dict) and name != "settings":
            columns += [f"{name}.{path}" for path in _paths(value)]
        else:
            columns.append(name)
    return columns


def _status_rows(kind: Kind) -> list[dict[str, str]]:
    tables: dict[str, Any] = {"call": kind.call_statuses, "campaign": kind.campaign_statuses}
    return [
        {
            "provider": kind.name,
            "kind": what,
            "vendor_status": word,
            "status": status.value,
            "meaning": status.meaning,
        }
        for what, table in tables.items()
        for word, status in table
    ]


# For people -----------------------------------------------------------------------------------------------------------


def _status_tables(kinds: Sequence[Kind]) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for kind in kinds:
        tables: dict[str, Any] = {"calls": kind.call_statuses, "campaigns": kind.campaign_statuses}
        for what, statuses in tables.items():
            table = Table.grid(padding=(0, 2))
            table.add_column(min_width=15, no_wrap=True)
            table.add_column(min_width=15, no_wrap=True)
            table.add_column(overflow="fold")
            table.add_row(
                Text(f"{kind.title}'s word", style=DIM), Text("unibatch's", style=DIM), Text("meaning", style=DIM)
            )
            for word, status in statuses:
                table.add_row(words(word), canonical(status), words(status.meaning))
            table.add_row(Text("any other", style=DIM), canonical(statuses.unknown), "")
            parts += [Text(f"{kind.title}: {what}", style=HEADING), Padding(table, (0, 0, 1, 2))]
    return parts


def _support(kind: Kind, operation: str) -> Support:
    return kind.capabilities.operations[cast(OperationName, operation)]


class _Matrix:
    """The comparison: vendors are columns, facts are rows, and notes are numbered footnotes."""

    def __init__(self, kinds: Sequence[Kind], console: Console) -> None:
        self._kinds = kinds
        self._console = console
        self._notes: list[str] = []

    def render(self) -> RenderableType:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=HEADING)
        table.add_column("", no_wrap=True)
        for kind in self._kinds:
            table.add_column(kind.title, min_width=10)
        operations = list(self._kinds[0].capabilities.operations)
        self._section(
            table,
            "Operations",
            operations,
            self._operation,
            label=lambda name: name if in_unibatch(name) else f"{name} *",
        )
        self._section(
            table,
            "Idempotency key recognised",
            [name for name in operations if any(_support(kind, name).idempotency_key for kind in self._kinds)],
            lambda kind, name: self._mark(_support(kind, name).idempotency_key),
        )
        filters = sorted({name for kind in self._kinds for name in kind.capabilities.server_filters})
        self._section(
            table,
            "Filters applied by the vendor",
            filters,
            lambda kind, name: self._mark(name in kind.capabilities.server_filters),
        )
        self._section(
            table,
            "Rows on a page",
            ["campaigns", "contacts"],
            lambda kind, name: number(
                (
                    kind.capabilities.campaign_paging if name == "campaigns" else kind.capabilities.contact_paging
                ).max_size
            ),
        )
        self._section(
            table,
            "Limits",
            [field.name for field in attrs.fields(Limits)],
            lambda kind, name: number(getattr(kind.capabilities.limits, name)),
            label=lambda name: _LIMITS.get(name, name),
        )
        self._section(table, "Webhooks", ["webhooks"], self._webhooks, label=lambda _: "can be relied on")
        for what, cls in (("contact", Contact), ("campaign", Campaign)):
            self._section(
                table,
                f"What a {what} tells",
                [field.alias for field in attrs.fields(cls) if field.alias not in _ALWAYS],
                partial(self._told, what),
            )
        return Group(table, self._footnotes(), *map(_address, self._kinds))

    def _section(
        self,
        table: Table,
        title: str,
        names: Sequence[str],
        cell: Callable[[Kind, str], Text],
        label: Callable[[str], str] = str,
    ) -> None:
        if not names:
            return
        if table.row_count:
            table.add_row("")
        table.add_row(Text(title, style=HEADING))
        for name in names:
            table.add_row(f"  {label(name)}", *(cell(kind, name) for kind in self._kinds))

    def _operation(self, kind: Kind, name: str) -> Text:
        support = _support(kind, name)
        return self._mark(support.available, support.note)

    def _told(self, what: str, kind: Kind, name: str) -> Text:
        return self._mark(name in getattr(kind.capabilities, f"{what}_fields"))

    def _webhooks(self, kind: Kind, _: str) -> Text:
        return self._mark(kind.capabilities.webhooks.available, kind.capabilities.webhooks.note)

    def _mark(self, holds: bool, note: str = "") -> Text:  # noqa: FBT001 - it is the value that is shown
        mark = Text("✓", style=GOOD) if holds else Text(NOTHING, style=DIM)
        return Text.assemble(mark, (f" {self._note(note)}", DIM)) if note else mark

    def _note(self, note: str) -> str:
        if note not in self._notes:
            self._notes.append(note)
        return str(self._notes.index(note) + 1)

    def _footnotes(self) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(justify="right", style=DIM)
        grid.add_column(overflow="fold")
        grid.add_row("")
        grid.add_row(NOTHING, "not offered, or not documented")
        for position, note in enumerate(self._notes, start=1):
            grid.add_row(str(position), words(note))
        operations = list(self._kinds[0].capabilities.operations)
        if not all(map(in_unibatch, operations)):
            offered = ", ".join(name for name in operations if in_unibatch(name))
            grid.add_row(
                "*",
                f"a fact about the vendor's API; this version of unibatch does not offer it yet, only {offered}",
            )
        return grid


def _address(kind: Kind) -> RenderableType:
    """Where a vendor's API is, and what can be set for it."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style=DIM, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("base URL", words(kind.base_url))
    for name, setting in kind.settings.items():
        grid.add_row(name, words(setting.purpose))
    return Group("", Text(kind.title, style=HEADING), Padding(grid, (0, 0, 0, 2)))
