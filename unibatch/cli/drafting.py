"""What a person asks for on the command line, read into drafts; all that is wrong with it is collected first."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import IO, Any, TypeVar

import attrs
import click

from unibatch.cli.failures import say
from unibatch.cli.problems import Problems
from unibatch.core.draft import CampaignDraft, ContactDraft, Start
from unibatch.core.errors import InvalidInput
from unibatch.core.masking import mask_text
from unibatch.core.model import RedialPolicy, Schedule
from unibatch.core.provider import Provider, Setting
from unibatch.core.times import read_moment, time_zone
from unibatch.workflows.contacts import LINE_COLUMN, ContactList, read_contacts

F = TypeVar("F", bound=Callable[..., Any])

STDIN = "-"

_MOST_ROWS = 20
"""Of how many rows it is told what is wrong with them."""

_NO_START = "--start is missing: say hold, now or a time; there is no default, so that nobody is called by surprise"

_WINDOW = re.compile(r"(\d{1,2}):(\d{2})\s*[-\N{EN DASH}]\s*(\d{1,2}):(\d{2})").fullmatch
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST_DAY = 2  # letters that tell it from the others


# Contacts -------------------------------------------------------------------------------------------------------------

_CONTACT_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--contacts",
        metavar="FILE",
        help="Whom to call: a CSV file of any kind, or JSON Lines; - for stdin. Required.",
    ),
    click.option("--region", metavar="CODE", help="The country of numbers in national form, such as US or DE."),
    click.option(
        "--map",
        "columns",
        multiple=True,
        metavar="HEADER=FIELD",
        help="Where a column goes: phone_number, name, first_name, last_name, email, external_id, another name for "
        "custom data, or - to leave it out. Others are guessed. May be given several times.",
    ),
    click.option("--skip-invalid", is_flag=True, help="Go on without the rows that are no contacts."),
    click.option(
        "--rejected",
        metavar="FILE",
        help="Write the rows that are no contacts to this CSV file, with the reasons, to be corrected.",
    ),
)

_ACCEPT_LOSS: Callable[[Any], Any] = click.option(
    "--accept-loss",
    multiple=True,
    metavar="FIELD",
    help="Go on although this vendor cannot do this, as `unibatch preflight` names it. May be given several times.",
)


def contact_options(command: F) -> F:
    """Add the options that say who is to be called."""
    for option in (_ACCEPT_LOSS, *reversed(_CONTACT_OPTIONS)):
        command = option(command)
    return command


@attrs.frozen(kw_only=True)
class ContactRequest:
    """What was asked for with `contact_options`."""

    contacts: str | None
    region: str | None
    columns: tuple[str, ...]
    skip_invalid: bool
    rejected: str | None
    accept_loss: tuple[str, ...]

    @property
    def from_stdin(self) -> bool:
        """The contacts come from where the answer to a question would come from, too."""
        return self.contacts == STDIN

    def read(self, problems: Problems) -> tuple[ContactDraft, ...]:
        """Read the contacts, tell on stderr what was read, and note all that is wrong."""
        columns = self._columns(problems)
        if self.contacts is None:
            problems.add("--contacts is missing: name a CSV or JSON Lines file, or - for stdin", "contacts")
            return ()
        if self.rejected is not None and not self.from_stdin and _same(self.rejected, self.contacts):
            problems.add(f"--rejected: {self.rejected} is the file of the contacts, and would be overwritten")
            return self._read(self.contacts, columns, None, problems)
        if self.rejected is not None and not _may_be_replaced(Path(self.rejected)):
            problems.add(f"--rejected: {self.rejected} is there, and is no file of rejected rows; name another one")
            return self._read(self.contacts, columns, None, problems)
        return self._read(self.contacts, columns, self.rejected, problems)

    def _read(
        self, source: str, columns: Mapping[str, str], rejected: str | None, problems: Problems
    ) -> tuple[ContactDraft, ...]:
        found: ContactList | None = None
        stream: str | IO[bytes] = sys.stdin.buffer if self.from_stdin else source
        with problems.noting("--contacts", "contacts"):
            found = read_contacts(stream, region=self.region, columns=columns)
        if found is None:
            return ()
        label = "stdin" if self.from_stdin else Path(source).name
        say(f"{label}: {_number(found.contacts, 'contact')}{_columns_of(found)}")
        _tell(
            [f"{label} line {row.line}: the same number as in line {row.first_line}" for row in found.repeated],
            say,
            "",
        )
        if rejected is not None:
            with problems.noting("--rejected"):
                found.write_rejected(rejected)
                say(f"{rejected}: {_number(found.rejected, 'rejected row')}")
        wrong = [f"{label} line {row.line}: {row.reason}" for row in found.rejected]
        more = "" if rejected is not None else "; --rejected FILE writes all of them"
        if self.skip_invalid:
            _tell([f"{line}; left out" for line in wrong], say, more)
        elif wrong:
            _tell(wrong, problems.add, more)
            if not found.contacts:
                problems.unread.add("contacts")
        return found.contacts

    def _columns(self, problems: Problems) -> Mapping[str, str]:
        columns: dict[str, str] = {}
        for text in self.columns:
            header, is_pair, field = text.rpartition("=")
            if not is_pair or not header.strip():
                problems.add(f"--map: {text!r} is not HEADER=FIELD")
            elif header in columns:
                problems.add(f"--map: {header!r} is given twice")
            else:
                columns[header] = field
        return columns


def _same(one: str, other: str) -> bool:
    try:
        return Path(one).resolve() == Path(other).resolve()
    except (OSError, RuntimeError, ValueError):  # no possible path
        return False


def _may_be_replaced(path: Path) -> bool:
    """Whether nothing is lost with a file: it is not there, or an earlier run wrote it, or it cannot be read anyway."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return file.read(len(LINE_COLUMN)) in {LINE_COLUMN, ""}
    except (OSError, ValueError):
        return True  # what is wrong with it is told when it is written


def _number(items: Sequence[Any], what: str) -> str:
    return f"{len(items):,} {what}{'' if len(items) == 1 else 's'}"


def _columns_of(found: ContactList) -> str:
    shown = (f"{header} {'left out' if to == '-' else f'-> {to}'}" for header, to in found.columns.items())
    told = mask_text(", ".join(shown))
    return f"; columns: {told}" if told else ""


def _tell(lines: Sequence[str], tell: Callable[[str], None], more: str) -> None:
    for line in lines[:_MOST_ROWS]:
        tell(line)
    if len(lines) > _MOST_ROWS:
        tell(f"and {len(lines) - _MOST_ROWS:,} more{more}")


# Drafts ---------------------------------------------------------------------------------------------------------------

_DRAFT_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--name", metavar="TEXT", help="The campaign's name. Required."),
    click.option(
        "--start",
        metavar="hold|now|TIME",
        help="When to begin: hold calls nobody before `unibatch start`; now; or a time, such as "
        "2026-03-20T09:00[Europe/Berlin] or 2026-03-20T09:00+01:00. Required, since vendors differ in what they do if "
        "nothing is said, and nobody must be called by surprise.",
    ),
    click.option(
        "--hold-until",
        metavar="TIME",
        help="With --start hold at a vendor that cannot hold without a time: when it begins by itself, unless it is "
        "started or cancelled before.",
    ),
    click.option("--timezone", metavar="ZONE", help="The zone of --window, --days and times without one."),
    click.option("--window", metavar="09:00-17:00", help="The time of day at which people are called."),
    click.option("--days", metavar="DAYS", help="The days on which people are called: mon-fri, mon,wed,sat or 1-5."),
    click.option("--max-calls-per-day", metavar="N", help="The most calls on one day."),
    click.option("--max-concurrency", metavar="N", help="The most calls at the same time."),
    click.option("--max-attempts", metavar="N", help="How often each person is dialled at most."),
    click.option("--description", metavar="TEXT", help="A description."),
    click.option(
        "--metadata", multiple=True, metavar="KEY=VALUE", help="Data about the campaign. May be given several times."
    ),
    click.option("--agent", metavar="ID", help="The agent that talks; left out: that of the profile."),
    click.option(
        "--from-number",
        "from_numbers",
        multiple=True,
        metavar="ID",
        help="The vendor's id of a number to call from. May be given several times.",
    ),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="What only this vendor has; see `unibatch providers`. May be given several times.",
    ),
    click.option(
        "--idempotency-key",
        metavar="KEY",
        help="Makes the campaign one of its own. Without it, the very same command gives the very same campaign, "
        "however often it is run.",
    ),
    click.option(
        "--split", is_flag=True, help="Make several campaigns where there are more contacts than the vendor takes."
    ),
)


def draft_options(command: F) -> F:
    """Add the options that make up a draft."""
    for option in (_ACCEPT_LOSS, *reversed(_DRAFT_OPTIONS), *reversed(_CONTACT_OPTIONS)):
        command = option(command)
    return command


@attrs.frozen(kw_only=True)
class DraftRequest(ContactRequest):
    """What was asked for with `draft_options`."""

    name: str | None
    start: str | None
    hold_until: str | None
    timezone: str | None
    window: str | None
    days: str | None
    max_calls_per_day: str | None
    max_concurrency: str | None
    max_attempts: str | None
    description: str | None
    metadata: tuple[str, ...]
    agent: str | None
    from_numbers: tuple[str, ...]
    settings: tuple[str, ...]
    idempotency_key: str | None
    split: bool

    def draft(self, contacts: Sequence[ContactDraft], problems: Problems) -> CampaignDraft:
        """The draft, without what only one vendor has; what cannot be read is noted, and left out."""
        if self.name is None:
            problems.add("--name is missing: give the campaign a name", "name", "max_name_length")
        attempts = _whole("--max-attempts", self.max_attempts, problems)
        return CampaignDraft(
            name=self.name if self.name is not None else "-",
            contacts=tuple(contacts),
            start=self._start(problems),
            hold_until=self._hold_until(problems),
            agent_id=self.agent,
            from_number_ids=self.from_numbers,
            description=self.description,
            schedule=self._schedule(problems),
            max_concurrency=_whole("--max-concurrency", self.max_concurrency, problems),
            retry=None if attempts is None else RedialPolicy(max_attempts=attempts),
            metadata=_pairs("--metadata", self.metadata, problems),
            idempotency_key=self.idempotency_key,
        )

    def for_vendor(self, draft: CampaignDraft, provider: Provider, others: Sequence[Provider] = ()) -> CampaignDraft:
        """The draft with what only this vendor has.

        Args:
            draft: The draft.
            provider: The vendor.
            others: Further vendors that are asked at the same time; what one of them has and this one has not is not
                meant for this one.
        """
        elsewhere = {name for other in others for name in other.draft_options} - provider.draft_options.keys()
        options: dict[str, Any] = {}
        for text in self.settings:
            name, is_pair, value = text.partition("=")
            if not is_pair or name in elsewhere:
                continue
            setting = provider.draft_options.get(name)
            if setting is not None and setting.is_list:
                options[name] = [*options.get(name, []), value]
            else:
                options[name] = value if setting is None else _converted(value, setting)
        return attrs.evolve(draft, vendor={provider.name: options}) if options else draft

    def parts(self, draft: CampaignDraft, provider: Provider) -> tuple[CampaignDraft, ...]:
        """The drafts to be placed: one, or with ``--split`` as many as the vendor needs."""
        most = provider.capabilities.limits.max_contacts
        return draft.split(most) if self.split and most is not None else (draft,)

    def check_settings(self, problems: Problems) -> None:
        """Note what is wrong with the form of ``--set``."""
        _pairs("--set", self.settings, problems, repeatable=True)

    def _start(self, problems: Problems) -> Start:
        if self.start is None:
            problems.add(_NO_START, "start", "hold_until")
        else:
            try:
                return Start.parse(self.start)
            except InvalidInput as exc:
                problems.add(f"--{exc}", "start", "hold_until")
        return Start.HOLD

    def _hold_until(self, problems: Problems) -> datetime | None:
        if self.hold_until is None:
            return None
        with problems.noting("--hold-until", "start", "hold_until"):
            moment, zone = read_moment(self.hold_until)
            if zone is None:
                return moment
            Start.at(moment, zone).instant()  # refuses what is not one moment there
            there = time_zone(zone)
            return moment.replace(tzinfo=there) if moment.tzinfo is None else moment.astimezone(there)
        return None

    def _schedule(self, problems: Problems) -> Schedule | None:
        window = _window(self.window, problems)
        schedule = Schedule(
            timezone=self.timezone,
            window_start=window and window[0],
            window_end=window and window[1],
            weekdays=_weekdays(self.days, problems),
            max_calls_per_day=_whole("--max-calls-per-day", self.max_calls_per_day, problems),
        )
        return None if schedule == Schedule() else schedule


def read_start(text: str | None, problems: Problems) -> Start | None:
    """Read the ``--start`` of a campaign that is there already."""
    if text is None:
        problems.add("--start is missing: say when to begin, such as 2026-03-20T09:00[Europe/Berlin]")
        return None
    try:
        return Start.at(*read_moment(text))
    except InvalidInput as exc:
        problems.add(f"--start: {exc}")
        return None


def _whole(flag: str, text: str | None, problems: Problems) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        problems.add(f"{flag}: {text!r} is not a whole number")
        return None


def _pairs(flag: str, texts: Sequence[str], problems: Problems, *, repeatable: bool = False) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        key, is_pair, value = text.partition("=")
        if not is_pair or not key.strip():
            problems.add(f"{flag}: {text!r} is not KEY=VALUE")
        elif key in pairs and not repeatable:
            problems.add(f"{flag}: {key!r} is given twice")
        else:
            pairs[key] = value
    return pairs


def _converted(value: str, setting: Setting) -> Any:
    """The value in the form that the setting asks for, or as it came if that is not possible."""
    if setting.is_flag:
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    if setting.numbers is not None:
        try:
            return int(value)
        except ValueError:
            return value
    return value


def _window(text: str | None, problems: Problems) -> tuple[time, time] | None:
    if text is None:
        return None
    if found := _WINDOW(text.strip()):
        try:
            first, first_minute, last, last_minute = map(int, found.groups())
            return time(first, first_minute), time(last, last_minute)
        except ValueError:  # no such time of day
            pass
    problems.add(f"--window: {text!r} is not a time of day; write it like 09:00-17:00")
    return None


def _weekdays(text: str | None, problems: Problems) -> tuple[int, ...]:
    if text is None:
        return ()
    days: set[int] = set()
    for part in text.split(","):
        first, is_range, last = part.partition("-")
        begin, end = _weekday(first), _weekday(last if is_range else first)
        if begin is None or end is None:
            problems.add(f"--days: {part.strip()!r} is no day of the week; write it like mon-fri, mon,wed,sat or 1-5")
            continue
        days.update((begin - 1 + step) % 7 + 1 for step in range((end - begin) % 7 + 1))
    return tuple(sorted(days))


def _weekday(text: str) -> int | None:
    word = text.strip().lower()
    if word in {"1", "2", "3", "4", "5", "6", "7"}:
        return int(word)
    if len(word) < _SHORTEST_DAY:
        return None
    return next((number for number, day in enumerate(_DAYS, 1) if day.startswith(word)), None)
