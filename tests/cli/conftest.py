"""A folder of its own for each test, with profiles that reach a sandbox."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import unibatch.sandbox
from tests.cli.running import Keyboard, Run, Terminal, Typing, make_run
from unibatch.providers.talkifai import TalkifAI
from unibatch.sandbox import Sandbox


@pytest.fixture(scope="session")
def server() -> Iterator[Sandbox]:
    with unibatch.sandbox.serve(enforce_rate_limits=False) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    yield server
    server.reset()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "UNIBATCH_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def profiles(folder: Path, sandbox: Sandbox) -> Path:
    """Profiles that never try again, so that nothing waits."""
    impatient = "allow_literal_key = true\nretry = { attempts = 1 }\n"
    path = folder / "unibatch.toml"
    path.write_text(sandbox.toml().replace("allow_literal_key = true\n", impatient), encoding="utf-8")
    return path


@pytest.fixture
def patient_profiles(folder: Path, sandbox: Sandbox) -> Path:
    """Profiles that try again as often as they do by default."""
    path = folder / "unibatch.toml"
    path.write_text(sandbox.toml(), encoding="utf-8")
    return path


@pytest.fixture
def small_campaigns(monkeypatch: pytest.MonkeyPatch) -> None:
    """TalkifAI takes two contacts a campaign."""
    limits = attrs.evolve(TalkifAI.capabilities.limits, max_contacts=2)
    monkeypatch.setattr(TalkifAI, "capabilities", attrs.evolve(TalkifAI.capabilities, limits=limits))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return make_run(capsys)


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    del capsys  # it must be there before stdout is dressed up
    return Terminal(monkeypatch)


@pytest.fixture
def typing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Typing:
    """Lets somebody sit at a terminal, and type."""

    def typing(typed: str) -> None:
        terminal(out=False)
        monkeypatch.setattr(sys, "stdin", Keyboard(typed))

    return typing
