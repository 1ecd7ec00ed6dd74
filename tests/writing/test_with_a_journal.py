"""With a journal, a rerun knows what an earlier run has sent: nobody is called twice, however soon it comes."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.bothways import AnyClient, BlockingAsyncClient
from tests.writing.conftest import VENDORS, Emulating, Emulator, draft, one_client
from tests.writing.faults import BEFORE, FAULTS, late, patience
from unibatch import CampaignDraft, InvalidInput, InvalidRequest, OutcomeUnknown
from unibatch.core.errors import JournalError
from unibatch.core.model import Campaign
from unibatch.workflows.migrate.journal import Journal
from unibatch.workflows.placing import place_campaign, place_campaign_async

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unibatch.workflows.placing._LOOKS", (0.001,))


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "placed.sqlite"


def place(emulator: Emulator, wanted: CampaignDraft, journal: Path, timeout: float = 5.0, **how: Any) -> Campaign:
    """Place a draft, as a program that was just started does."""
    client: AnyClient = emulator.join(timeout=timeout)._client
    how |= {"journal": journal, "accept_loss": ["start"] if emulator.vendor == "techladder" else []}
    if isinstance(client, BlockingAsyncClient):
        return client.run(place_campaign_async(client.client, wanted, **how))
    return place_campaign(client, wanted, **how)


def noted(journal: Path) -> set[str]:
    """Under which names drafts are noted."""
    with Journal.create(journal) as book:
        return {row["name"] for row in book.rows("SELECT name FROM facts WHERE name LIKE 'draft %'")}


@pytest.mark.parametrize("vendor", VENDORS)
class TestARerun:
    def test_gives_the_same_campaign_without_looking_for_it(
        self, vendor: str, emulating: Emulating, journal: Path
    ) -> None:
        emulator, wanted = emulating(vendor), draft(vendor)
        first = place(emulator, wanted, journal)
        before = len(emulator.arrivals)
        again = place(emulator, wanted, journal)

        assert again.id == first.id
        assert [request.method for request in emulator.arrivals[before:]] == ["GET"]

    def test_at_once_waits_for_what_is_carried_out_late(self, vendor: str, emulating: Emulating, journal: Path) -> None:
        """Without the journal, it would look too early, and create another one."""
        emulator, wanted = emulating(vendor), draft(vendor, 4)
        emulator.fail({"writes": True, "times": 1}, late())
        with pytest.raises(OutcomeUnknown):
            place(emulator, wanted, journal)
        placed = place(emulator, wanted, journal, on_progress=lambda _: emulator.catch_up())

        assert list(emulator.campaigns) == [placed.id]
        assert len(emulator.writes) == 1

    @pytest.mark.parametrize("fault", FAULTS)
    def test_after_the_vendor_has_had_its_time_creates_what_is_not_there(
        self, vendor: str, fault: str, emulating: Emulating, journal: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4)
        emulator.fail({"writes": True, "times": 1}, FAULTS[fault])
        emulator.hide_after(1)
        with pytest.raises(OutcomeUnknown):
            place(emulator, wanted, journal, patience(fault))
        emulator.no_faults()
        monkeypatch.setattr("unibatch.workflows.placing.SETTLED_AFTER", 0.0)
        monkeypatch.setattr("unibatch.workflows.placing.AT_LEAST", 0.0)
        placed = place(emulator, wanted, journal)

        assert list(emulator.campaigns) == [placed.id]

    def test_looks_for_what_was_sent_a_moment_ago_by_a_creation_that_began_long_ago(
        self, vendor: str, emulating: Emulating, journal: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4)
        emulator.fail({"writes": True, "times": 1}, late())
        with pytest.raises(OutcomeUnknown):
            place(emulator, wanted, journal)
        monkeypatch.setattr("unibatch.workflows.placing.SETTLED_AFTER", 0.0)
        placed = place(emulator, wanted, journal, on_progress=lambda _: emulator.catch_up())

        assert list(emulator.campaigns) == [placed.id]

    def test_that_cannot_look_sends_nothing(self, vendor: str, emulating: Emulating, journal: Path) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4)
        emulator.fail({"writes": True, "times": 1}, late())
        with pytest.raises(OutcomeUnknown):
            place(emulator, wanted, journal)
        before = len(emulator.writes)
        emulator.fail({"writes": False}, BEFORE["500 before"])
        with pytest.raises(Exception, match="500"):
            place(emulator, wanted, journal)

        assert len(emulator.writes) == before


@one_client
class TestOneDraft:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_that_was_refused_is_placed_when_it_is_corrected(
        self, vendor: str, emulating: Emulating, journal: Path
    ) -> None:
        emulator, wanted = emulating(vendor), draft(vendor)
        emulator.fail({"writes": True, "times": 1}, {"status": 400})
        with pytest.raises(InvalidRequest):
            place(emulator, wanted, journal)
        waits: list[object] = []
        place(emulator, wanted, journal, on_progress=waits.append)

        assert waits == []

    def test_whose_campaign_is_gone_is_not_placed_again(self, emulating: Emulating, journal: Path) -> None:
        emulator, wanted = emulating("truedy"), draft("truedy")
        emulator.sandbox.delete("truedy", place(emulator, wanted, journal).id)

        with pytest.raises(InvalidInput, match="which is not there any more"):
            place(emulator, wanted, journal)
        assert emulator.campaigns == {}

    def test_whose_campaign_is_over_is_not_placed_again(self, emulating: Emulating, journal: Path) -> None:
        emulator, wanted = emulating("truedy"), draft("truedy")
        emulator.set_status(place(emulator, wanted, journal).id, "completed")

        with pytest.raises(InvalidInput, match="completed"):
            place(emulator, wanted, journal)

    def test_with_the_key_of_another_one_is_refused(self, emulating: Emulating, journal: Path) -> None:
        emulator, wanted = emulating("truedy"), draft("truedy", idempotency_key="spring")
        place(emulator, wanted, journal)

        with pytest.raises(InvalidInput, match="1 contact added"):
            place(emulator, attrs.evolve(wanted, contacts=draft("truedy", 4).contacts), journal)

    def test_of_another_account_is_another_one(self, emulating: Emulating, journal: Path) -> None:
        emulator, wanted = emulating("truedy"), draft("truedy")
        first = place(emulator, wanted, journal)
        (before,) = noted(journal)
        other = emulator.join(base_url=emulator.sandbox.base_url("truedy").replace("127.0.0.1", "localhost"))
        place_campaign(other._client, wanted, journal=journal)

        assert before in noted(journal)
        assert len(noted(journal)) == 2
        assert list(emulator.campaigns) == [first.id]


@one_client
class TestTheJournal:
    def test_belongs_to_its_owner_and_names_nobody(self, emulating: Emulating, journal: Path) -> None:
        emulator, wanted = emulating("truedy"), draft("truedy")
        place(emulator, wanted, journal)

        assert stat.S_IMODE(journal.stat().st_mode) == 0o600
        held = journal.read_bytes()
        assert [each for each in wanted.contacts if each.phone_number.encode() in held] == []
        assert emulator.sandbox.api_key("truedy").encode() not in held

    def test_in_use_by_another_process_is_refused(self, emulating: Emulating, journal: Path) -> None:
        emulator, wanted = emulating("truedy"), draft("truedy")
        with Journal.create(journal), pytest.raises(JournalError, match="another process uses this journal"):
            place(emulator, wanted, journal)
        assert emulator.arrivals == []

    def test_of_a_migration_is_refused(self, emulating: Emulating, journal: Path) -> None:
        emulator, wanted = emulating("truedy"), draft("truedy")
        with Journal.create(journal) as book:
            book.note("planned", id="0123")
        with pytest.raises(JournalError, match="this is the journal of a migration; name another file"):
            place(emulator, wanted, journal)
        assert emulator.arrivals == []

    def test_is_none_of_a_migration(self, emulating: Emulating, journal: Path) -> None:
        place(emulating("truedy"), draft("truedy"), journal)
        with pytest.raises(JournalError, match="not of a migration"):
            Journal.open(journal, to_write=False)
