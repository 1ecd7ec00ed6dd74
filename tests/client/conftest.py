"""The sandbox, empty at the beginning of each test, and a connection to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bothways import VENDORS, AnyClient, Connect
from unibatch.sandbox import LoggedRequest, Sandbox

RUNNING = {"truedy": "active", "techladder": "active", "talkifai": "running"}


class Visit:
    """A connection to one vendor of the sandbox, and what that vendor has been asked."""

    def __init__(self, sandbox: Sandbox, vendor: str, connect: Connect) -> None:
        self.sandbox = sandbox
        self.vendor = vendor
        self._connect = connect
        self.client = self.again()

    def again(self, **how: Any) -> AnyClient:
        """Another client of the same account."""
        where = {"api_key": self.sandbox.api_key(self.vendor), "base_url": self.sandbox.base_url(self.vendor)}
        return self._connect(self.vendor, **{**where, **how})

    @property
    def requests(self) -> list[LoggedRequest]:
        return [request for request in self.sandbox.requests if request.vendor == self.vendor]

    @property
    def queries(self) -> list[dict[str, str]]:
        return [dict(request.query) for request in self.requests]

    def half_dialled(self, contacts: int = 120, shape: str | None = None) -> str:
        """The id of a campaign under way, with contacts in many statuses."""
        campaign_id = self.sandbox.create(self.vendor, contacts, name="March", shape=shape)
        self.sandbox.set_status(self.vendor, campaign_id, RUNNING[self.vendor])
        self.sandbox.advance(calls=contacts * 3 // 4, vendor=self.vendor)
        return campaign_id


class Visitor:
    """Connects to the vendors of the sandbox."""

    def __init__(self, sandbox: Sandbox, connect: Connect) -> None:
        self.sandbox = sandbox
        self._connect = connect

    def __call__(self, vendor: str) -> Visit:
        return Visit(self.sandbox, vendor, self._connect)


@pytest.fixture
def visit(sandbox: Sandbox, connect: Connect) -> Visitor:
    return Visitor(sandbox, connect)


@pytest.fixture(params=VENDORS)
def at(request: pytest.FixtureRequest, visit: Visitor) -> Visit:
    """A visit to each vendor in turn."""
    return visit(request.param)
