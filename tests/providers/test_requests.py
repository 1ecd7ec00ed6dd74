"""What each vendor is asked for when something is read."""

from typing import Any

import pytest

from unibatch.core.flow import Request
from unibatch.core.provider import CampaignFilter, ContactFilter
from unibatch.providers import registry

DEFAULTS = {"talkifai": {"organization_id": "org_1"}}
BY_ORGANIZATION = {"organizationId": "org_1", "pageSize": "100", "page": "1"}


@pytest.mark.parametrize(
    ("vendor", "operation", "about", "path", "query"),
    [
        ("truedy", "list_campaigns", (0, CampaignFilter()), "/batch-calls", {"limit": "100", "offset": "0"}),
        ("truedy", "get_campaign", ("b1",), "/batch-calls/b1", {}),
        (
            *("truedy", "list_contacts", ("b1", 200, ContactFilter())),
            *("/batch-calls/b1/contacts", {"limit": "100", "offset": "200"}),
        ),
        ("techladder", "list_campaigns", (1, CampaignFilter()), "/call-batches", {"limit": "100", "page": "1"}),
        ("techladder", "get_campaign", ("b1",), "/call-batches/b1", {}),
        (
            *("techladder", "list_contacts", ("b1", 3, ContactFilter())),
            *("/call-batches/b1/calls", {"limit": "500", "page": "3"}),
        ),
        ("talkifai", "list_campaigns", (1, CampaignFilter()), "/batch/jobs", BY_ORGANIZATION),
        ("talkifai", "get_campaign", ("b1",), "/batch/jobs/b1", {"contactsPageSize": "1"}),  # as few as can be
        (
            *("talkifai", "list_contacts", ("b1", 2, ContactFilter())),
            *("/batch/jobs/b1", {"contactsPageSize": "500", "contactsPage": "2"}),
        ),
    ],
)
def test_what_is_asked(vendor: str, operation: str, about: tuple[Any, ...], path: str, query: dict[str, str]) -> None:
    provider = registry.load(vendor)(DEFAULTS.get(vendor, {}))
    subject = "b1" if "b1" in about else None
    assert next(getattr(provider, operation)(*about)) == Request(
        operation=operation, path=path, query=query, subject=subject
    )


@pytest.mark.parametrize("vendor", ["truedy", "techladder", "talkifai"])
def test_the_key_is_a_bearer_token(vendor: str) -> None:
    assert registry.load(vendor)({}).headers("key") == {"Authorization": "Bearer key"}
