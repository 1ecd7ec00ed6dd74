"""One at a time: what two threads, tasks or programs must not do at the same moment, such as placing the same draft.

A `Turn` covers this process, and by lock files all processes of the same user on this machine. It never blocks; its
owner asks again. A lock file of a process that was killed is free.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unibatch.client.forks import renew_in_children
from unibatch.core.draft_fields import Placed
from unibatch.core.late import Late

if TYPE_CHECKING:
    import platformdirs
    from filelock import BaseFileLock
else:
    platformdirs = Late("platformdirs")  # only writing needs it

_logger = logging.getLogger("unibatch")

_REMEMBERED = 90 * 86_400.0
"""Seconds for which it is kept what was placed: a campaign may have changed so that nothing else tells whose it is."""

_DENIED = 60.0
"""Seconds for which it is kept that a creation was denied: longer than a rerun looks for it. After them one look tells
as much."""

_CLOCKS_DIFFER = 2.0  # seconds; file systems keep coarse times


class Turn:
    """The right to do something that nobody else does meanwhile.

    Attributes:
        about: What is being done, for those who wait for it and do the same.
        wrote: A request that changes something was sent in this turn.
        result: What this turn's work returned, for those who waited for it.
        unknown: Why it is unknown what this turn's requests did; ``None`` if it is known.
        before: The turn of this process that this one waited for last, or ``None``.
    """

    def __init__(self, names: Iterable[str], beside: Path | None = None) -> None:
        """Ask for nothing yet.

        Args:
            names: What is being done. Two turns exclude each other if they have a name in common.
            beside: A file that other users may share; lock files are put beside it, too.
        """
        self.about: Any = None
        self.wrote = False
        self.result: Any = None
        self.unknown: str | None = None
        self.before: Turn | None = None
        hashes = [sha256(name.encode(errors="replace")).hexdigest() for name in names]
        self._main, self._names = hashes[0], frozenset(hashes)
        folders = [_own_folder(), *([] if beside is None else [Path(f"{beside}.turns")])]
        # Few files, which are never removed: removing one that another process just opened would undo the lock.
        slots = sorted({name[:2] for name in self._names})
        self._paths = [folder / slot for folder in folders if folder is not None for slot in slots]
        self._locks: list[BaseFileLock] = []
        self._asked: float | None = None
        self._process = os.getpid()

    @property
    def waited(self) -> bool:
        """Somebody else had the turn before."""
        return self._asked is not None

    def begin(self) -> bool:
        """Take the turn if it is free."""
        with _turns.guard:
            holder = next((_turns.held[name] for name in self._names if name in _turns.held), None)
            if holder is None:
                _turns.held.update(dict.fromkeys(self._names, self))
        if holder is None:
            try:
                if self._lock_files():
                    return True
            except BaseException:
                self.end()
                raise
            self.end()
        self.before = holder or self.before
        self._asked = self._asked or time.time()
        return False

    def unknown_before(self) -> str | None:
        """Why it is unknown what those did for whom this turn waited; ``None`` if it is known."""
        if self._asked is None:
            return None
        if self.before is not None and self.before.unknown is not None:
            return self.before.unknown
        for path in self._paths:
            for name in self._names:
                with suppress(OSError):
                    note = _note(path, name)
                    if note.stat().st_mtime >= self._asked - _CLOCKS_DIFFER:
                        return note.read_text(encoding="utf-8")
        return None

    def placed(self) -> Placed | None:
        """What `note_placed` left in a turn with the same first name, here or in another process.

        It is left out if another draft was placed with the same id since: a vendor that was reset repeats ids.
        """
        for path in self._memories():
            if found := _placed_lately(path).get(self._main):
                others = (other for each in path.parent.glob("*.placed") for other in _placed_lately(each).values())
                if any(other["id"] == found["id"] and other["at"] > found["at"] for other in others):
                    return None
                return Placed(found["id"], found["made"] and datetime.fromisoformat(found["made"]))
        return None

    def note_placed(self, campaign_id: str, created_at: datetime | None) -> None:
        """Leave a campaign for later turns with the same first name: the vendor may not list it yet, or it changes."""
        self._remember(self._main, campaign_id, created_at, forget=self._denied)

    def was_denied(self) -> bool:
        """Whether `note_denied` was called in a turn with the same first name just now, and nothing placed since."""
        latest = (_placed_lately(path).get(self._denied) for path in self._memories())
        return any(found is not None and found["at"] >= time.time() - _DENIED for found in latest)

    def note_denied(self) -> None:
        """Leave for later turns with the same first name that the vendor may have done what it says it has not."""
        self._remember(self._denied, "", None)

    @property
    def _denied(self) -> str:
        return f"{self._main} denied"

    def _remember(self, name: str, campaign_id: str, created_at: datetime | None, *, forget: str = "") -> None:
        made = created_at and created_at.isoformat()
        for path in self._memories():
            with suppress(OSError):
                noted = {**_placed_lately(path), name: {"id": campaign_id, "made": made, "at": time.time()}}
                noted.pop(forget, None)
                path.write_text(json.dumps(noted), encoding="utf-8")

    def _memories(self) -> list[Path]:
        """The files for that. This turn has the lock of each."""
        return [path.with_name(f"{path.name}.placed") for path in self._paths if path.name == self._main[:2]]

    def end(self) -> None:
        """Give the turn back; nothing happens if this process does not have it."""
        if self._process != os.getpid():
            return  # a copy in a forked process: the locks are the parent's
        locks, self._locks = self._locks, []
        for path in self._paths if locks and (self.unknown is not None or self.result is not None) else ():
            for name in self._names:
                with suppress(OSError):
                    if self.unknown is None:
                        _note(path, name).unlink(missing_ok=True)
                    else:
                        _note(path, name).write_text(self.unknown, encoding="utf-8")
        for lock in locks:
            with suppress(OSError):
                lock.release()
        with _turns.guard:
            for name in self._names:
                if _turns.held.get(name) is self:
                    del _turns.held[name]

    def _lock_files(self) -> bool:
        from filelock import FileLock, Timeout  # noqa: PLC0415 - slow to import, and only writing needs it

        for path in self._paths:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = FileLock(path, thread_local=False)
                lock.acquire(blocking=False)
            except Timeout:
                return False
            except (OSError, NotImplementedError) as exc:
                _turns.warn(path.parent, exc)
            else:
                self._locks.append(lock)
        return True


def _note(path: Path, name: str) -> Path:
    """Where a turn leaves, for other processes that wait for it, that what it did is unknown."""
    return path.with_name(f"{path.name}.{name[:32]}.unknown")


def _placed_lately(path: Path) -> dict[str, dict[str, Any]]:
    """What a file says was placed within `_REMEMBERED`, by the name of the turn."""
    with suppress(OSError, ValueError, TypeError, AttributeError, KeyError):
        oldest = time.time() - _REMEMBERED
        noted = json.loads(path.read_text(encoding="utf-8")).items()
        known = {name: {"id": str(each["id"]), "made": each["made"], "at": float(each["at"])} for name, each in noted}
        for each in known.values():
            if each["made"] is not None:
                datetime.fromisoformat(each["made"])  # whether it is one
        return {name: each for name, each in known.items() if each["at"] >= oldest}
    return {}


class _Turns:
    """Who has which turn in this process."""

    def __init__(self) -> None:
        self.warned: set[Path] = set()
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Begin with no turn taken: those of the parent process are not ours."""
        # One thread may take it twice: the garbage collector may end a conversation at any moment.
        self.guard = threading.RLock()
        self.held: dict[str, Turn] = {}

    def warn(self, folder: Path, reason: Exception) -> None:
        """Say once that programs do not notice one another."""
        if folder not in self.warned:
            self.warned.add(folder)
            _logger.warning(
                "no lock files in %s (%s): two programs that place the same draft at the same moment do not notice "
                "each other; threads of one program do",
                folder,
                reason,
            )


_turns = _Turns()


def _own_folder() -> Path | None:
    """The folder for this user's lock files: where programs keep their state, or else one for temporary files."""
    for folder in (platformdirs.user_state_path("unibatch") / "turns", Path(tempfile.gettempdir()) / _temporary_name()):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if os.access(folder, os.W_OK) and _is_ours(folder):
                return folder
    return None


def _temporary_name() -> str:
    return f"unibatch-{os.getuid() if hasattr(os, 'getuid') else 'turns'}"


def _is_ours(folder: Path) -> bool:
    """Whether no other user can put files there: everybody may write where temporary files are."""
    return not hasattr(os, "getuid") or (folder.lstat().st_uid == os.getuid() and not folder.is_symlink())
