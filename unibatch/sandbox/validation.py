"""Reads a JSON object field by field and collects everything that is wrong with it; vendors write the problems down.

A problem is what the vendor refuses. A doubt is what it could object to, and what this sandbox refuses in strict mode.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import attrs

T = TypeVar("T")


@attrs.frozen
class Problem:
    """Something wrong with a request.

    Attributes:
        at: Where: keys and indexes, from the outermost inwards.
        reason: What is wrong, in a few words.
        kind: A machine-readable word: missing, type, range, choice, format or value.
    """

    at: tuple[str | int, ...]
    reason: str
    kind: str = "value"


def read_zone(text: str) -> tzinfo | None:
    """Return the IANA time zone of this name, or None if there is none."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        return None


def read_moment(text: str, zone: tzinfo = UTC) -> float | None:
    """Return the seconds since the epoch of an ISO 8601 date and time, or None if it is not one.

    Args:
        text: The date and time; without an offset it is local time in `zone`.
        zone: The time zone of a text that has no offset.
    """
    if "T" not in text.upper():
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except (OverflowError, ValueError):
        return None


_RFC_3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
_ISO_LOCAL = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"


def by_the_clock(local: datetime, zone: tzinfo) -> dict[timedelta, float]:
    """Return the moments at which the clocks of a zone show a time, by their offsets from UTC: none, one or two."""
    moments = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return {
        moment.utcoffset() or timedelta(): moment.timestamp()
        for moment in moments
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
    }


@attrs.define
class Form:
    """A JSON object under examination.

    Attributes:
        body: The object.
        at: Where the object is, put before the name of each field that is wrong.
        null_is_absent: Whether an optional field may be spelt out as null.
        takes_all: Whether the object may have fields that nobody asks for.
        problems: What the vendor refuses.
        doubts: What the vendor could object to.
    """

    body: Mapping[str, Any]
    at: tuple[str | int, ...] = ()
    null_is_absent: bool = attrs.field(default=True, kw_only=True)
    takes_all: bool = attrs.field(default=False, kw_only=True)
    problems: list[Problem] = attrs.field(factory=list, init=False)
    doubts: list[Problem] = attrs.field(factory=list, init=False)
    _asked: set[str] = attrs.field(factory=set, init=False)

    def refuse(self, name: str | int, reason: str, kind: str = "value") -> None:
        """Note that something is wrong with a field."""
        self.problems.append(Problem((*self.at, name), reason, kind))

    def doubt(self, name: str, reason: str) -> None:
        """Note that the vendor could object to a field."""
        self.doubts.append(Problem((*self.at, name), reason))

    def unknown(self) -> list[Problem]:
        """Return a doubt for each field that nobody asked for."""
        if self.takes_all:
            return []
        return [Problem((*self.at, name), "is not documented") for name in self.body if name not in self._asked]

    def each(self, name: str, rows: list[Any], **how: bool) -> Iterator[Form]:
        """Yield a form for each object in a list, and take over what is wrong with it."""
        for index, row in enumerate(rows):
            at = (*self.at, name, index)
            if not isinstance(row, dict):
                self.problems.append(Problem(at, "must be an object", "type"))
                continue
            part = Form(row, at, **how)
            yield part
            self.problems += part.problems
            self.doubts += [*part.doubts, *part.unknown()]

    def value(self, name: str, *, required: bool = False, nullable: bool = False) -> Any:
        """Return the raw value of a field; None when it is absent."""
        found = self.body.get(name)
        self._asked.add(name)
        if found is None:
            if required:
                self.refuse(name, "field required", "missing")
            elif name in self.body and not nullable:
                if self.null_is_absent:
                    self.doubt(name, "must not be null")
                else:
                    self.refuse(name, "must not be null", "type")
        return found

    def _typed(
        self, name: str, kind: type[T], what: str, *, required: bool = False, nullable: bool = False
    ) -> T | None:
        found = self.value(name, required=required, nullable=nullable)
        if type(found) is kind:
            return found
        if found is not None:
            self.refuse(name, f"must be {what}", "type")
        return None

    def text(
        self,
        name: str,
        *,
        required: bool = False,
        nullable: bool = False,
        most: int | None = None,
        pattern: str | None = None,
    ) -> str | None:
        """Return a text; a required one must not be empty."""
        found = self._typed(name, str, "a string", required=required, nullable=nullable)
        if found is None:
            return None
        if required and not found:
            self.refuse(name, "must not be empty", "range")
        elif most is not None and len(found) > most:
            self.refuse(name, f"must have at most {most} characters", "range")
        elif pattern is not None and not re.fullmatch(pattern, found):
            self.refuse(name, f"must match {pattern}", "format")
        return found

    def integer(self, name: str, *, least: int, most: int | None = None, nullable: bool = False) -> int | None:
        """Return a whole number within its range."""
        found = self._typed(name, int, "an integer", nullable=nullable)
        if found is not None and (found < least or (most is not None and found > most)):
            self.refuse(name, f"must be at least {least}" if most is None else f"must be {least} to {most}", "range")
        return found

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return a truth value."""
        found = self._typed(name, bool, "true or false")
        return default if found is None else found

    def choice(self, name: str, words: Collection[str]) -> str | None:
        """Return one word of a closed list."""
        found = self.text(name)
        if found is not None and found not in words:
            self.refuse(name, f"must be one of {', '.join(words)}", "choice")
            return None
        return found

    def zone(self, name: str) -> tzinfo:
        """Return a time zone; UTC when none is given or it is not known."""
        found = self.text(name)
        zone = UTC if found is None else read_zone(found)
        if zone is None:
            self.refuse(name, "must be an IANA time zone")
        return zone or UTC

    def moment(
        self,
        name: str,
        zone: tzinfo,
        *,
        offset: bool = False,
        least: float | None = None,
        required: bool = False,
        nullable: bool = False,
    ) -> float | None:
        """Return a date and time as seconds since the epoch.

        Args:
            name: The field.
            zone: The time zone of a text that has no offset.
            offset: Whether the documents have it with an offset from UTC only.
            least: The present, if it must not lie in the past.
            required: Whether it must be there.
            nullable: Whether it may be null.
        """
        found = self.text(name, required=required, nullable=nullable)
        if found is None:
            return None
        seconds = read_moment(found, zone)
        if seconds is None:
            self.refuse(name, "must be an ISO 8601 date and time", "format")
        elif re.fullmatch(_ISO_LOCAL, found, re.ASCII) and not offset:
            times = len(by_the_clock(datetime.fromisoformat(found), zone))
            if times != 1:
                self.doubt(name, f"{found} comes {times} times in its time zone")
        elif not re.fullmatch(_RFC_3339, found, re.ASCII):
            self.doubt(name, f"{found} is not written like 2026-03-20T09:00:00Z")
        if seconds is not None and least is not None and seconds < least:
            self.refuse(name, "must not lie in the past")
        return seconds

    def mapping(self, name: str) -> dict[str, Any]:
        """Return an object; an empty one when absent."""
        return self._typed(name, dict, "an object") or {}

    def array(self, name: str, *, least: int = 0, most: int | None = None, **how: bool) -> list[Any] | None:
        """Return a list of an allowed length."""
        found = self._typed(name, list, "a list", **how)
        if found is not None and len(found) < least:
            self.refuse(name, f"must have at least {least} item", "range")
        elif found is not None and most is not None and len(found) > most:
            self.refuse(name, f"must have at most {most} items", "range")
        return found

    def texts(self, name: str, *, least: int = 0, **how: bool) -> list[str] | None:
        """Return a list of texts."""
        found = self.array(name, least=least, **how)
        if found is not None and not all(isinstance(item, str) for item in found):
            self.refuse(name, "must hold strings only", "type")
            return None
        return found
