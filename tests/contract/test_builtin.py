"""The three built-in providers keep the contract that every provider keeps, against the sandbox."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from unibatch import sandbox
from unibatch.core.provider import Provider
from unibatch.providers.talkifai import TalkifAI
from unibatch.providers.techladder import TechLadder
from unibatch.providers.truedy import Truedy
from unibatch.sandbox import Sandbox
from unibatch.testing import ProviderContract, VendorAccount

NEEDED: Mapping[str, Mapping[str, Any]] = {
    "truedy": {"agent_id": "agt_1"},
    "techladder": {"agent_id": "agt-1", "vendor": {"techladder": {"version_id": "pmt-1"}}},
    "talkifai": {"from_number_ids": ["pn_1"]},
}
"""What each vendor requires in a draft."""


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


def account_at(
    server: Sandbox, vendor: str, campaign_id: str, *, empty: dict[str, str], unknown: str, **defaults: str
) -> VendorAccount:
    return VendorAccount(
        base_url=server.base_url(vendor),
        api_key=server.api_key(vendor),
        defaults=defaults,
        campaign_id=campaign_id,
        phone_numbers=[contact.number for contact in server.state(vendor, campaign_id).contacts],
        empty_campaign_id=empty[vendor],
        unknown_campaign_id=unknown,
        draft=NEEDED[vendor],
    )


class TestTruedyInTheShapeOfTheSchema(ProviderContract):
    provider_class: ClassVar[type[Provider]] = Truedy

    @pytest.fixture
    def account(self, server: Sandbox, empty: dict[str, str]) -> VendorAccount:
        campaign_id = server.campaign_ids("truedy")[0]
        return account_at(server, "truedy", campaign_id, empty=empty, unknown="batch_00000000")


class TestTruedyInTheShapeOfTheExamples(ProviderContract):
    provider_class: ClassVar[type[Provider]] = Truedy

    @pytest.fixture
    def account(self, server: Sandbox, empty: dict[str, str], in_examples_shape: str) -> VendorAccount:
        return account_at(server, "truedy", in_examples_shape, empty=empty, unknown="batch_00000000")


class TestTechLadder(ProviderContract):
    provider_class: ClassVar[type[Provider]] = TechLadder

    @pytest.fixture
    def account(self, server: Sandbox, empty: dict[str, str]) -> VendorAccount:
        campaign_id = server.campaign_ids("techladder")[0]
        return account_at(server, "techladder", campaign_id, empty=empty, unknown="sched_00000000")


class TestTalkifAI(ProviderContract):
    provider_class: ClassVar[type[Provider]] = TalkifAI

    @pytest.fixture
    def account(self, server: Sandbox, empty: dict[str, str]) -> VendorAccount:
        return account_at(
            server,
            "talkifai",
            server.campaign_ids("talkifai")[0],
            empty=empty,
            unknown="00000000-0000-0000-0000-000000000000",
            organization_id=server.organization_id,
        )
