"""The command ``demo``: three vendors through one function, from a sandbox on this machine."""

from __future__ import annotations

import inspect
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import click
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

import unibatch
from unibatch.cli.options import examples, verbose_option
from unibatch.cli.output import screen, show
from unibatch.cli.sandbox import started
from unibatch.cli.text import DIM, GOOD, HEADING, NOTHING, bar, canonical, moment, percent, requests, style_of, words
from unibatch.core.masking import mask_phone
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import ListingReport
from unibatch.core.status import CallStatus
from unibatch.providers import registry

_WIDTH = 80
_WIDEST = 110
_ROOMY = 100
"""From this width on, no id has to be folded."""

_BAR = 9


@attrs.frozen
class Reading:
    """What was read from one vendor."""

    campaign: Campaign
    contacts: list[Contact]
    report: ListingReport

    @property
    def vendor(self) -> str:
        """The vendor's name as people write it."""
        return registry.load(self.campaign.provider).title


def read(profile: str, campaign_id: str) -> Reading:
    """Read a campaign and everybody in it. Knows nothing of vendors."""
    with unibatch.connect(profile) as client:
        campaign = client.get_campaign(campaign_id)
        listing = client.list_contacts(campaign_id)
        contacts = list(listing)
    return Reading(campaign, contacts, listing.report)


@click.command(
    short_help="See three vendors through one function.", epilog=examples("unibatch demo", "unibatch demo | less")
)
@verbose_option
def demo() -> None:
    """Read a campaign from each of three vendors, and show them side by side.

    The vendors are simulated on this machine, so no account is needed and nobody is called. It takes a few seconds.
    """
    console = screen()
    console.width = min(console.width, _WIDEST) if console.is_terminal else _WIDTH
    with started() as sandbox, _configured(sandbox.toml()):
        campaigns = {f"sandbox-{vendor}": sandbox.campaign_ids(vendor)[0] for vendor in sandbox.vendors}
        _announce(console, campaigns)
        readings = [read(profile, campaign_id) for profile, campaign_id in campaigns.items()]
    _part(console, "1. Three campaigns, one model", _side_by_side(readings, whole_ids=console.width >= _ROOMY))
    _part(console, "2. The vendors' words, translated", *_translations(readings))
    _part(console, "3. How the calls stand", _status_mix(readings))
    _part(console, "4. Did we see everybody?", _proof(readings))
    show(
        console,
        "",
        Text.assemble(
            ("Nobody was called.", HEADING),
            " Next: unibatch providers, unibatch sandbox, or, for your own accounts, unibatch init.",
        ),
    )


@contextmanager
def _configured(toml: str) -> Iterator[None]:
    """Let profiles be found in a file of their own, for as long as the block runs."""
    before = os.environ.get("UNIBATCH_CONFIG")
    with tempfile.TemporaryDirectory(prefix="unibatch-demo-") as folder:
        path = Path(folder) / "unibatch.toml"
        path.write_text(toml, encoding="utf-8")
        os.environ["UNIBATCH_CONFIG"] = str(path)
        try:
            yield
        finally:
            if before is None:
                del os.environ["UNIBATCH_CONFIG"]
            else:
                os.environ["UNIBATCH_CONFIG"] = before


def _part(console: Console, title: str, *content: RenderableType) -> None:
    show(console, "", Text(title, style=HEADING), "", *(Padding(item, (0, 0, 0, 2)) for item in content))


def _announce(console: Console, campaigns: Mapping[str, str]) -> None:
    vendors = [registry.load(profile.removeprefix("sandbox-")).title for profile in campaigns]
    calls = "\n".join(f'read("{profile}", "{campaign_id}")' for profile, campaign_id in campaigns.items())
    intro = (
        f"{', '.join(vendors[:-1])} and {vendors[-1]} have different APIs. A sandbox on this machine simulates all "
        "three, and one function reads a campaign from each. This is that function, and how it is called:"
    )
    code = f"{inspect.getsource(read)}\n{calls}"
    show(
        console,
        Text(intro),
        "",
        Padding(Syntax(code, "python", theme="ansi_dark", background_color="default", word_wrap=True), (0, 0, 0, 2)),
    )


# 1 --------------------------------------------------------------------------------------------------------------------


def _side_by_side(readings: Sequence[Reading], *, whole_ids: bool) -> RenderableType:
    table = _by_vendor(readings, "")
    if whole_ids:
        longest, column = max((len(reading.campaign.id), index) for index, reading in enumerate(readings, start=1))
        table.columns[column].width = longest
    campaigns = [reading.campaign for reading in readings]

    def row(label: str, cells: Sequence[Text]) -> None:
        table.add_row(label, *cells)

    row("name", [_told(campaign.name) for campaign in campaigns])
    row("id", [_told(campaign.id) for campaign in campaigns])
    row("status", [canonical(campaign.status) for campaign in campaigns])
    row("  the vendor's word", [Text(f'"{campaign.vendor_status}"', style=DIM) for campaign in campaigns])
    row("agent", [_told(campaign.agent_id) for campaign in campaigns])
    row("created (UTC)", [_told(campaign.created_at and moment(campaign.created_at)) for campaign in campaigns])
    for label, name in {"contacts": "total", "attempted": "", "succeeded": "", "failed": "", "pending": ""}.items():
        counts = [getattr(campaign.counts, name or label) for campaign in campaigns]
        row(label, [_told(None if count is None else Text(f"{count:>5,}")) for count in counts])
    row("cost", [_told(campaign.cost) for campaign in campaigns])
    return table


def _by_vendor(readings: Sequence[Reading], corner: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=HEADING)
    table.add_column(corner, style=DIM, no_wrap=True)
    for reading in readings:
        table.add_column(reading.vendor, overflow="fold")
    return table


def _told(value: Any) -> Text:
    if value is None:
        return Text("not told", style=DIM)
    return value if isinstance(value, Text) else words(value)


# 2 --------------------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _Example:
    """A contact worth looking at: the first that a vendor has with this word, and what it teaches."""

    provider: str
    word: str
    is_final: bool
    lesson: str


_EXAMPLES = (
    _Example(
        provider="truedy", word="completed", is_final=True, lesson="one of Truedy's two words for a call that went well"
    ),
    _Example(provider="truedy", word="ended", is_final=True, lesson="the other word"),
    _Example(
        provider="techladder",
        word="queued",
        is_final=False,
        lesson="waits for a line; the number came without its plus",
    ),
    _Example(provider="techladder", word="no_answer", is_final=True, lesson='"company_name" came back respelt'),
    _Example(
        provider="talkifai",
        word="queued",
        is_final=False,
        lesson="TechLadder's word, but here: tried before, and due again",
    ),
    _Example(
        provider="talkifai",
        word="no_answer",
        is_final=False,
        lesson="TechLadder's word, but not final: TalkifAI calls again",
    ),
)


def _translations(readings: Sequence[Reading]) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for reading in readings:
        parts += [*([""] if parts else []), Text(reading.vendor, style=HEADING)]
        for example in _EXAMPLES:
            contact = _first(reading, example)
            if contact is not None:
                parts += [
                    Text.assemble("  ", words(contact.name), (f": {example.lesson}", DIM)),
                    Padding(_translation(contact), (0, 0, 0, 4)),
                ]
    return parts


def _first(reading: Reading, example: _Example) -> Contact | None:
    wanted = (example.provider, example.word, example.is_final)
    found = (row for row in reading.contacts if (row.provider, row.vendor_status, row.is_final) == wanted)
    return next(found, None)


def _translation(contact: Contact) -> RenderableType:
    """What the vendor says of a contact, and what unibatch makes of it."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=38, overflow="fold")
    grid.add_column(overflow="fold")
    status = Text.assemble(canonical(contact.status), ", final" if contact.is_final else ", not final")
    grid.add_row(_own(_key_of(contact.raw, contact.vendor_status), contact.vendor_status), _becomes(status))
    digits = contact.phone_number.removeprefix("+")
    for key, value in contact.raw.items():
        if isinstance(value, str) and value.removeprefix("+") == digits:
            grid.add_row(_own(key, mask_phone(value)), _becomes(Text(mask_phone(contact.phone_number))))
    company = contact.field("company_name")
    if company is not None and "company_name" not in contact.fields:
        grid.add_row(_own(_key_of(contact.fields, company), company), _becomes(Text('field("company_name")')))
    return grid


def _own(key: str, value: Any) -> Text:
    return Text.assemble((f"{words(key)}: ", DIM), f'"{words(value)}"')


def _becomes(text: Text) -> Text:
    return Text.assemble(("→ ", DIM), text)


def _key_of(mapping: Mapping[str, Any], value: Any) -> str:
    return next((key for key, candidate in mapping.items() if candidate == value), "?")


# 3 --------------------------------------------------------------------------------------------------------------------


def _status_mix(readings: Sequence[Reading]) -> RenderableType:
    table = _by_vendor(readings, "status")
    counted = [Counter(contact.status for contact in reading.contacts) for reading in readings]
    for status in CallStatus:
        if any(status in counts for counts in counted):
            cells = [_share(counts[status], counts.total(), style_of(status)) for counts in counted]
            table.add_row(canonical(status), *cells)
    return table


def _share(count: int, total: int, style: str) -> Text:
    if not count:
        return Text(f"{NOTHING:>5}", style=DIM)
    share = count / total
    return Text.assemble(f"{count:>5,} ", (bar(share, _BAR), style), (f" {percent(share)}", DIM))


# 4 --------------------------------------------------------------------------------------------------------------------


def _proof(readings: Sequence[Reading]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(overflow="fold")
    for reading in readings:
        report = reading.report
        size = registry.load(reading.campaign.provider).capabilities.contact_paging.max_size
        text = f"{report.seen:,} contacts, {size:,} a page: {requests(report)}, "
        grid.add_row(reading.vendor, Text.assemble(text, ("complete ✓", GOOD)))
    return grid
