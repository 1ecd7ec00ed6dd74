"""The three built-in providers keep the contract that every provider keeps, against the sandbox."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from tests.writing.conftest import NEEDED
from unibatch import sandbox
from unibatch.core.provider import Provider
from unibatch.providers.talkifai import TalkifAI
from unibatch.providers.techladder import TechLadder
from unibatch.providers.truedy import Truedy
from unibatch.sandbox import Sandbox
from unibatch.testing import ProviderContract, VendorAccount


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    """One for all, since each test creates what it writes to; and it asks more than a vendor allows in a minute."""
    with sandbox.serve(enforce_rate_limits=False) as running:
        yield running


@pytest.fixture(scope="module")
def empty(server: Sandbox) -> dict[str, str]:
    """A campaign without contacts at each vendor."""
    return {vendor: server.create(vendor, 0) for vendor in server.vendors}


@pytest.fixture(scope="module")
def in_examples_shape(server: Sandbox) -> str:
    """A campaign of Truedy, half-finished, in the shape that its examples show."""
    campaign_id = server.create("truedy", 230, shape="example", status="active")
    server.advance(calls=150, vendor="truedy", campaign_id=campaign_id)
    return campaign_id


UNKNOWN = {
    "truedy": "batch_00000000",
    "techladder": "sched_00000000",
    "talkifai": "00000000-0000-0000-0000-000000000000",
}


def account_at(
    server: Sandbox, vendor: str, empty: dict[str, str], campaign_id: str | None = None, **defaults: str
) -> VendorAccount:
    campaign_id = campaign_id or server.campaign_ids(vendor)[0]
    return VendorAccount(
        base_url=server.base_url(vendor),
        api_key=server.api_key(vendor),
        defaults=defaults,
        campaign_id=campaign_id,
        phone_numbers=[contact.number for contact in server.state(vendor, campaign_id).contacts],
        empty_campaign_id=empty[vendor],
        unknown_campaign_id=UNKNOWN[vendor],
        draft=NEEDED[vendor],
    )


class TestTruedyInTheShapeOfTheSchema(ProviderContract):
    provider_class: ClassVar[type[Provider]] = Truedy

    @pytest.fixture
    def account(self, server: Sandbox, empty: dict[str, str]) -> VendorAccount:
        return account_at(server, "truedy", empty)


class TestTruedyInTheShapeOfTheExamples(ProviderContract):
    provider_class: ClassVar[type[Provider]] = Truedy

    @pytest.fixture
    def account(self, server: Sandbox, empty: dict[str, str], in_examples_shape: str) -> VendorAccount:
        return account_at(server, "truedy", empty, in_examples_shape)


class TestTechLadder(ProviderContract):
    provider_class: ClassVar[type[Provider]] = TechLadder

    @pytest.fixture
    def account(self, server: Sandbox, empty: dict[str, str]) -> VendorAccount:
        return account_at(server, "techladder", empty)


class TestTalkifAI(ProviderContract):
    provider_class: ClassVar[type[Provider]] = TalkifAI

    @pytest.fixture
    def account(self, server: Sandbox, empty: dict[str, str]) -> VendorAccount:
        return account_at(server, "talkifai", empty, organization_id=server.organization_id)
