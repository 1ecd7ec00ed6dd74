"""What the command ``demo`` shows: three vendors through one function, from a sandbox on this machine."""

from __future__ import annotations

import inspect
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Column, Table
from rich.text import Text

import unibatch
from unibatch import CallStatus, Campaign, Contact, ListingReport
from unibatch.cli.cells import DIM, GOOD, HEADING, NOTHING, bar, percent, requests, style_of
from unibatch.cli.sandbox import started
from unibatch.cli.tables import columns, screen, show_on
from unibatch.cli.text import canonical, moment, words
from unibatch.core.masking import mask_phone
from unibatch.providers import registry

_WIDTH = 80
_WIDEST = 110
_ROOMY = 100  # from this width on, no id has to be folded
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


def demonstrate() -> None:
    """Read a campaign of each of three vendors, and show them side by side."""
    console = screen()
    console.width = min(console.width, _WIDEST) if console.is_terminal else _WIDTH
    with started() as sandbox, _configured(sandbox.toml()):
        campaigns = {f"sandbox-{vendor}": sandbox.campaign_ids(vendor)[0] for vendor in sandbox.vendors}
        _announce(console, campaigns)
        readings = [read(profile, campaign_id) for profile, campaign_id in campaigns.items()]
    _part(console, "1. Three campaigns, one model", _side_by_side(readings, whole_ids=console.width >= _ROOMY))
    _part(console, "2. The vendors' words, translated", *_translations(readings))
    _part(console, "3. The statuses of the calls", _status_mix(readings))
    _part(console, "4. Are these all contacts?", _proof(readings))
    then = " Next: unibatch providers, unibatch sandbox, or, for your own accounts, unibatch init."
    show_on(console, "", Text.assemble(("Nobody was called.", HEADING), then))


@contextmanager
def _configured(toml: str) -> Iterator[None]:
    """Use these profiles while the block runs."""
    before = os.environ.get("UNIBATCH_CONFIG")
    with tempfile.TemporaryDirectory(prefix="unibatch-demo-") as folder:
        path = Path(folder) / "unibatch.toml"
        path.write_text(toml, encoding="utf-8")
        os.environ["UNIBATCH_CONFIG"] = str(path)
        try:
            yield
        finally:
            os.environ.pop("UNIBATCH_CONFIG")
            if before is not None:
                os.environ["UNIBATCH_CONFIG"] = before


def _part(console: Console, title: str, *content: RenderableType) -> None:
    show_on(console, "", Text(title, style=HEADING), "", *(Padding(item, (0, 0, 0, 2)) for item in content))


def _announce(console: Console, campaigns: Mapping[str, str]) -> None:
    vendors = [registry.load(profile.removeprefix("sandbox-")).title for profile in campaigns]
    calls = "\n".join(f'read("{profile}", "{campaign_id}")' for profile, campaign_id in campaigns.items())
    intro = (
        f"{', '.join(vendors[:-1])} and {vendors[-1]} have different APIs. A sandbox on this machine simulates all "
        "three, and one function reads a campaign from each. This is that function, and how it is called:"
    )
    code = f"{inspect.getsource(read)}\n{calls}"
    shown = Syntax(code, "python", theme="ansi_dark", background_color="default", word_wrap=True)
    show_on(console, Text(intro), "", Padding(shown, (0, 0, 0, 2)))


def _side_by_side(readings: Sequence[Reading], *, whole_ids: bool) -> RenderableType:
    table = _by_vendor(readings, "")
    if whole_ids:
        longest, column = max((len(reading.campaign.id), index) for index, reading in enumerate(readings, start=1))
        table.columns[column].width = longest
    facts: dict[str, Callable[[Campaign], Any]] = {
        "name": lambda campaign: campaign.name,
        "id": lambda campaign: campaign.id,
        "status": lambda campaign: canonical(campaign.status),
        "  the vendor's word": lambda campaign: Text(f'"{campaign.vendor_status}"', style=DIM),
        "agent": lambda campaign: campaign.agent_id,
        "created (UTC)": lambda campaign: campaign.created_at and moment(campaign.created_at),
        "contacts": lambda campaign: campaign.counts.total,
        "attempted": lambda campaign: campaign.counts.attempted,
        "succeeded": lambda campaign: campaign.counts.succeeded,
        "failed": lambda campaign: campaign.counts.failed,
        "pending": lambda campaign: campaign.counts.pending,
        "cost": lambda campaign: campaign.cost,
    }
    for label, value in facts.items():
        table.add_row(label, *(_given(value(reading.campaign)) for reading in readings))
    return table


def _by_vendor(readings: Sequence[Reading], corner: str) -> Table:
    vendors = [Column(reading.vendor, overflow="fold") for reading in readings]
    return columns(Column(corner, style=DIM, no_wrap=True), *vendors)


def _given(value: Any) -> Text:
    if value is None:
        return Text("not given", style=DIM)
    if isinstance(value, int):
        return Text(f"{value:>5,}")
    return value if isinstance(value, Text) else words(value)


_EXAMPLES = (
    ("truedy", "completed", True, "one of Truedy's two words for a successful call"),
    ("truedy", "ended", True, "the other word"),
    ("techladder", "queued", False, "waits for a line; the number came without its plus"),
    ("techladder", "no_answer", True, '"company_name" came back in another spelling'),
    ("talkifai", "queued", False, "TechLadder's word, but here: tried before, and due again"),
    ("talkifai", "no_answer", False, "TechLadder's word, but not final: TalkifAI calls again"),
)
"""Contacts worth a look: the first one of a provider with this word, final or not, and why."""


def _translations(readings: Sequence[Reading]) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for reading in readings:
        parts += [*([""] if parts else []), Text(reading.vendor, style=HEADING)]
        for *wanted, lesson in _EXAMPLES:
            found = (row for row in reading.contacts if [row.provider, row.vendor_status, row.is_final] == wanted)
            if contact := next(found, None):
                parts += [
                    Text.assemble("  ", words(contact.name), (f": {lesson}", DIM)),
                    Padding(_translation(contact), (0, 0, 0, 4)),
                ]
    return parts


def _translation(contact: Contact) -> RenderableType:
    """What the vendor says of a contact, and what unibatch gives."""
    grid = Table.grid(Column(width=38, overflow="fold"), Column(overflow="fold"), padding=(0, 2, 0, 0))

    def add(key: str, value: Any, becomes: Text) -> None:
        theirs = Text.assemble((f"{words(key)}: ", DIM), f'"{words(value)}"')
        grid.add_row(theirs, Text.assemble(("→ ", DIM), becomes))

    status = Text.assemble(canonical(contact.status), ", final" if contact.is_final else ", not final")
    add(_key_of(contact.raw, contact.vendor_status), contact.vendor_status, status)
    digits = contact.phone_number.removeprefix("+")
    for key, value in contact.raw.items():
        if isinstance(value, str) and value.removeprefix("+") == digits:
            add(key, mask_phone(value), Text(mask_phone(contact.phone_number)))
    company = contact.field("company_name")
    if company is not None and "company_name" not in contact.fields:
        add(_key_of(contact.fields, company), company, Text('field("company_name")'))
    return grid


def _key_of(mapping: Mapping[str, Any], value: Any) -> str:
    return next((key for key, candidate in mapping.items() if candidate == value), "?")


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


def _proof(readings: Sequence[Reading]) -> RenderableType:
    grid = Table.grid("", Column(overflow="fold"), padding=(0, 2))
    for reading in readings:
        report = reading.report
        size = registry.load(reading.campaign.provider).capabilities.contact_paging.max_size
        text = f"{report.seen:,} contacts, {size:,} a page: {requests(report)}, "
        grid.add_row(reading.vendor, Text.assemble(text, ("complete ✓", GOOD)))
    return grid
