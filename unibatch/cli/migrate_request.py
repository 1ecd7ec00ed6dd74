"""A plan: how the values of the options in `unibatch.cli.migrate_options` are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any

import attrs

from unibatch import CallStatus, Provider, Start, read_contacts
from unibatch.cli.contact_request import pairs
from unibatch.cli.draft_request import converted, read_hold_until, read_weekdays, read_whole
from unibatch.cli.errors import Problems
from unibatch.workflows.migrate.convert import CHANGEABLE
from unibatch.workflows.migrate.decide import Choice
from unibatch.workflows.migrate.join import PlacedFile, read_placed_file


@attrs.frozen(kw_only=True)
class PlanRequest:
    """The values of `plan_options`."""

    to_start: str
    hold_until: str | None
    changes: tuple[str, ...]
    only: tuple[CallStatus, ...]
    also: tuple[CallStatus, ...]
    without: tuple[CallStatus, ...]
    accept_risk: tuple[CallStatus, ...]
    max_attempts: str | None
    skip_file: str | None
    fields_from: str | None
    columns: tuple[str, ...]
    encoding: str | None
    region: str | None

    def read(self, target: Provider | None, problems: Problems) -> dict[str, Any]:
        """The arguments of ``plan_migration``; what is wrong is noted and left out."""
        found: dict[str, Any] = {"region": self.region, "changes": self._changes(target, problems)}
        with problems.noting("--to-start"):
            found["start"] = Start.parse(self.to_start)
        found["hold_until"] = self._hold_until(problems)
        found["max_attempts"] = read_whole("--max-attempts", self.max_attempts, problems)
        choice = {name: getattr(self, name) for name in ("only", "also", "without", "accept_risk")}
        with problems.noting():
            Choice(**choice, max_attempts=found["max_attempts"])
        if self.skip_file is not None:
            with problems.noting("--skip-file"):
                read_contacts((), region=self.region, skip=self.skip_file)
            found["skip"] = self.skip_file
        found["fields_from"] = self._placed(problems)
        return {**found, **choice}

    def _hold_until(self, problems: Problems) -> datetime | None:
        if self.hold_until is not None:
            with problems.noting("--hold-until"):
                return read_hold_until(self.hold_until)
        return None

    def _placed(self, problems: Problems) -> PlacedFile | None:
        columns = pairs("--column", self.columns, problems, "HEADER=FIELD", str.rpartition)
        if self.fields_from is not None:
            with problems.noting("--fields-from"):
                return read_placed_file(self.fields_from, region=self.region, columns=columns, encoding=self.encoding)
        elif columns or self.encoding is not None:
            problems.add("--column and --encoding are for the file of --fields-from, which is missing")
        return None

    def _changes(self, target: Provider | None, problems: Problems) -> Mapping[str, Any]:
        changes: dict[str, Any] = {}
        for name, text in pairs("--map", self.changes, problems, "FIELD=VALUE").items():
            option = name.removeprefix("vendor.")
            setting = None if target is None else target.draft_options.get(option)
            if name in CHANGEABLE:
                changes[name] = _value(name, text, problems) if text else None
            elif setting is not None:
                value: Any = text.split(",") if setting.is_list else converted(text, setting)
                changes[f"vendor.{option}"] = value if text else None
            elif target is not None:
                options = f", {', '.join(target.draft_options)}" if target.draft_options else ""
                problems.add(f"--map: {name!r} cannot be set; what can be is {', '.join(CHANGEABLE)}{options}")
        return changes


def _value(name: str, text: str, problems: Problems) -> Any:
    """The value of a field of a draft, as people write it."""
    flag = f"--map {name}"
    read = _READERS.get(name)
    return text if read is None else read(text, problems, flag)


def _time(text: str, problems: Problems, flag: str) -> time | None:
    try:
        return time.fromisoformat(text.strip())
    except ValueError:
        problems.add(f"{flag}: {text!r} is no time of day; write it like 09:00")
        return None


def _statuses(text: str, problems: Problems, flag: str) -> list[CallStatus]:
    try:
        return [CallStatus(word.strip().lower()) for word in text.split(",")]
    except ValueError:
        problems.add(f"{flag}: {text!r} holds what is no status; these are: {', '.join(CallStatus)}")
        return []


_READERS: Mapping[str, Callable[[str, Problems, str], Any]] = {
    "from_number_ids": lambda text, _problems, _flag: [part.strip() for part in text.split(",")],
    "max_concurrency": lambda text, problems, flag: read_whole(flag, text, problems),
    "schedule.max_calls_per_day": lambda text, problems, flag: read_whole(flag, text, problems),
    "schedule.window_start": _time,
    "schedule.window_end": _time,
    "schedule.weekdays": read_weekdays,
    "retry.retry_on": _statuses,
}
"""How the texts of fields are read that are more than a text."""
