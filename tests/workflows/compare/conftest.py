"""A sandbox with profiles of its own, and a comparison of its campaigns, blocking and awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import unibatch
import unibatch.sandbox
from tests.bothways import Style
from unibatch import Comparison
from unibatch.sandbox import Sandbox

Compare: TypeAlias = Callable[..., Comparison]
Create: TypeAlias = Callable[..., str]

RUNNING = {"truedy": "active", "techladder": "active", "talkifai": "running"}
TO_THE_END = 14 * 24 * 3600  # seconds


@pytest.fixture
def sandbox(server: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Empty, with profiles that never try again."""
    server.reset()
    path = tmp_path / "unibatch.toml"
    impatient = "allow_literal_key = true\nretry = { attempts = 1 }\n"
    toml = server.toml().replace("allow_literal_key = true\n", impatient)
    other = toml.replace("[profiles.sandbox-", "[profiles.other-").partition("[profiles")
    path.write_text(f"{toml}\n{other[1]}{other[2]}", encoding="utf-8")
    monkeypatch.setenv("UNIBATCH_CONFIG", str(path))
    return server


@pytest.fixture
def create(sandbox: Sandbox) -> Create:
    """Makes a campaign that runs, lets its calls happen, to the end or only some, and returns its reference."""

    def create(vendor: str, contacts: int = 60, calls: int | None = None) -> str:
        campaign_id = sandbox.create(vendor, contacts)
        sandbox.set_status(vendor, campaign_id, RUNNING[vendor])
        if calls is None:
            sandbox.advance(seconds=TO_THE_END)
        else:
            sandbox.advance(calls=calls, vendor=vendor)
        return f"sandbox-{vendor}:{campaign_id}"

    return create


@pytest.fixture
def compare(style: Style) -> Compare:
    def compare(campaigns: Any, **how: Any) -> Comparison:
        if style == "sync":
            return unibatch.compare(campaigns, **how)
        return asyncio.run(unibatch.compare_async(campaigns, **how))

    return compare
