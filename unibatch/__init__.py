"""One model, one client and one command line for AI phone-call campaigns of any vendor.

What it offers is imported when it is first used, so that ``import unibatch`` is quick.
"""

from __future__ import annotations

import logging
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from unibatch.core.version import __version__

if TYPE_CHECKING:
    from unibatch import sandbox as sandbox
    from unibatch import webhooks as webhooks
    from unibatch.client import (
        AsyncCampaignContacts,
        AsyncClient,
        AsyncContactsOf,
        AsyncListing,
        AsyncWatch,
        CampaignContacts,
        Client,
        ContactsOf,
        Listing,
        PlannedRequest,
        Retry,
        Timeout,
        Wait,
        Watch,
    )
    from unibatch.config import connect, connect_async
    from unibatch.core.draft import AddedContacts, CampaignDraft, ContactDraft, RejectedContact, Start, StartKind
    from unibatch.core.errors import (
        AnswerTooLarge,
        AuthenticationError,
        ConfigError,
        Conflict,
        ConnectFailed,
        ConnectionLost,
        ConnectTimeout,
        DraftRefused,
        IncompleteListing,
        InvalidInput,
        InvalidRequest,
        InvalidSignature,
        JournalError,
        MalformedResponse,
        MalformedWebhook,
        MigrationRefused,
        MigrationStopped,
        NotFound,
        OutcomeUnknown,
        PartlyDone,
        PaymentRequired,
        PermissionDenied,
        PoolTimeout,
        ProviderError,
        RateLimited,
        ReadTimeout,
        RedirectRefused,
        ServerError,
        TransportError,
        UnibatchError,
        UnsignedWebhook,
        UnsupportedFeature,
        WaitTimeout,
        WriteTimeout,
    )
    from unibatch.core.events import CampaignChanged, ContactChanged, Event, EventType, Finished
    from unibatch.core.findings import Finding, Fit, Preflight
    from unibatch.core.model import (
        Account,
        AccountLimits,
        Campaign,
        Contact,
        Counts,
        Money,
        RedialPolicy,
        Schedule,
    )
    from unibatch.core.paging import ListingReport
    from unibatch.core.provider import Capabilities, Provider
    from unibatch.core.status import CallStatus, CampaignStatus
    from unibatch.core.to_dict import to_dict
    from unibatch.workflows.compare import Comparison, Difference, Figure, Interval, Side, compare, compare_async
    from unibatch.workflows.contacts import ContactList, RejectedRow, RepeatedRow, SkippedRow, read_contacts
    from unibatch.workflows.export import Exported, ExportedCampaign, export, export_async
    from unibatch.workflows.migrate.convert import draft_losses
    from unibatch.workflows.migrate.join import PlacedFile, read_placed_file
    from unibatch.workflows.migrate.migration import (
        AsyncMigrationPlan,
        MigrationPlan,
        open_migration,
        open_migration_async,
        plan_migration,
        plan_migration_async,
    )
    from unibatch.workflows.placing import place_campaign, place_campaign_async
    from unibatch.workflows.preflight import preflight

    RetryPolicy = RedialPolicy

_LATER = {
    name: module
    for module, names in {
        "unibatch.client": (
            "AsyncCampaignContacts AsyncClient AsyncContactsOf AsyncListing AsyncWatch CampaignContacts Client "
            "ContactsOf Listing PlannedRequest Retry Timeout Wait Watch"
        ),
        "unibatch.config": "connect connect_async",
        "unibatch.core.draft": "AddedContacts CampaignDraft ContactDraft RejectedContact Start StartKind",
        "unibatch.core.errors": (
            "AnswerTooLarge AuthenticationError ConfigError Conflict ConnectFailed ConnectionLost "
            "ConnectTimeout DraftRefused IncompleteListing InvalidInput InvalidRequest InvalidSignature "
            "JournalError MalformedResponse MalformedWebhook MigrationRefused MigrationStopped NotFound "
            "OutcomeUnknown PartlyDone PaymentRequired PermissionDenied PoolTimeout ProviderError RateLimited "
            "ReadTimeout RedirectRefused ServerError TransportError UnibatchError UnsignedWebhook "
            "UnsupportedFeature WaitTimeout WriteTimeout"
        ),
        "unibatch.core.events": "CampaignChanged ContactChanged Event EventType Finished",
        "unibatch.core.findings": "Finding Fit Preflight",
        "unibatch.core.model": "Account AccountLimits Campaign Contact Counts Money RedialPolicy Schedule",
        "unibatch.core.paging": "ListingReport",
        "unibatch.core.provider": "Capabilities Provider",
        "unibatch.core.status": "CallStatus CampaignStatus",
        "unibatch.core.to_dict": "to_dict",
        "unibatch.workflows.compare": "Comparison Difference Figure Interval Side compare compare_async",
        "unibatch.workflows.contacts": "ContactList RejectedRow RepeatedRow SkippedRow read_contacts",
        "unibatch.workflows.export": "Exported ExportedCampaign export export_async",
        "unibatch.workflows.migrate.convert": "draft_losses",
        "unibatch.workflows.migrate.join": "PlacedFile read_placed_file",
        "unibatch.workflows.migrate.migration": (
            "AsyncMigrationPlan MigrationPlan open_migration open_migration_async plan_migration plan_migration_async"
        ),
        "unibatch.workflows.placing": "place_campaign place_campaign_async",
        "unibatch.workflows.preflight": "preflight",
    }.items()
    for name in names.split()
}

__all__ = [
    "Account",
    "AccountLimits",
    "AddedContacts",
    "AnswerTooLarge",
    "AsyncCampaignContacts",
    "AsyncClient",
    "AsyncContactsOf",
    "AsyncListing",
    "AsyncMigrationPlan",
    "AsyncWatch",
    "AuthenticationError",
    "CallStatus",
    "Campaign",
    "CampaignChanged",
    "CampaignContacts",
    "CampaignDraft",
    "CampaignStatus",
    "Capabilities",
    "Client",
    "Comparison",
    "ConfigError",
    "Conflict",
    "ConnectFailed",
    "ConnectTimeout",
    "ConnectionLost",
    "Contact",
    "ContactChanged",
    "ContactDraft",
    "ContactList",
    "ContactsOf",
    "Counts",
    "Difference",
    "DraftRefused",
    "Event",
    "EventType",
    "Exported",
    "ExportedCampaign",
    "Figure",
    "Finding",
    "Finished",
    "Fit",
    "IncompleteListing",
    "Interval",
    "InvalidInput",
    "InvalidRequest",
    "InvalidSignature",
    "JournalError",
    "Listing",
    "ListingReport",
    "MalformedResponse",
    "MalformedWebhook",
    "MigrationPlan",
    "MigrationRefused",
    "MigrationStopped",
    "Money",
    "NotFound",
    "OutcomeUnknown",
    "PartlyDone",
    "PaymentRequired",
    "PermissionDenied",
    "PlacedFile",
    "PlannedRequest",
    "PoolTimeout",
    "Preflight",
    "Provider",
    "ProviderError",
    "RateLimited",
    "ReadTimeout",
    "RedialPolicy",
    "RedirectRefused",
    "RejectedContact",
    "RejectedRow",
    "RepeatedRow",
    "Retry",
    "Schedule",
    "ServerError",
    "Side",
    "SkippedRow",
    "Start",
    "StartKind",
    "Timeout",
    "TransportError",
    "UnibatchError",
    "UnsignedWebhook",
    "UnsupportedFeature",
    "Wait",
    "WaitTimeout",
    "Watch",
    "WriteTimeout",
    "__version__",
    "compare",
    "compare_async",
    "connect",
    "connect_async",
    "draft_losses",
    "export",
    "export_async",
    "open_migration",
    "open_migration_async",
    "place_campaign",
    "place_campaign_async",
    "plan_migration",
    "plan_migration_async",
    "preflight",
    "read_contacts",
    "read_placed_file",
    "to_dict",
]


# Without a handler, Python would print the library's warnings to stderr.
logging.getLogger(__name__).addHandler(logging.NullHandler())


if not TYPE_CHECKING:  # type checkers see the imports above, and so notice a name that is misspelled

    def __getattr__(name: str) -> Any:
        """Import what is used for the first time."""
        if name in {"sandbox", "webhooks"}:  # modules, so that ``unibatch.sandbox.serve()`` needs no other import
            return import_module(f"unibatch.{name}")
        if name == "RetryPolicy":
            warnings.warn("unibatch.RetryPolicy is now unibatch.RedialPolicy", DeprecationWarning, stacklevel=2)
            return import_module("unibatch.core.model").RedialPolicy
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_LATER[name]), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
