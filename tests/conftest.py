"""What every test may use: a connection that is tried over both clients, without the settings of this machine."""

from __future__ import annotations

import contextlib
import gc
import math
import os
import signal
import socket
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import none

from tests.bothways import AnyClient, Connect, Style, connected
from unibatch.client import prefetch
from unibatch.client.rate_limit import forget_budgets
from unibatch.sandbox import Sandbox, serve

SAYS_SOMETHING = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


# Reproducible, so that a failure is never a matter of luck, and whatever else the machine is doing.
settings.register_profile(
    "here",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("here")


def pytest_configure() -> None:
    gc.set_threshold(20_000, 20, 100)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background; what tests start would ignore it, too
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Modules and collected tests are no garbage: looking through them again and again takes a fifth of the time."""
    _a_first_property()  # Hypothesis looks for the owner of what it makes then: Python 3.14 hides it if it is frozen
    gc.collect()
    gc.freeze()


@given(none())
def _a_first_property(_: None) -> None:
    """Any property at all."""


@pytest.fixture(autouse=True)
def silent_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SAYS_SOMETHING:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in [name for name in os.environ if name.startswith("UNIBATCH_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def own_lock_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Lock files are not put into the home directory, also by the programs that tests start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True, scope="session")
def searched_once() -> Iterator[None]:
    """Packages are searched for providers once, not for each client: that takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unibatch.providers.registry.entry_points", cache(entry_points))
        yield


@pytest.fixture(autouse=True)
def fresh_budgets() -> None:
    """No test waits because of what another test sent."""
    forget_budgets()


@pytest.fixture(scope="session")
def server() -> Iterator[Sandbox]:
    """The three vendors on this machine, without campaigns and rate limits; each test resets it first."""
    with serve(seeded=False, enforce_rate_limits=False) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox) -> Sandbox:
    server.reset()
    return server


@pytest.fixture(params=["sync", "async"])
def style(request: pytest.FixtureRequest) -> Style:
    chosen: Style = request.param
    return chosen


@pytest.fixture
def connect(style: Style) -> Iterator[Connect]:
    with contextlib.ExitStack() as stack:

        def connect(provider: str, **how: Any) -> AnyClient:
            return stack.enter_context(connected(style, provider, **how))

        yield connect


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, no page is read ahead."""
    monkeypatch.setattr(prefetch, "_FAR", math.inf)
    monkeypatch.setattr(prefetch, "_NOT_NEAR", math.inf)


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port of this machine that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
