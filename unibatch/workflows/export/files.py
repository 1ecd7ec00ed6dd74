"""Where an export goes: the file, which is replaced in one step, its spool, and the lock on both."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import attrs
from filelock import FileLock
from filelock import Timeout as Locked

from unibatch.core.errors import InvalidInput

_PRIVATE = 0o600


@attrs.frozen
class Target:
    """The file that an export makes.

    Attributes:
        given: As it was named.
        path: Where it is, behind any links.
    """

    given: str
    path: Path

    @classmethod
    def of(cls, given: str | os.PathLike[str]) -> Target:
        """Check that a file can be written there.

        Raises:
            InvalidInput: It cannot.
        """
        try:
            name = os.fsdecode(given)
        except TypeError:
            name = ""
        if not name:
            raise InvalidInput(f"the target of an export must be the path of a file, not {given!r}")
        try:
            path = Path(name).resolve()
            is_other = os.path.exists(name) and not os.path.isfile(name)  # noqa: PTH110, PTH113 - a pipe has no path
            is_other |= path.is_symlink()  # links that lead to each other, from Python 3.13 on
            has_folder = path.parent.is_dir()
        except (OSError, ValueError, RuntimeError) as exc:  # RuntimeError: the same before
            raise InvalidInput(f"cannot write {name!r}: {exc}") from exc
        if is_other:
            raise InvalidInput(f"cannot write {name}: it is not a file")
        if not has_folder:
            raise InvalidInput(f"cannot write {name}: there is no folder {path.parent}")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise InvalidInput(f"cannot write {name}: the folder {path.parent} cannot be written to")
        return cls(name, path)

    @property
    def spool(self) -> Path:
        """What was read so far."""
        return self._beside("spool")

    def _beside(self, what: str) -> Path:
        return self.path.with_name(f".{self.path.name}.unibatch-{what}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from exporting to the same file.

        Raises:
            InvalidInput: Another export is doing so, or no file can be made there.
        """
        file = self._beside("lock")
        lock = FileLock(file, timeout=0, mode=_PRIVATE)
        try:
            lock.acquire()
        except Locked as exc:
            if not file.exists():  # as in /proc
                raise InvalidInput(f"cannot write {self.given}: no file can be made in {file.parent}") from exc
            raise InvalidInput(f"another export to {self.given} is running; wait for its end") from exc
        except OSError as exc:
            raise InvalidInput(f"cannot write {self.given}: {exc.strerror or exc}") from exc
        try:
            yield
        finally:
            with suppress(OSError):  # Windows deletes no file that is open
                file.unlink(missing_ok=True)
            lock.release()

    def replace(self, write: Callable[[BinaryIO], None]) -> None:
        """Make the file under another name, bring it to the disk, and then give it its name.

        A new file can be read by its owner alone; one that is replaced keeps its permissions.
        """
        part = self._beside("part")
        mode = self.path.stat().st_mode & 0o777 if self.path.exists() else _PRIVATE
        try:
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), _PRIVATE), "w+b") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            part.chmod(mode)
            part.replace(self.path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
