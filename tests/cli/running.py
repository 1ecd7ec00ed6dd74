"""A command line that was run in this process, and what came of it."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import pytest

from unibatch.cli import main
from unibatch.sandbox import Sandbox


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def jsonl(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def csv(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.out)))


Run: TypeAlias = Callable[..., Outcome]
Typing: TypeAlias = Callable[[str], None]


class Terminal:
    """Makes stdout or stderr look like a terminal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, *, width: int = 80, out: bool = True, err: bool = True) -> None:
        self._monkeypatch.setenv("TERM", "xterm-256color")
        self._monkeypatch.setenv("COLUMNS", str(width))
        if out:
            self._monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        if err:
            self._monkeypatch.setattr(sys.stderr, "isatty", lambda: True)


class Keyboard(io.TextIOWrapper):
    """What stdin is where somebody types at a terminal."""

    def __init__(self, typed: str) -> None:
        super().__init__(io.BytesIO(typed.encode()), encoding="utf-8")

    def isatty(self) -> bool:
        return True


def make_run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> Outcome:
        code = main(arguments)
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return run


def assert_refused(outcome: Outcome, sandbox: Sandbox, *said: str) -> None:
    """The command line was wrong, stderr says why, and nothing was sent."""
    assert (outcome.code, outcome.out) == (2, "")
    assert [part for part in said if part not in outcome.err] == []
    assert sandbox.requests == ()


def raising(error: BaseException) -> Any:
    """A function that raises whatever it is called with."""

    def fail(*_: object, **_options: object) -> None:
        raise error

    return fail
