"""A pytest plugin with the sandbox as a fixture. Installed with the package; nothing to switch on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from unibatch.sandbox import Sandbox


@pytest.fixture(scope="session")
def _unibatch_sandbox_server() -> Iterator[Sandbox]:
    from unibatch import sandbox  # noqa: PLC0415 - an optional extra, and most test runs never need it

    with sandbox.serve() as server:
        yield server


@pytest.fixture
def unibatch_sandbox(_unibatch_sandbox_server: Sandbox) -> Sandbox:
    """The three vendors on this machine, in their seeded state; nobody is ever called.

    One server runs for the whole session. Its state, faults and rate limits are fresh in every test::

        def test_reads_a_campaign(unibatch_sandbox):
            vendor = "truedy"
            with unibatch.connect(
                provider=vendor,
                api_key=unibatch_sandbox.api_key(vendor),
                base_url=unibatch_sandbox.base_url(vendor),
            ) as client:
                campaign = client.get_campaign(unibatch_sandbox.campaign_ids(vendor)[0])

    Raises:
        ImportError: The extra ``sandbox`` is not installed; the message says how to install it.
    """
    _unibatch_sandbox_server.reset()
    return _unibatch_sandbox_server
