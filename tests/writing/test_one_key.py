"""One key is one campaign, at every vendor: in any rerun, with any other body, and when the vendor has forgotten it."""

from __future__ import annotations

import contextlib
import itertools
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from tests.bothways import VENDORS
from tests.writing.conftest import LATER, Emulating, Emulator, contacts, draft, number, numbers, one_client
from tests.writing.faults import late
from tests.writing.test_listed_late import LISTS, empty
from unibatch import CampaignStatus, Retry, Start
from unibatch.core.draft import ContactDraft
from unibatch.core.errors import InvalidInput, OutcomeUnknown, PartlyDone, ProviderError

pytestmark = [pytest.mark.usefixtures("impatient"), one_client]

CREATING = {"techladder": "/call-batches", "talkifai": "/batch/create", "truedy": "/batch-calls"}


def creations(emulator: Emulator) -> int:
    """How many requests that create a campaign were sent."""
    return sum(request.path == CREATING[emulator.vendor] for request in emulator.writes)


OTHER_BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "fewer": ({"contacts": 2}, "1 contact removed"),
    "more": ({"contacts": 5}, "2 contacts added"),
    "start": ({"start": Start.at(LATER + timedelta(hours=1))}, "start: "),
    "name": ({"name": "Autumn calls"}, "differs"),
    "settings": ({"max_concurrency": 7}, "differs"),
}


@pytest.mark.parametrize("vendor", VENDORS)
class TestAnotherBodyUnderAKnownKey:
    @pytest.mark.parametrize("change", OTHER_BODIES)
    def test_is_refused_before_anything_is_sent_and_says_what_differs(
        self, vendor: str, change: str, emulating: Emulating
    ) -> None:
        changes, named = OTHER_BODIES[change]
        if "contacts" in changes:
            changes = {"contacts": contacts(vendor, changes["contacts"])}
        emulator, first = emulating(vendor), draft(vendor, 3, Start.at(LATER), idempotency_key="spring")
        placed = emulator.join().create(first).id
        with pytest.raises(InvalidInput, match=f"'spring' belongs to {placed}.*{named}"):
            emulator.join().create(attrs.evolve(first, **changes))
        assert creations(emulator) == 1

    def test_is_refused_for_another_agent_or_number(self, vendor: str, emulating: Emulating) -> None:
        other: dict[str, Any] = {"from_number_ids": ["pn_2"]} if vendor == "talkifai" else {"agent_id": "other"}
        emulator, first = emulating(vendor), draft(vendor, 3, Start.NOW, idempotency_key="spring")
        emulator.join().create(first)
        with pytest.raises(InvalidInput, match="one key is one campaign"):
            emulator.join().create(attrs.evolve(first, **other))
        assert creations(emulator) == 1

    def test_is_refused_weeks_later_and_after_other_campaigns(self, vendor: str, emulating: Emulating) -> None:
        emulator, first = emulating(vendor), draft(vendor, 3, Start.at(LATER), idempotency_key="spring")
        emulator.join().create(first)
        emulator.sandbox.advance(seconds=20 * 86_400)
        soon = Start.at(LATER + timedelta(days=30))
        emulator.join().create(draft(vendor, 4, soon, name="Another"))
        for body in (
            draft(vendor, 2, soon, idempotency_key="spring"),
            draft(vendor, 3, soon, idempotency_key="spring"),
        ):
            with pytest.raises(InvalidInput, match="one key is one campaign"):
                emulator.join().create(body)
        assert creations(emulator) == 2

    def test_is_refused_for_what_was_split(self, vendor: str, emulating: Emulating) -> None:
        emulator, whole = emulating(vendor), draft(vendor, 5, Start.NOW, idempotency_key="spring")
        for part in whole.split(3):
            emulator.join().create(part)
        fewer = attrs.evolve(whole, contacts=whole.contacts[1:])
        for body in (fewer.split(3)[0], attrs.evolve(whole, contacts=whole.contacts[:3]), whole.split(2)[0]):
            with pytest.raises(InvalidInput, match="'spring' belongs to"):
                emulator.join().create(body)
        assert creations(emulator) == 2

    def test_the_same_body_is_the_same_campaign_and_another_key_another(
        self, vendor: str, emulating: Emulating
    ) -> None:
        emulator, first = emulating(vendor), draft(vendor, 3, Start.at(LATER), idempotency_key="spring")
        ids = [emulator.join().create(body).id for body in (first, first, attrs.evolve(first, idempotency_key="x"))]
        assert len(set(ids)) == creations(emulator) == 2
        assert ids[0] == ids[1]


@pytest.mark.parametrize("shape", ["schema", "example"])
class TestTruedyThatForgetsKeys:
    @pytest.mark.parametrize("key", [None, "spring"])
    @pytest.mark.parametrize("start", [Start.HOLD, Start.NOW, Start.at(LATER)], ids=["hold", "now", "at"])
    def test_has_one_campaign_of_a_draft(self, shape: str, key: str | None, start: Start, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy", shape=shape), draft("truedy", 4, start, idempotency_key=key)
        first = emulator.join().create(wanted)
        emulator.sandbox.advance(seconds=7 * 86_400)
        turned = attrs.evolve(wanted, contacts=wanted.contacts[::-1])
        if start == Start.NOW:
            with pytest.raises(InvalidInput, match=f"placed before, as {first.id}, which is completed"):
                emulator.join().create(turned)
        else:
            assert emulator.join().create(turned).id == first.id
        assert (len(emulator.campaigns), creations(emulator)) == (1, 1)
        assert first.name == "Spring calls"

    def test_knows_one_that_others_were_added_to(
        self, shape: str, emulating: Emulating, caplog: pytest.LogCaptureFixture
    ) -> None:
        emulator, wanted = emulating("truedy", shape=shape), draft("truedy", 3)
        placed = emulator.join().create(wanted).id
        emulator.join().add(placed, contacts("truedy", 2, first=500))
        emulator.sandbox.forget_keys()
        assert emulator.join().create(wanted).id == placed
        assert f"{placed} has 5 contacts, and this draft has 3; those who are only there are called, too" in caplog.text

    def test_takes_no_other_for_it(self, shape: str, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy", shape=shape), draft("truedy", 3, Start.at(LATER))
        emulator.join().create(wanted)
        for changes in (
            {"name": "Autumn calls"},
            {"agent_id": "agt_2"},
            {"contacts": contacts("truedy", 3, first=200)},
            {"idempotency_key": "again", "start": Start.at(LATER + timedelta(hours=1))},
        ):
            emulator.sandbox.forget_keys()
            emulator.join().create(attrs.evolve(wanted, **changes))
        assert len(emulator.campaigns) == 5

    @pytest.mark.parametrize("key", [None, "autumn"])
    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"start": Start.at(LATER + timedelta(hours=1))}, "start: "),
            ({"contacts": contacts("truedy", 4)}, "1 contact added"),
        ],
    )
    def test_refuses_what_may_be_the_same_with_a_change_unless_it_has_a_key(
        self, shape: str, changes: dict[str, Any], named: str, *, key: str | None, emulating: Emulating, caplog: Any
    ) -> None:
        """Somebody may have given the campaign another start since, or taken a contact out."""
        emulator, wanted = emulating("truedy", shape=shape), draft("truedy", 3, Start.at(LATER))
        placed = emulator.join().create(wanted).id
        emulator.sandbox.forget_keys()
        other = attrs.evolve(wanted, idempotency_key=key, **changes)
        if key is None:
            refused = f"are in {placed}, .*{named}.*add_contacts adds who is new.*idempotency_key of its own"
            with pytest.raises(InvalidInput, match=refused):
                emulator.join().create(other)
        else:
            emulator.join().create(other)
            assert f"most numbers of this draft are in {placed} too" in caplog.text
        assert creations(emulator) == (1 if key is None else 2)

    def test_goes_on_with_one_whose_start_was_not_sent(self, shape: str, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy", shape=shape), draft("truedy", 3, Start.NOW)
        emulator.fail("/schedule", {"status": 403})
        with pytest.raises(PartlyDone):
            emulator.join().create(wanted)
        emulator.no_faults()
        emulator.sandbox.forget_keys()
        assert emulator.join().create(wanted).status is CampaignStatus.RUNNING
        assert sorted(emulator.dialled) == numbers(wanted.contacts)


class TestTruedyThatKeepsAKeyAfterTheWork:
    def test_is_looked_at_before_a_retry(self, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy", key_kept="after the work"), draft("truedy", 4, Start.NOW)
        emulator.fail(1, {"stall": "late", "delay": 0.05})
        emulator.join(retry=Retry(attempts=4), timeout=0.1).create(wanted)
        assert (len(emulator.campaigns), creations(emulator)) == (1, 1)
        assert sorted(emulator.dialled) == numbers(wanted.contacts)


@pytest.mark.parametrize("answer", ["before", "after"])
def test_a_creation_that_came_too_soon_is_looked_for_before_it_is_sent_again(answer: str, emulating: Emulating) -> None:
    emulator, wanted = emulating("truedy", key_kept="after the work"), draft("truedy", 4, Start.NOW)
    emulator.fail(1, {"status": 429, "answer": answer, "retry_after": 0.001})
    emulator.join(retry=Retry(attempts=3)).create(wanted)
    assert creations(emulator) == (1 if answer == "after" else 2)
    assert sorted(emulator.dialled) == numbers(wanted.contacts)


@pytest.mark.parametrize("vendor", VENDORS)
class TestMostNumbersInAnotherOpenCampaign:
    @pytest.mark.parametrize(("first", "warns"), [(100, True), (101, True), (500, False)])
    def test_are_warned_of(
        self, vendor: str, first: int, *, warns: bool, emulating: Emulating, caplog: pytest.LogCaptureFixture
    ) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4, Start.at(LATER))
        placed = emulator.join().create(wanted).id
        corrected = attrs.evolve(wanted, name="Spring calls again", contacts=contacts(vendor, 4, first=first))
        emulator.join().create(corrected)
        said = [record.message for record in caplog.records if "most numbers of this draft" in record.message]
        assert len(said) == warns
        assert all(placed in text and "who is new" in text for text in said)

    def test_in_one_that_is_over_are_not(
        self, vendor: str, emulating: Emulating, caplog: pytest.LogCaptureFixture
    ) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4, Start.NOW)
        emulator.join().create(wanted)
        assert len(emulator.dialled) == 4
        emulator.join().create(attrs.evolve(wanted, name="Summer calls"))
        assert "most numbers" not in caplog.text


@pytest.mark.parametrize("code", [201, 202])
@pytest.mark.parametrize("data", ["id", "nothing", "batch"])
def test_an_answer_to_a_creation_may_say_little(data: str, code: int, emulating: Emulating) -> None:
    emulator, wanted = (
        emulating("techladder", created_data=data, created_status=code),
        draft("techladder", 4, Start.NOW),
    )
    for _ in range(2):
        assert [emulator.join().create(wanted).id] == list(emulator.campaigns)


class TestAPartThatIsOver:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_lets_the_others_be_placed(self, vendor: str, emulating: Emulating) -> None:
        emulator, whole = emulating(vendor), draft(vendor, 5, Start.NOW)
        emulator.join().create(whole.split(3)[0])
        assert len(emulator.dialled) == 3
        placed = [emulator.join().create(part) for part in whole.split(3)]
        assert [campaign.status.is_terminal for campaign in placed] == [True, False]
        assert sorted(emulator.dialled) == numbers(whole.contacts)

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_repeated_rows_in_any_order_are_one_draft(self, vendor: str, emulating: Emulating) -> None:
        twice = [ContactDraft(phone_number=number(1), name="Ada"), ContactDraft(phone_number=number(1), name="Ada K.")]
        emulator = emulating(vendor)
        ids = {
            emulator.join().create(draft(vendor, start=Start.NOW, contacts=[*rows, *contacts(vendor, 2)])).id
            for rows in (twice, twice[::-1])
        }
        assert len(ids) == len(emulator.campaigns) == 1


DENIED: dict[str, Any] = {"body": {"success": False, "error": "No", "code": "no_outbound_agent"}}


def test_success_false_is_a_refusal(emulating: Emulating) -> None:
    emulator = emulating("talkifai")
    placed = emulator.join().create(draft("talkifai")).id
    for verb in ("start", "cancel"):
        emulator.fail(f"/{verb}", DENIED)
        with pytest.raises(ProviderError, match="No"):
            emulator.join().change(f"{verb}_campaign", placed)
    assert emulator.dialled == []


@pytest.mark.parametrize("vendor", VENDORS)
class TestACreationThatIsAnsweredAsNotDone:
    """With a status that means success, and "success": false."""

    def test_may_be_done_all_the_same_and_is_looked_for(self, vendor: str, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        emulator.fail(1, {**DENIED, "answer": "after"})
        assert [emulator.join(retry=Retry(attempts=4)).create(draft(vendor)).id] == list(emulator.campaigns)
        assert creations(emulator) == 1

    def test_is_unknown_if_it_is_not_found_and_not_sent_again(self, vendor: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor)
        emulator.fail(1, DENIED)
        with pytest.raises(OutcomeUnknown, match="No") as caught:
            emulator.join(retry=Retry(attempts=4)).create(wanted)
        assert isinstance(caught.value.__cause__, OutcomeUnknown)
        assert isinstance(caught.value.__cause__.__cause__, ProviderError)
        assert creations(emulator) == 1
        assert [emulator.join().create(wanted).id] == list(emulator.campaigns)

    def test_is_looked_for_longer_by_a_rerun(self, vendor: str, emulating: Emulating) -> None:
        """The vendor lists it only at the last of the looks."""
        emulator, wanted = emulating(vendor), draft(vendor, idempotency_key="listed late")
        emulator.fail(1, {**DENIED, "answer": "after"})
        looks = itertools.count()
        emulator.sandbox.fail(method="GET", path=LISTS, edit=empty, times=None, when=lambda _: next(looks) < 4 + 5)
        with pytest.raises(OutcomeUnknown):
            emulator.join().create(wanted)
        assert [emulator.join().create(wanted).id] == list(emulator.campaigns)
        assert creations(emulator) == 1

    @pytest.mark.parametrize("since", ["a minute", "it was placed"])
    def test_is_not_waited_for_longer_than_a_minute_nor_once_it_is_placed(
        self, vendor: str, since: str, emulating: Emulating, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        emulator, wanted = emulating(vendor), draft(vendor)
        emulator.fail(1, DENIED)
        with pytest.raises(OutcomeUnknown):
            emulator.join().create(wanted)
        if since == "a minute":
            late = time.time() + 61
            monkeypatch.setattr("unibatch.client.turns.time", SimpleNamespace(time=lambda: late))
        else:
            emulator.join().create(wanted)
        emulator.sandbox.reset()
        emulator.join().create(wanted)
        before = itertools.takewhile(lambda request: not request.is_write, emulator.arrivals)
        looks = [request.path for request in before]
        assert len(looks) == len(set(looks)) > 0


class TestTruedyThatSchedulesByItself:
    """One example of the vendor answers a creation with a campaign that is scheduled."""

    def test_starts_when_it_was_asked(self, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy", created="scheduled"), draft("truedy", 4, Start.at(LATER))
        placed = emulator.join().create(wanted)
        assert placed.schedule is not None
        assert placed.schedule.start == LATER
        emulator.now = LATER - timedelta(seconds=1)
        assert emulator.dialled == []

    def test_starts_now_when_it_was_asked(self, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy", created="scheduled"), draft("truedy", 4, Start.NOW)
        assert emulator.join().create(wanted).status is CampaignStatus.RUNNING

    def test_can_be_started_after_it_was_held_and_is_not_paused_then(self, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy", created="scheduled"), draft("truedy", 4, idempotency_key="spring")
        held = emulator.join().create(wanted)
        assert held.status is CampaignStatus.PAUSED
        started = emulator.join().change("start_campaign", held.id)
        assert started is not None
        assert started.status is CampaignStatus.RUNNING
        emulator.sandbox.forget_keys()
        assert emulator.join().create(wanted).status is CampaignStatus.RUNNING
        assert sorted(emulator.dialled) == numbers(wanted.contacts)

    def test_that_uses_an_unknown_word_is_an_error_each_time(self, emulating: Emulating) -> None:
        def odd(_: object, content: Any) -> Any:
            rows = content["data"] if isinstance(content["data"], list) else [content["data"]]
            for row in rows:
                row["status"] = "warming up"
            return content

        emulator, wanted = emulating("truedy"), draft("truedy", 4, Start.NOW)
        emulator.fail({"path": "^/batch-calls"}, {"edit": odd})
        for _ in range(2):
            with pytest.raises(PartlyDone, match="'warming up', which is not documented"):
                emulator.join().create(wanted)
        assert (len(emulator.campaigns), emulator.dialled) == (1, [])


def test_late_work_whose_key_is_kept_after_it_is_called_once_at_most(emulating: Emulating) -> None:
    emulator, wanted = emulating("truedy", key_kept="after the work"), draft("truedy", 4, Start.NOW)
    emulator.fail(1, late())
    client = emulator.join(retry=Retry(attempts=4))
    client.create(wanted)
    emulator.catch_up()
    for _ in range(2):
        with contextlib.suppress(InvalidInput):
            emulator.join().create(wanted)
        assert sorted(emulator.dialled) == numbers(wanted.contacts)
