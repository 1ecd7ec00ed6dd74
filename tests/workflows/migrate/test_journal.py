"""The journal: private, whole or refused, and used by one process at a time."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from unibatch.core.errors import JournalError
from unibatch.workflows.migrate import forget_migration
from unibatch.workflows.migrate.journal import APPLICATION_ID, VERSION, Journal


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A journal with many contacts in it."""
    path = tmp_path / "move.sqlite"
    with Journal.create(path) as journal, journal.write("planned", id="m1", step="planned") as database:
        database.executemany(
            "INSERT INTO contacts (source_id, position, number) VALUES (?, ?, ?)",
            ((f"c{index}", index, f"+1212555{index:04}") for index in range(2_000)),
        )
    return path


def test_nobody_else_can_read_it_whatever_the_umask_is(tmp_path: Path) -> None:
    path, before = tmp_path / "move.sqlite", os.umask(0)
    path.touch(0o666)
    try:
        with Journal.create(path) as journal:
            journal.note("planned", id="m1")
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(modes, 0o600)
    assert {"move.sqlite", "move.sqlite-wal"} <= modes.keys()


def test_what_was_written_is_there_and_what_was_not_finished_is_not(place: Path) -> None:
    with Journal.open(place, to_write=True) as journal:
        journal.note("went on", step="frozen")
        with suppress(RuntimeError), journal.write("half-done", step="created") as database:
            database.execute("DELETE FROM contacts")
            raise RuntimeError
    with Journal.open(place, to_write=False) as journal:
        assert journal.fact("step") == "frozen"
        assert journal.rows("SELECT count(*) AS number FROM contacts")[0]["number"] == 2_000


def _newer(path: Path) -> None:
    _execute(path, f"PRAGMA user_version = {VERSION + 1}")


def _foreign(path: Path) -> None:
    path.unlink()
    _execute(path, "CREATE TABLE people (name TEXT)")


def _no_database(path: Path) -> None:
    path.write_text("phone,name\n" * 100, encoding="utf-8")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in range(4_096, len(content), 4_096):
        content[at : at + 64] = bytes(64)
    path.write_bytes(content)


def _gone(path: Path) -> None:
    path.unlink()


def _execute(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_newer, "newer version"),
        (_foreign, "something else"),
        (_no_database, "no journal"),
        (_empty, "no plan"),
        (_damaged, "damaged"),
        (_gone, "no journal"),
    ],
)
def test_what_is_no_journal_is_refused(place: Path, spoil: Callable[[Path], None], says: str) -> None:
    spoil(place)
    if place.exists():
        place.chmod(0o644)
    for to_write in (True, False):
        with pytest.raises(JournalError, match=says):
            Journal.open(place, to_write=to_write)
    with FileLock(f"{place}.lock", timeout=0):
        pass  # it is not locked
    if spoil in {_foreign, _no_database} and sys.platform != "win32":
        assert stat.S_IMODE(place.stat().st_mode) == 0o644  # what is not ours stays as it is


def test_a_full_disk_is_said_and_nothing_is_half_written(place: Path) -> None:
    with Journal.open(place, to_write=True) as journal:
        pages = journal.rows("PRAGMA page_count")[0][0]
        journal.rows(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(JournalError, match="disk is full; make room"), journal.write("too much") as database:
            database.execute("UPDATE contacts SET draft = ?", ("x" * 5_000,))
    with Journal.open(place, to_write=True) as journal:
        assert journal.rows("SELECT count(*) AS number FROM contacts WHERE draft IS NULL")[0]["number"] == 2_000


def test_two_do_not_write_at_once_and_one_may_look_meanwhile(place: Path) -> None:
    with Journal.open(place, to_write=True) as journal:
        with pytest.raises(JournalError, match="another process uses this journal"):
            Journal.open(place, to_write=True)
        with pytest.raises(JournalError, match="another process uses this journal"):
            Journal.create(place)
        with pytest.raises(JournalError, match="another process uses this journal"):
            forget_migration(place)
        with Journal.open(place, to_write=False) as other:
            journal.note("went on", step="frozen")
            assert other.fact("step") == "frozen"
    Journal.open(place, to_write=True).close()


def test_a_process_that_was_killed_blocks_nobody(place: Path) -> None:
    program = (
        "import os, sys; from unibatch.workflows.migrate.journal import Journal\n"
        "journal = Journal.open(sys.argv[1], to_write=True); journal.note('went on', step='frozen')\n"
        "database = journal._database; database.execute('BEGIN IMMEDIATE'); database.execute('DELETE FROM contacts')\n"
        "os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(place)], check=False).returncode == 9
    with Journal.open(place, to_write=True) as journal:
        assert journal.fact("step") == "frozen"
        assert journal.rows("SELECT count(*) AS number FROM contacts")[0]["number"] == 2_000


@pytest.mark.parametrize("error", [NotImplementedError(), OSError(37, "No locks available"), OSError(95, "No")])
def test_a_file_system_without_locks_is_refused(place: Path, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def acquire(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(FileLock, "acquire", acquire)
    with pytest.raises(JournalError, match="no locks; keep the journal on a disk of this machine"):
        Journal.open(place, to_write=True)


def test_a_folder_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="folder does not exist"):
        Journal.create(tmp_path / "none" / "move.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **how: connect(f"file:{path}?mode=ro", uri=True, **how))
    with Journal.open(place, to_write=True) as journal, pytest.raises(JournalError, match="cannot be written"):
        journal.note("went on", step="frozen")


def test_forgetting_leaves_no_number_behind(place: Path) -> None:
    with place.open("rb") as file:  # whoever still has it open reads zeros
        assert b"+12125550001" in file.read()
        forget_migration(place)
        file.seek(0)
        assert file.read().strip(b"\0") == b""
    assert list(place.parent.iterdir()) == []


@pytest.mark.parametrize("spoil", [_foreign, _no_database])
def test_only_a_journal_is_forgotten(place: Path, spoil: Callable[[Path], None]) -> None:
    spoil(place)
    content = place.read_bytes()
    with pytest.raises(JournalError, match="no journal of a migration, and was left alone"):
        forget_migration(place)
    assert place.read_bytes() == content


def test_a_damaged_journal_can_be_forgotten(place: Path) -> None:
    _damaged(place)
    forget_migration(place)
    assert not place.exists()


def test_the_file_says_what_it_is(place: Path) -> None:
    database = sqlite3.connect(place)
    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    database.close()
