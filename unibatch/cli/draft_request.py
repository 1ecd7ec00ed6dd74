"""A draft: how the values of the options in `unibatch.cli.draft_options` are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, time
from typing import Any

import attrs

from unibatch import (
    CampaignDraft,
    ContactDraft,
    Finding,
    InvalidInput,
    Preflight,
    Provider,
    RedialPolicy,
    Schedule,
    Start,
)
from unibatch.cli.contact_request import ContactRequest, pairs
from unibatch.cli.errors import Problems
from unibatch.core.provider import Setting
from unibatch.core.times import read_moment, time_zone
from unibatch.providers import registry
from unibatch.workflows.preflight import preflight

_NO_START = "--start is missing: give hold, now or a time. There is no default, so that nobody is called by surprise"

_WINDOW = re.compile(r"(\d{1,2}):(\d{2})\s*[-\N{EN DASH}]\s*(\d{1,2}):(\d{2})").fullmatch
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST_DAY = 2  # letters that tell it from the others


@attrs.frozen(kw_only=True)
class DraftRequest(ContactRequest):
    """The values of `draft_options`."""

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
    yes: bool = False

    @property
    def names_people_of_the_vendor(self) -> bool:
        """A setting names people whom a vendor has already; preflight says which vendor takes it."""
        names = {setting.partition("=")[0] for setting in self.settings}
        return any(names & registry.load(name).options_with_people for name in registry.names())

    def draft(self, contacts: Sequence[ContactDraft], problems: Problems) -> CampaignDraft:
        """The draft, without the settings of a vendor; what cannot be read is noted and left out."""
        if self.name is None:
            problems.add("--name is missing: give the campaign a name", "name", "max_name_length")
        attempts = read_whole("--max-attempts", self.max_attempts, problems)
        draft = CampaignDraft(
            name=self.name if self.name is not None else "-",
            contacts=tuple(contacts),
            start=self._start(problems),
            hold_until=self._hold_until(problems),
            agent_id=self.agent,
            from_number_ids=self.from_numbers,
            description=self.description,
            schedule=self._schedule(problems),
            max_concurrency=read_whole("--max-concurrency", self.max_concurrency, problems),
            retry=None if attempts is None else RedialPolicy(max_attempts=attempts),
            metadata=pairs("--metadata", self.metadata, problems),
            idempotency_key=self.idempotency_key,
        )
        pairs("--set", self.settings, problems)  # read for each vendor, but what is no pair is noted here
        return draft

    def for_vendor(self, draft: CampaignDraft, provider: Provider, others: Sequence[Provider] = ()) -> CampaignDraft:
        """The draft with the settings of a vendor; a setting that only other targets have is not for this one."""
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
                options[name] = value if setting is None else converted(value, setting)
        return attrs.evolve(draft, vendor={provider.name: options}) if options else draft

    def parts(self, draft: CampaignDraft, provider: Provider) -> tuple[CampaignDraft, ...]:
        """The drafts to create: one, or with ``--split`` as many as the vendor needs."""
        most = provider.capabilities.limits.max_contacts
        return draft.split(most) if self.split and most is not None else (draft,)

    def judge(self, draft: CampaignDraft, provider: Provider, target: str) -> Preflight:
        """Check a draft, or with ``--split`` all its parts together."""
        findings: dict[Any, Finding] = {}
        for part in self.parts(draft, provider):
            for finding in preflight(part, target).findings:
                findings.setdefault((finding.field, finding.fit, finding.reason), finding)
        return Preflight(provider=provider.name, findings=tuple(findings.values()))

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
        if self.hold_until is not None:
            with problems.noting("--hold-until", "start", "hold_until"):
                return read_hold_until(self.hold_until)
        return None

    def _schedule(self, problems: Problems) -> Schedule | None:
        window = _window(self.window, problems)
        schedule = Schedule(
            timezone=self.timezone,
            window_start=window and window[0],
            window_end=window and window[1],
            weekdays=read_weekdays(self.days, problems),
            max_calls_per_day=read_whole("--max-calls-per-day", self.max_calls_per_day, problems),
        )
        return None if schedule == Schedule() else schedule


def read_hold_until(text: str) -> datetime:
    """The time until which a campaign is held.

    Raises:
        InvalidInput: It is no time, or not one moment.
    """
    moment, zone = read_moment(text)
    if zone is None:
        return moment
    Start.at(moment, zone).instant()  # refuses what is not one moment there
    there = time_zone(zone)
    return moment.replace(tzinfo=there) if moment.tzinfo is None else moment.astimezone(there)


def read_whole(flag: str, text: str | None, problems: Problems) -> int | None:
    """A whole number; what is none is noted and left out."""
    try:
        return None if text is None else int(text)
    except ValueError:
        problems.add(f"{flag}: {text!r} is not a whole number")
        return None


def converted(value: str, setting: Setting) -> Any:
    """The value in the form that the setting has, or as it came if that is not possible."""
    if setting.is_flag:
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    with suppress(ValueError):
        return value if setting.numbers is None else int(value)
    return value


def _window(text: str | None, problems: Problems) -> tuple[time, time] | None:
    if text is None:
        return None
    if found := _WINDOW(text.strip()):
        with suppress(ValueError):  # no such time of day
            first, first_minute, last, last_minute = map(int, found.groups())
            return time(first, first_minute), time(last, last_minute)
    problems.add(f"--window: {text!r} is not a range of times; write it like 09:00-17:00")
    return None


def read_weekdays(text: str | None, problems: Problems, flag: str = "--days") -> tuple[int, ...]:
    """Days of the week, such as ``mon-fri``; what is none is noted and left out."""
    days: set[int] = set()
    for part in text.split(",") if text is not None else ():
        first, is_range, last = part.partition("-")
        begin, end = _weekday(first), _weekday(last if is_range else first)
        if begin is None or end is None:
            what = part.strip()
            problems.add(f"{flag}: {what!r} is not a day of the week; write it like mon-fri, mon,wed,sat or 1-5")
        else:
            days.update((begin - 1 + step) % 7 + 1 for step in range((end - begin) % 7 + 1))
    return tuple(sorted(days))


def _weekday(text: str) -> int | None:
    word = text.strip().lower()
    days = (day for day, name in enumerate(_DAYS, 1) if word == str(day) or name.startswith(word))
    return next(days, None) if len(word) >= _SHORTEST_DAY or word.isdecimal() else None
