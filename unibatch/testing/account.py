"""An account at a vendor to test with, and what the tests of `ProviderContract` share."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import attrs
import pytest

from unibatch.client import Client, Options, Retry
from unibatch.core.provider import OperationName, Provider


@attrs.frozen(kw_only=True)
class VendorAccount:
    """An account at a server that behaves as the vendor does.

    Attributes:
        base_url: Where the server is.
        api_key: A key that the server accepts.
        wrong_api_key: A key that the server refuses.
        defaults: The settings of the provider's own that it needs to read everything.
        campaign_id: A campaign with contacts: better more than fit on one page, and in many statuses.
        phone_numbers: The numbers of its contacts in E.164 form, in any order, repeated as often as they occur; an
            empty text for a contact without a number.
        empty_campaign_id: A campaign without contacts.
        unknown_campaign_id: An id in the vendor's form, of no campaign.
        transport: What answers in the place of a server, such as an ``httpx.MockTransport``; then no server is needed.
        draft: The attributes that this vendor requires of a `CampaignDraft`, such as ``agent_id``. Left out, nothing is
            created.
    """

    base_url: str
    api_key: str
    wrong_api_key: str = "this-is-not-a-key"
    defaults: Mapping[str, Any] = attrs.field(factory=dict)
    campaign_id: str
    phone_numbers: Sequence[str]
    empty_campaign_id: str
    unknown_campaign_id: str
    transport: Any = None
    draft: Mapping[str, Any] | None = None


_UNLIMITED = 1_000_000  # the server is a stand-in on this machine, and nobody waits for tests


class WithAccount:
    """A provider, and an account to test it with. Part of `ProviderContract`."""

    provider_class: ClassVar[type[Provider]]

    @pytest.fixture
    def account(self) -> VendorAccount:
        """The account to test with. Override it."""
        raise NotImplementedError(f"{type(self).__name__} defines no fixture named account")

    @pytest.fixture
    def no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing can open a connection."""

        def refuse(*_: Any, **__: Any) -> Any:
            raise AssertionError("a provider opened a connection of its own")

        monkeypatch.setattr(socket, "socket", refuse)
        monkeypatch.setattr(socket, "create_connection", refuse)

    @pytest.fixture
    def client(self, account: VendorAccount) -> Iterator[Client]:
        """A client of that account."""
        with self._connect(account) as client:
            yield client

    def _connect(self, account: VendorAccount, *, api_key: str | None = None, base_url: str | None = None) -> Client:
        provider = self.provider_class(account.defaults)
        options = Options(
            base_url=base_url or account.base_url, retry=Retry(attempts=1), requests_per_minute=_UNLIMITED
        )
        return Client(provider, api_key or account.api_key, options=options, transport=account.transport)

    def _require(self, operation: OperationName) -> None:
        if not self.provider_class.capabilities.operations[operation].available:
            pytest.skip(f"{self.provider_class.title} does not offer {operation}")
