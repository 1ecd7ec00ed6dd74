"""What goes wrong: one line on stderr for each error, the exit code, and all problems of a command line at once.

Errors of the library name its methods and arguments; `in_options` and `command_of` make commands and options of them.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping, Sequence
from errno import ENOSPC

import attrs
import click

from unibatch import (
    CampaignStatus,
    ConfigError,
    Conflict,
    DraftRefused,
    Finding,
    IncompleteListing,
    InvalidInput,
    NotFound,
    UnibatchError,
    UnsupportedFeature,
)
from unibatch.cli.exits import FAILED, INCOMPLETE, WRONG_USE
from unibatch.cli.output import say
from unibatch.core.errors import JournalError, MigrationRefused, MigrationStopped
from unibatch.core.masking import mask_text

_CODES: tuple[tuple[tuple[type[UnibatchError], ...], int], ...] = (
    ((ConfigError, InvalidInput, UnsupportedFeature, MigrationRefused), WRONG_USE),
    ((IncompleteListing,), INCOMPLETE),
)


# The library's words --------------------------------------------------------------------------------------------------

_COMMANDS: Mapping[str, str] = {
    "list_campaigns": "campaigns",
    "get_campaign": "show",
    "list_contacts": "contacts",
    "add_contacts": "add",
    **{f"{verb}_campaign": verb for verb in ("create", "start", "pause", "resume", "reschedule", "cancel", "delete")},
}
"""The command that does what a method of the client does."""

_OF_A_CAMPAIGN = frozenset(_COMMANDS) - {"list_campaigns", "create_campaign"}

_ARGUMENTS: Mapping[str, str] = {
    "list_contacts(external_id=...)": "`unibatch contacts --external-id`",
    "--split, or CampaignDraft.split()": "--split",
    "CampaignDraft.split()": "--split",
    "read_contacts(region=...)": "--region",
    "accept_loss": "--accept-loss",
    "resume=True (--resume)": "--resume",
    "accept_incomplete=True (--accept-incomplete)": "--accept-incomplete",
    "excel (--excel)": "--excel",
    'fields="json" (--fields json)': "--fields json",
    "format= (--format)": "--format",
    "accept_risk": "--accept-risk",
    "fields_from": "--fields-from",
    "source_stopped": "--source-stopped",
    "by must be": "--by must be",
    "only and without leave": "--only and --without leave",
    "the baseline must be": "--baseline must be",
    "encoding=, --encoding": "--encoding",
    "sheet=, --sheet": "--sheet",
    'columns={"HEADER": "phone_number"} (--map HEADER=phone_number)': "--map HEADER=phone_number",
    "(columns=, --map)": "(--map)",
    "or name a region": "or give --region, such as --region GB",
    "nor a time zone; name one": "nor a time zone; add one, as in 2026-12-20T09:00[Europe/Berlin]",
}
_FLAGS: Mapping[str, str] = {
    "name": "--name",
    "contacts": "--contacts",
    "start": "--start",
    "hold_until": "--hold-until",
    "agent_id": "--agent",
    "from_number_ids": "--from-number",
    "description": "--description",
    "schedule.timezone": "--timezone",
    "schedule.window_start": "--window",
    "schedule.window_end": "--window",
    "schedule.weekdays": "--days",
    "schedule.max_calls_per_day": "--max-calls-per-day",
    "max_concurrency": "--max-concurrency",
    "retry.max_attempts": "--max-attempts",
    "metadata": "--metadata",
    "idempotency_key": "--idempotency-key",
    "max_contacts": "--contacts",
    "max_attempts": "--max-attempts",
    "max_name_length": "--name",
    "max_description_length": "--description",
}
"""The option that sets each field of a draft, or that each limit is about."""


def _finder(words: Mapping[str, str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")


_WORDS = {**_ARGUMENTS, **{method: f"`unibatch {command}`" for method, command in _COMMANDS.items()}}
_FIND_WORDS = _finder(_WORDS)
_FIELDS = {field: flag for field, flag in _FLAGS.items() if "_" in field}  # the others are words of everyday use
_FIND_FIELDS = _finder(_FIELDS)


def in_options(reason: str) -> str:
    """The reason of a finding, with options in place of a draft's fields."""
    return _FIND_FIELDS.sub(lambda found: _FIELDS[found[0]], in_commands(reason))


def in_commands(text: str) -> str:
    """A text of the library, with commands and options in place of methods and arguments."""
    return _FIND_WORDS.sub(lambda found: _WORDS[found[0]], text)


def command_of(operation: str) -> str:
    """The command that does what a method of the client does, or the method's name if there is none."""
    return _COMMANDS.get(operation, operation)


def sentence(error: UnibatchError) -> str:
    """What an error of the library says, in the words of the command line."""
    if isinstance(
        error, ConfigError | InvalidInput | UnsupportedFeature | JournalError | MigrationRefused | MigrationStopped
    ):
        return in_commands(str(error))
    if (
        isinstance(error, NotFound)
        and error.page is None
        and error.subject is not None
        and error.operation in _OF_A_CAMPAIGN
    ):
        return f"{error.provider} has no campaign {error.subject!r} in this account; `unibatch campaigns` lists them"
    if isinstance(error, Conflict) and error.http_status is None and error.present is not None and error.allowed:
        command = command_of(error.operation)
        allowed = _either([status for status in CampaignStatus if status in error.allowed])
        return f"the campaign is {error.present}; {command} is possible only while it is {allowed}; nothing was sent"
    operation = getattr(error, "operation", "")  # a vendor's own words may follow, which stay as they are
    return str(error).replace(f" {operation}", f" {command_of(operation)}", 1)


def _either(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


# The end of a command -------------------------------------------------------------------------------------------------


def report(error: Exception) -> int:
    """Write an error to stderr in one line, and its notes, a line each; return the exit code."""
    code = _report(error)
    for note in getattr(error, "__notes__", ()):
        say(note)
    return code


def _report(error: Exception) -> int:
    if isinstance(error, UnibatchError):
        say(f"unibatch: {sentence(error)}")
        if isinstance(error, IncompleteListing) and error.consequence is not None:
            return FAILED  # the listing was only read to do something else
        return next((code for kinds, code in _CODES if isinstance(error, kinds)), FAILED)
    if isinstance(error, OSError):
        say(f"unibatch: {mask_text(_failure(error))}")
        return FAILED
    where = traceback.extract_tb(error.__traceback__)[-1]
    # Not the message: that of an unforeseen error may hold anything, a key or a person's data included.
    say(
        f"unibatch: this is a bug, please report it: {type(error).__name__} at {where.filename}:{where.lineno} "
        "(UNIBATCH_DEBUG=1 shows the rest)"
    )
    return FAILED


def _failure(error: OSError) -> str:
    what = "the disk is full; make room, then run the same command again" if error.errno == ENOSPC else error.strerror
    where = "" if error.filename is None else f"{error.filename}: "
    return f"{where}{what}" if what else str(error)


# Problems of a command line -------------------------------------------------------------------------------------------


@attrs.define
class Problems:
    """All that is wrong with what a command was given, so that it can be printed together.

    Attributes:
        lines: What is wrong.
        unread: Fields of the draft that could not be read, so that findings about them mean nothing.
    """

    lines: list[str] = attrs.field(factory=list)
    unread: set[str] = attrs.field(factory=set)

    def add(self, line: str, *unread: str) -> None:
        """Add a problem, unless it is known already, and the fields that cannot be judged because of it."""
        if line not in self.lines:
            self.lines.append(line)
        self.unread.update(unread)

    def noting(self, what: str = "", *unread: str) -> _Noting:
        """Within the ``with`` statement, an error becomes a problem, and the work continues after it."""
        return _Noting(self, what, unread)

    def judge(self, findings: Sequence[Finding]) -> None:
        """Add the findings that block a draft."""
        for finding in findings:
            if finding.field not in self.unread:
                self.add(_blocking(finding))

    def require_none(self) -> None:
        """End the command if there are problems: print all of them, a line each."""
        if self.lines:
            for line in self.lines:
                say(f"unibatch: {line}")
            say("Nothing was sent")
            raise click.exceptions.Exit(WRONG_USE)


@attrs.frozen
class _Noting:
    problems: Problems
    what: str
    unread: tuple[str, ...]

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, DraftRefused):
            self.problems.judge(error.findings)
        elif isinstance(error, UnibatchError):
            self.problems.add(f"{self.what}: {sentence(error)}" if self.what else sentence(error), *self.unread)
        return isinstance(error, UnibatchError)


def _blocking(finding: Finding) -> str:
    """What blocks the draft, and which option is about it."""
    flag = _FLAGS.get(finding.field)
    if flag is None and finding.field.startswith("contacts."):
        flag = "--contacts"
    if flag is None and finding.field.startswith("vendor."):
        flag = f"--set {finding.field.rpartition('.')[2]}=..."
    remedy = f"; to accept the loss: --accept-loss {finding.field}" if finding.acceptable else ""
    return f"{finding.field}{f' ({flag})' if flag else ''}: {in_options(finding.reason)}{remedy}"
