"""The journal of a migration: one SQLite file that survives a power cut at any instant.

What is in it, schema version 1 (``PRAGMA user_version``; ``PRAGMA application_id`` is 0x756E6962, "unib"):

``facts``
    One JSON value a name: the migration's id, both sides, the plan, how far it is, what was done to the source.
``contacts``
    One row a contact of the source, by the vendor's id: where it is in the listing, its number, what was read of it
    when planned, right before the source was stopped, and last (JSON), the decision and its reason, the `ContactDraft`
    that is placed (JSON), in which part, and what became of it.
``joined``
    By subscriber: what a file adds to the contact (JSON).
``never``
    The subscribers who must never be called, and why.
``parts``
    One row a campaign of the target: the `CampaignDraft` without its contacts (JSON), how far it is, when the request
    that creates it was sent, its id.
``events``
    Every write, in order: when, and what.

It holds personal data, so nobody but its owner can read it (mode 600). Write-ahead logging with ``synchronous=FULL``:
what `Journal.write` has written is on the disk when it returns. While one process writes, a lock file beside it keeps
others out; a process that is killed leaves nothing locked. Who only reads needs no lock.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from unibatch.core.errors import JournalError

APPLICATION_ID = 0x756E6962
VERSION = 1

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE contacts (
    source_id TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    number TEXT NOT NULL,
    planned TEXT,
    before_stop TEXT,
    latest TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    moves INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    draft TEXT,
    part INTEGER,
    outcome TEXT NOT NULL DEFAULT 'open',
    failure TEXT,
    target_contact TEXT
) WITHOUT ROWID;
CREATE INDEX contacts_of_part ON contacts (part, position);
CREATE TABLE joined (subscriber TEXT PRIMARY KEY, draft TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE never (subscriber TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE parts (
    number INTEGER PRIMARY KEY,
    draft TEXT NOT NULL,
    contacts INTEGER NOT NULL,
    step TEXT NOT NULL,
    frozen_at TEXT NOT NULL,
    sent_at TEXT,
    campaign_id TEXT
);
CREATE TABLE events (number INTEGER PRIMARY KEY, at TEXT NOT NULL, what TEXT NOT NULL);
"""

_PRIVATE = 0o600

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM})

_LOCAL = "keep the journal on a disk of this machine"

_REMEDIES: Mapping[str, str] = {
    "SQLITE_FULL": "the disk is full; make room, then run the same command again",
    "SQLITE_IOERR": f"the disk could not be read or written; {_LOCAL} that works, then run the same command again",
    "SQLITE_READONLY": "the file or its folder cannot be written; allow it, or copy the journal where it can be",
    "SQLITE_PERM": "the file cannot be opened; its owner has to run this",
    "SQLITE_CANTOPEN": "the file or its folder cannot be opened or written",
    "SQLITE_CORRUPT": "the file is damaged; restore it from a copy. Do not start again without it: look in both "
    "vendors' dashboards first",
    "SQLITE_NOTADB": "the file is damaged, or is no journal; check its name, or restore it from a copy",
    "SQLITE_BUSY": "another process uses it; wait until that one is done",
    "SQLITE_LOCKED": "another process uses it; wait until that one is done",
    "SQLITE_PROTOCOL": f"its file system has no locks; {_LOCAL}",
    "SQLITE_NOLFS": f"its file system does not take it; {_LOCAL}",
}
"""What to do about an error of SQLite, by the beginning of its name."""


class Journal:
    """An open journal. Made by `create` and `open`; close it, or use it in a ``with`` statement."""

    def __init__(self, path: Path, database: sqlite3.Connection, lock: FileLock | None) -> None:
        self.path = path
        self._database = database
        self._lock = lock

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> Journal:
        """Open a journal to write a plan to it, and make it if it is not there.

        Raises:
            JournalError: It is no journal, or cannot be used.
        """
        place = Path(path)
        lock = _locked(place)
        try:
            with _translated(place):
                # Nobody else can read it before anything is in it; what SQLite puts beside it gets the same mode.
                os.close(os.open(place, os.O_CREAT | os.O_RDWR, _PRIVATE))
            return cls(place, _opened(place, is_new=True), lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, to_write: bool) -> Journal:
        """Open a journal that is there.

        Args:
            path: Where it is.
            to_write: Keep all other processes out that want to write; otherwise it can only be read.

        Raises:
            JournalError: There is none, it is damaged or of a newer version, cannot be used, or another process has it.
        """
        place = Path(path)
        if not place.is_file():
            raise JournalError(f"{place}: there is no journal; unibatch migrate plan makes one")
        lock = _locked(place) if to_write else None
        try:
            journal = cls(place, _opened(place, is_new=False), lock)
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        fault = None
        if journal.fact("id") is None:
            fault = "there is no plan in it; run the plan again"
        elif journal.fact("kind") is not None:
            fault = "this is the journal of `unibatch create`, not of a migration"
        if fault is not None:
            journal.close()
            raise JournalError(f"{place}: {fault}")
        return journal

    def close(self) -> None:
        """Close it, and let other processes write."""
        with suppress(sqlite3.Error):
            self._database.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Reading

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """The rows of a query."""
        with _translated(self.path):
            return self._database.execute(query, values).fetchall()

    def fact(self, name: str) -> Any:
        """A fact, or ``None``."""
        found = self.rows("SELECT value FROM facts WHERE name = ?", name)
        return json.loads(found[0]["value"]) if found else None

    @property
    def is_in_use(self) -> bool:
        """Another process, or another open journal of this one, is writing to it."""
        if self._lock is not None or not _lock_file(self.path).exists():
            return False
        try:
            _locked(self.path).release()
        except JournalError as exc:
            return isinstance(exc.__cause__, Timeout)
        return False

    @property
    def updated_at(self) -> datetime | None:
        """When it was written last."""
        found = self.rows("SELECT at FROM events ORDER BY number DESC LIMIT 1")
        return datetime.fromisoformat(found[0]["at"]) if found else None

    # Writing

    @contextmanager
    def write(self, what: str, **facts: Any) -> Iterator[sqlite3.Connection]:
        """Write in one transaction: all of it is on the disk afterwards, or none of it.

        Args:
            what: What is written, for the list of events; no personal data.
            facts: Facts to set.
        """
        with _translated(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                for name, value in facts.items():
                    self.set(self._database, name, value)
                moment = datetime.now(UTC).isoformat(timespec="milliseconds")
                self._database.execute("INSERT INTO events (at, what) VALUES (?, ?)", (moment, what))
                self._commit()
            except BaseException:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise

    def note(self, what: str, **facts: Any) -> None:
        """Write facts, and nothing else."""
        with self.write(what, **facts):
            pass

    def set(self, database: sqlite3.Connection, name: str, value: Any) -> None:
        """Set a fact, within a transaction."""
        database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def clear(self, database: sqlite3.Connection) -> None:
        """Take everything out, within a transaction."""
        for table in ("facts", "contacts", "joined", "never", "parts"):
            database.execute(f"DELETE FROM {table}")  # noqa: S608 - one of the names in the line above

    def discard_if_empty(self) -> None:
        """Close it, and remove its file if there is no plan in it."""
        with suppress(JournalError):
            if self.fact("id") is None:
                self._database.close()
                for suffix in ("-wal", "-shm", ""):
                    Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def _commit(self) -> None:
        self._database.execute("COMMIT")


def require_journal(path: Path) -> None:
    """Require a file that is a journal, maybe a damaged one, or empty.

    Raises:
        JournalError: There is none, or it is something else.
    """
    if not path.is_file():
        raise JournalError(f"{path}: there is no journal")
    with _translated(path):
        is_ours = _is_ours(path)
    if not is_ours:
        raise JournalError(f"{path}: this is no journal of a migration, and was left alone")


def _is_ours(path: Path) -> bool:
    """Whether a file is a journal, maybe a damaged one, or empty."""
    with path.open("rb") as file:
        head = file.read(72)
    return not head or (head.startswith(b"SQLite format 3\0") and int.from_bytes(head[68:72], "big") == APPLICATION_ID)


def forget_migration(path: str | os.PathLike[str]) -> None:
    """Wipe a journal: its bytes are overwritten, and the file and those beside it are removed.

    Nothing at any vendor changes. A migration that is not at its end cannot be continued afterwards, and nobody can
    prove any more what became of whom.

    Raises:
        JournalError: There is none, it is no journal, or another process uses it.
    """
    place = Path(path)
    require_journal(place)
    lock = _locked(place)
    try:
        with _translated(place):
            for suffix in ("-wal", "-shm", ""):
                _wipe(Path(f"{place}{suffix}"))
    finally:
        lock.release()
        with suppress(OSError):
            _lock_file(place).unlink()


def _wipe(path: Path) -> None:
    """Overwrite a file, and remove it."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        left = path.stat().st_size
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _lock_file(path: Path) -> Path:
    return Path(f"{path}.lock")


def _locked(path: Path) -> FileLock:
    """The lock of a journal, taken.

    Raises:
        JournalError: Another process has it, or there cannot be one.
    """
    if not path.parent.is_dir():
        raise JournalError(f"{path}: its folder does not exist")
    lock = FileLock(_lock_file(path), thread_local=False, mode=_PRIVATE)
    try:
        lock.acquire(blocking=False)
    except Timeout as exc:
        raise JournalError(f"{path}: another process uses this journal; wait until it is done") from exc
    except NotImplementedError as exc:
        raise JournalError(f"{path}: its file system has no locks; {_LOCAL}") from exc
    except OSError as exc:
        raise _of_system(path, exc) from exc
    return lock


def _opened(path: Path, *, is_new: bool) -> sqlite3.Connection:
    """The database of a journal, with its schema.

    Raises:
        JournalError: It is none, of a newer version, or damaged.
    """
    with _translated(path):
        with suppress(PermissionError):  # of another owner: reading and writing say so
            if _is_ours(path):
                path.chmod(_PRIVATE)
        database = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        try:
            database.row_factory = sqlite3.Row
            fault = _fault_of(database, is_new=is_new)
        except BaseException:
            database.close()
            raise
        if fault is not None:
            database.close()
            raise JournalError(f"{path}: {fault}")
    return database


def _fault_of(database: sqlite3.Connection, *, is_new: bool) -> str | None:
    """Why a database cannot be used as a journal, or ``None``; an empty new one gets the schema."""

    def value_of(statement: str) -> Any:
        return database.execute(statement).fetchone()[0]

    is_empty = value_of("SELECT count(*) FROM sqlite_master") == 0
    if not is_empty and value_of("PRAGMA application_id") != APPLICATION_ID:
        return "this is a database of something else, not the journal of a migration"
    if value_of("PRAGMA user_version") > VERSION:
        return "a newer version of unibatch wrote this journal; update unibatch"
    if is_empty and not is_new:
        return "there is no plan in it; run the plan again"
    if (mode := value_of("PRAGMA journal_mode=WAL")) != "wal":
        return f"its file system takes no write-ahead log ({mode}); {_LOCAL}"
    database.execute("PRAGMA synchronous=FULL")
    if is_empty:
        _make_schema(database)
    damage = value_of("PRAGMA integrity_check(1)")
    return None if damage == "ok" else f"{_REMEDIES['SQLITE_CORRUPT']} ({damage})"


def _make_schema(database: sqlite3.Connection) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        with closing(database.cursor()) as cursor:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                cursor.execute(statement)
            cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            cursor.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system complain about into sentences with a remedy."""
    try:
        yield
    except sqlite3.Error as exc:
        name = getattr(exc, "sqlite_errorname", None) or ""
        remedy = next((remedy for begin, remedy in _REMEDIES.items() if name.startswith(begin)), None)
        raise JournalError(f"{path}: {remedy or 'the journal cannot be used'} ({exc})") from exc
    except OSError as exc:
        raise _of_system(path, exc) from exc


def _of_system(path: Path, exc: OSError) -> JournalError:
    remedies: Mapping[int | None, str] = {
        errno.ENOSPC: _REMEDIES["SQLITE_FULL"],
        errno.EDQUOT: _REMEDIES["SQLITE_FULL"],
        errno.EROFS: _REMEDIES["SQLITE_READONLY"],
        errno.EACCES: _REMEDIES["SQLITE_READONLY"],
        errno.ENOENT: "its folder does not exist",
        errno.ENOTDIR: "its folder does not exist",
        errno.EISDIR: "this is a folder",
        **dict.fromkeys(_NO_LOCKS, f"its file system has no locks; {_LOCAL}"),
    }
    return JournalError(f"{path}: {remedies.get(exc.errno, 'the journal cannot be used')} ({exc.strerror or exc})")
