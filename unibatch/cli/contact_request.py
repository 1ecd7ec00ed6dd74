"""Whom to call: how the values of the options in `unibatch.cli.contact_options` are read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from unibatch import ContactDraft
from unibatch.cli.errors import Problems, in_commands
from unibatch.cli.output import say
from unibatch.core.masking import mask_text
from unibatch.workflows.contacts import LINE_COLUMN, ContactList, read_contacts

_MOST_ROWS = 20  # so many rows are named of those that are wrong


@attrs.frozen(kw_only=True)
class ContactRequest:
    """The values of `contact_options`."""

    contacts: str | None
    region: str | None
    columns: tuple[str, ...]
    encoding: str | None
    sheet: str | None
    skip_file: str | None
    skip_invalid: bool
    rejected: str | None
    accept_loss: tuple[str, ...]

    @property
    def from_stdin(self) -> bool:
        """The contacts come from stdin, from which an answer would come too."""
        return self.contacts == "-"

    @property
    def names_people_of_the_vendor(self) -> bool:
        """Another option says whom to call."""
        return False

    def read(self, problems: Problems) -> tuple[ContactDraft, ...]:
        """Read the contacts, print on stderr what was read, and note all that is wrong."""
        columns = pairs("--map", self.columns, problems, "HEADER=FIELD", str.rpartition)
        if self.contacts is None:
            if not self.names_people_of_the_vendor:
                problems.add("--contacts is missing: name a CSV, XLSX or JSON Lines file, or - for stdin", "contacts")
            return ()
        rejected = self._rejected(self.contacts, problems)
        found: ContactList | None = None
        if self.skip_file is not None:
            with problems.noting("--skip-file", "contacts"):
                found = read_contacts((), region=self.region, skip=self.skip_file)
            if found is None:
                return ()
            found = None
        with problems.noting("--contacts", "contacts"):
            source = sys.stdin.buffer if self.from_stdin else self.contacts
            found = read_contacts(
                source,
                region=self.region,
                columns=columns,
                encoding=self.encoding,
                sheet=self.sheet,
                skip=() if self.skip_file is None else self.skip_file,
            )
        if found is None:
            return ()
        label = "stdin" if self.from_stdin else Path(self.contacts).name
        say(f"{label}: {_number(found.contacts, 'contact')}{_skipped(found)}{_columns_of(found)}")
        if found.encoding_guessed:
            say(f"{label}: the encoding is a guess, {found.encoding}; if names look wrong, state it with --encoding")
        _print([f"{label} line {row.line}: {row.reason}; left out" for row in found.skipped], say, "")
        repeated = [f"{label} line {row.line}: the same number as in line {row.first_line}" for row in found.repeated]
        _print(repeated, say, "")
        if rejected is not None:
            with problems.noting("--rejected"):
                found.write_rejected(rejected)
                say(f"{rejected}: {_number(found.rejected, 'rejected row')}")
        wrong = [f"{label} line {row.line}: {in_commands(row.reason)}" for row in found.rejected]
        more = "" if rejected is not None else "; --rejected FILE writes them all"
        if self.skip_invalid:
            _print([f"{line}; left out" for line in wrong], say, more)
        elif wrong:
            _print(wrong, problems.add, more)
            if not found.contacts:
                problems.unread.add("contacts")
        return found.contacts

    def _rejected(self, contacts: str, problems: Problems) -> str | None:
        """The file of ``--rejected``, if nothing is lost when it is written."""
        if self.rejected is None:
            return None
        if not self.from_stdin and _same(self.rejected, contacts):
            problems.add(f"--rejected: {self.rejected} is the file of the contacts; name another file")
        elif not _may_be_replaced(Path(self.rejected)):
            problems.add(f"--rejected: {self.rejected} exists and does not hold rejected rows; name another file")
        else:
            return self.rejected
        return None


def pairs(
    flag: str,
    texts: Sequence[str],
    problems: Problems,
    form: str = "KEY=VALUE",
    divide: Callable[[str, str], tuple[str, str, str]] = str.partition,
) -> dict[str, str]:
    """Read the values of a repeatable option; what is no pair, or is given twice, is noted and left out."""
    found: dict[str, str] = {}
    for text in texts:
        key, is_pair, value = divide(text, "=")
        if not is_pair or not key.strip():
            problems.add(f"{flag}: {text!r} is not {form}")
        elif key in found and flag != "--set":  # a setting may be a list
            problems.add(f"{flag}: {key!r} is given twice")
        else:
            found[key] = value
    return found


def _same(one: str, other: str) -> bool:
    try:
        return Path(one).resolve() == Path(other).resolve()
    except (OSError, RuntimeError, ValueError):  # no possible path
        return False


def _may_be_replaced(path: Path) -> bool:
    """Whether nothing is lost: there is no such file, or an earlier run wrote it, or it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return file.read(len(LINE_COLUMN)) in {LINE_COLUMN, ""}
    except (OSError, ValueError):
        return True  # the error comes when it is written


def _number(items: Sequence[object], what: str) -> str:
    return f"{len(items):,} {what}{'' if len(items) == 1 else 's'}"


def _skipped(found: ContactList) -> str:
    return f", {len(found.skipped):,} who must not be called left out" if found.skipped else ""


def _columns_of(found: ContactList) -> str:
    shown = (f"{header} {'left out' if to == '-' else f'-> {to}'}" for header, to in found.columns.items())
    columns = mask_text(", ".join(shown))
    return f"; columns: {columns}" if columns else ""


def _print(lines: Sequence[str], write: Callable[[str], None], more: str) -> None:
    for line in lines[:_MOST_ROWS]:
        write(line)
    if len(lines) > _MOST_ROWS:
        write(f"and {len(lines) - _MOST_ROWS:,} more{more}")
