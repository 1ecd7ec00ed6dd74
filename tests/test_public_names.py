"""The public surface, pinned: a change to it is a change to this file, and concerns everybody who uses it."""

import inspect
import re
from importlib import resources
from importlib.metadata import version
from types import FunctionType

import pytest

import unibatch
import unibatch.client
import unibatch.provider_api
import unibatch.testing
import unibatch.webhooks
from unibatch import AsyncClient, Client
from unibatch.client.rehearse import Rehearsal


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


NAMES = words("""
    Account AccountLimits AddedContacts AnswerTooLarge AsyncCampaignContacts AsyncClient AsyncContactsOf
    AsyncListing AsyncMigrationPlan AsyncWatch AuthenticationError CallStatus Campaign CampaignChanged
    CampaignContacts CampaignDraft CampaignStatus Capabilities Client Comparison ConfigError Conflict
    ConnectFailed ConnectTimeout ConnectionLost Contact ContactChanged ContactDraft ContactList
    ContactsOf Counts Difference DraftRefused Event EventType Exported
    ExportedCampaign Figure Finding Finished Fit
    IncompleteListing Interval InvalidInput InvalidRequest InvalidSignature JournalError Listing
    ListingReport MalformedResponse MalformedWebhook MigrationPlan MigrationRefused MigrationStopped
    Money NotFound OutcomeUnknown PartlyDone PaymentRequired PermissionDenied PlacedFile PlannedRequest
    PoolTimeout Preflight Provider ProviderError RateLimited ReadTimeout RedialPolicy RedirectRefused
    RejectedContact RejectedRow RepeatedRow Retry Schedule ServerError Side SkippedRow Start StartKind
    Timeout TransportError UnibatchError UnsignedWebhook UnsupportedFeature Wait WaitTimeout Watch
    WriteTimeout __version__ compare compare_async connect connect_async draft_losses export
    export_async open_migration
    open_migration_async place_campaign place_campaign_async plan_migration plan_migration_async
    preflight read_contacts read_placed_file to_dict
""")

METHODS = words("""
    add_contacts cancel_campaign close create_campaign delete_campaign find_campaign get_account
    get_campaign list_campaigns list_contacts list_contacts_of pause_campaign rename_campaign
    reschedule_campaign resume_campaign retry_campaign start_campaign wait watch
""")
ITERATED = {"list_campaigns", "list_contacts", "list_contacts_of", "watch"}
REHEARSED = sorted({*METHODS} - {"close", "find_campaign", "get_account", "get_campaign", "wait"} - ITERATED)
PROPERTIES = ["base_url", "capabilities", "provider", "rehearse"]


def public_methods(cls: type) -> list[str]:
    return sorted(name for name, _ in inspect.getmembers(cls, inspect.isfunction) if not name.startswith("_"))


def test_the_names_are_these() -> None:
    assert unibatch.__all__ == NAMES == sorted(NAMES)


def test_the_names_for_providers_are_those_that_the_module_explains() -> None:
    """A name that goes, or takes or returns something else, breaks packages of other people."""
    offered = {name for name in vars(unibatch.provider_api) if name.isidentifier() and name[0] != "_"}
    explained = inspect.getdoc(unibatch.provider_api) or ""
    assert offered == set(re.findall(r"(?<!`)`(\w+)`(?!`)", explained))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_there(name: str) -> None:
    assert getattr(unibatch, name) is not None
    assert name in dir(unibatch)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"__version__"}))
def test_every_name_is_explained(name: str) -> None:
    assert (inspect.getdoc(getattr(unibatch, name)) or "").strip()


def test_every_exception_is_public() -> None:
    errors = {name for name, thing in vars(unibatch.core.errors).items() if isinstance(thing, type)}
    assert {name for name in errors if issubclass(getattr(unibatch.core.errors, name), Exception)} <= set(NAMES)


def test_the_old_name_of_the_policy_for_redialling_still_works_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match=r"^unibatch\.RetryPolicy is now unibatch\.RedialPolicy$") as caught:
        assert unibatch.RetryPolicy is unibatch.RedialPolicy
    assert caught[0].filename == __file__


def test_another_name_is_refused() -> None:
    with pytest.raises(AttributeError, match=r"^module 'unibatch' has no attribute 'Anything'$"):
        _ = unibatch.Anything  # type: ignore[attr-defined]  # that mypy notices is half of what is tested
    with pytest.raises(AttributeError, match=r"^module 'unibatch\.testing' has no attribute 'Anything'$"):
        _ = unibatch.testing.Anything


@pytest.mark.parametrize(
    "module", [unibatch.client, unibatch.testing, unibatch.webhooks], ids=lambda module: module.__name__
)
def test_the_names_of_other_modules_are_there(module: object) -> None:
    names: list[str] = module.__all__  # type: ignore[attr-defined]  # any module
    assert names == sorted(names)
    assert all(getattr(module, name) for name in names)


@pytest.mark.parametrize("client", [Client, AsyncClient])
class TestClients:
    def test_the_methods_are_these(self, client: type) -> None:
        assert public_methods(client) == METHODS

    def test_the_properties_are_these(self, client: type) -> None:
        assert sorted(name for name, _ in inspect.getmembers(client, inspect.isdatadescriptor) if name[0] != "_") == (
            PROPERTIES
        )

    def test_everything_public_is_explained(self, client: type) -> None:
        assert [name for name in [*METHODS, *PROPERTIES] if not inspect.getdoc(getattr(client, name))] == []


@pytest.mark.parametrize("method", METHODS)
def test_both_clients_take_the_same_arguments(method: str) -> None:
    def arguments(client: type) -> list[inspect.Parameter]:
        return list(inspect.signature(getattr(client, method)).parameters.values())

    assert arguments(Client) == arguments(AsyncClient)


def test_what_changes_something_can_be_rehearsed() -> None:
    assert public_methods(Rehearsal) == REHEARSED


@pytest.mark.parametrize("method", REHEARSED)
def test_a_rehearsal_takes_the_same_arguments(method: str) -> None:
    arguments = dict(inspect.signature(getattr(Client, method)).parameters)
    for name in ("on_progress", "before_sending", "max_wait"):  # nothing is sent, so there is nothing to await
        arguments.pop(name, None)
    assert dict(inspect.signature(getattr(Rehearsal, method)).parameters) == arguments


@pytest.mark.parametrize("method", METHODS)
def test_both_clients_return_the_same(method: str) -> None:
    def returned(client: type) -> str:
        function = getattr(client, method)
        assert isinstance(function, FunctionType)
        return str(function.__annotations__["return"])

    assert returned(AsyncClient).replace("Async", "") == returned(Client)


def test_what_speaks_with_the_vendor_and_is_not_iterated_is_awaited() -> None:
    awaited = {name for name in METHODS if inspect.iscoroutinefunction(getattr(AsyncClient, name))}
    assert awaited == {*METHODS} - ITERATED


def test_both_ways_to_connect_take_the_same_arguments() -> None:
    signatures = [inspect.signature(function).parameters for function in (unibatch.connect, unibatch.connect_async)]
    assert signatures[0] == signatures[1]


def test_both_listings_offer_the_same() -> None:
    assert public_methods(unibatch.Listing) == public_methods(unibatch.AsyncListing) == ["pages", "to_arrow"]
    assert public_methods(unibatch.ContactsOf) == public_methods(unibatch.AsyncContactsOf) == ["by_campaign"]
    campaigns = unibatch.CampaignContacts, unibatch.AsyncCampaignContacts
    assert [public_methods(each) for each in campaigns] == [["pages"], ["pages"]]


def test_type_information_is_shipped() -> None:
    assert resources.files("unibatch").joinpath("py.typed").is_file()


def test_the_version_is_that_of_the_distribution() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", unibatch.__version__)
    assert version("unibatch") == unibatch.__version__
