"""What a vendor makes of a draft is compared with it, when it is new and whenever the draft is placed again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import attrs
import pytest

from tests.bothways import VENDORS
from tests.writing.conftest import LATER, Emulating, Emulator, draft, number, numbers, one_client
from tests.writing.faults import AFTER
from unibatch import CampaignStatus, Start
from unibatch.core.errors import InvalidInput, OutcomeUnknown, PartlyDone, UnsupportedFeature

pytestmark = [pytest.mark.usefixtures("impatient"), one_client]

STARTS = {"hold": Start.HOLD, "now": Start.NOW, "at": Start.at(LATER)}

CAMPAIGNS = {"truedy": "^/batch-calls", "techladder": "^/call-batches", "talkifai": "^/batch/"}
"""The paths of campaigns and of their contacts."""

MARKED = {"truedy": "name", "techladder": "external_id", "talkifai": "description"}
"""What a campaign is recognised by."""


def edited(emulator: Emulator, change: Callable[[dict[str, Any]], None]) -> None:
    """Change every object of every answer."""

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            change(value)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(inner)

    def edit(_: object, content: Any) -> Any:
        walk(content)
        return content

    emulator.fail({"path": CAMPAIGNS[emulator.vendor]}, {"edit": edit})


@pytest.mark.parametrize("word", ["warming", None])
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_status_that_says_nothing_is_an_error_each_time(
    vendor: str, start: str, word: str | None, emulating: Emulating
) -> None:
    def say(row: dict[str, Any]) -> None:
        if "status" in row and row.keys() & {"total_contacts", "totalContacts"}:
            row["status"] = word

    emulator, wanted = emulating(vendor), draft(vendor, 4, STARTS[start], idempotency_key="spring")
    edited(emulator, say)
    for _ in range(2):
        with pytest.raises(PartlyDone, match="'warming', which is not documented" if word else "it has no status"):
            emulator.join().create(wanted)
    assert len(emulator.campaigns) == 1


@pytest.mark.parametrize("key", [None, "spring"])
@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("vendor", VENDORS)
def test_what_cannot_be_recognised_is_not_placed_again_without_asking(
    vendor: str, key: str | None, *, over: bool, emulating: Emulating
) -> None:
    emulator, wanted = emulating(vendor), draft(vendor, 4, Start.NOW, idempotency_key=key)
    edited(emulator, lambda row: row.pop(MARKED[vendor], None) and None)
    placed = emulator.join().create(wanted).id
    if over:
        emulator.set_status(placed, "completed")
    if (vendor, key) == ("truedy", None):  # recognised by everything else
        if not over:
            assert emulator.join().create(wanted).id == placed
        return
    with pytest.raises(InvalidInput, match=rf"are in {placed}, .*accept_loss=\['idempotency_key'\]"):
        emulator.join().create(wanted)
    assert len(emulator.campaigns) == 1
    emulator.sandbox.forget_keys()
    assert emulator.join().create(wanted, ["idempotency_key"]).id != placed


@pytest.mark.parametrize("status", [408, 409, 425, 499])
@pytest.mark.parametrize("vendor", VENDORS)
class TestARefusalThatProvesNothing:
    def test_is_looked_into(self, vendor: str, status: int, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4)
        emulator.fail(1, {**AFTER["500 after"], "status": status})
        assert [emulator.join().create(wanted).id] == list(emulator.campaigns)

    def test_is_an_unknown_outcome_if_nothing_is_found(self, vendor: str, status: int, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4, name="Unknown calls")
        emulator.fail(1, {"status": status})
        with pytest.raises(OutcomeUnknown):
            emulator.join().create(wanted)
        assert len(emulator.writes) == 1


SINCE: Mapping[str, str | None] = {"at": "running already, and was to start at", "hold": None, "now": None}
"""What is wrong with a campaign that runs, by how it was to begin: one that was held may have been started."""


@pytest.mark.parametrize("start", SINCE)
@pytest.mark.parametrize("vendor", VENDORS)
def test_placed_again_only_what_differs_from_the_draft_is_an_error(
    vendor: str, start: str, emulating: Emulating
) -> None:
    wrong = SINCE[start]
    emulator, wanted = emulating(vendor), draft(vendor, 4, STARTS[start], idempotency_key="spring")
    placed = emulator.join().create(wanted).id
    emulator.set_status(placed, "running" if vendor == "talkifai" else "active")
    for _ in range(2):
        if wrong is None:
            assert emulator.join().create(wanted).status is CampaignStatus.RUNNING
            continue
        with pytest.raises(PartlyDone, match=f"{placed} is there, but it is {wrong}") as caught:
            emulator.join().create(wanted)
        assert not caught.value.is_as_asked
    assert len(emulator.campaigns) == 1


def test_another_start_given_since_is_an_error_that_names_both(emulating: Emulating) -> None:
    emulator, wanted = emulating("truedy"), draft("truedy", 4, Start.at(LATER), idempotency_key="spring")
    placed = emulator.join().create(wanted).id
    emulator.sandbox.advance(seconds=60)
    emulator.set_status(placed, "scheduled", starts_at=LATER + timedelta(hours=1))
    with pytest.raises(PartlyDone, match=f"it starts at .*, not at {LATER:%Y-%m-%dT%H:%M:%SZ}"):
        emulator.join().create(wanted)


def test_a_campaign_that_lacks_somebody_is_not_started_by_a_rerun(emulating: Emulating) -> None:
    emulator = emulating("truedy", drops={number(101)})
    wanted = draft("truedy", 4, Start.NOW, idempotency_key="spring")
    for _ in range(2):
        with pytest.raises(PartlyDone, match=r"3 contacts where 4 were sent|that are missing: 1"):
            emulator.join().create(wanted)
    assert emulator.dialled == []


def test_a_batch_with_somebody_twice_is_found_again(emulating: Emulating) -> None:
    emulator, wanted = emulating("techladder"), draft("techladder", 4, Start.NOW)
    placed = emulator.join().create(wanted).id

    def more(row: dict[str, Any]) -> None:
        if "total_contacts" in row:
            row["total_contacts"] = 5

    edited(emulator, more)
    with pytest.raises(PartlyDone, match=f"{placed} was created with 5 contacts where 4 were sent.*who is there twice"):
        emulator.join().create(wanted)
    assert sorted(emulator.dialled) == numbers(wanted.contacts)


def test_a_job_whose_start_was_lost_is_not_started_again_while_it_is_pending(emulating: Emulating) -> None:
    """Its calls may be enqueued, and a second start would enqueue them once more."""
    emulator = emulating("talkifai")
    placed = emulator.join().create(draft("talkifai", 4)).id
    emulator.fail("/start", AFTER["cut after"])

    def shows_pending(row: dict[str, Any]) -> None:
        if row.get("status") == "running":
            row["status"] = "pending"

    edited(emulator, shows_pending)
    with pytest.raises(OutcomeUnknown):
        emulator.join().change("start_campaign", placed)
    emulator.no_faults()
    edited(emulator, shows_pending)
    with pytest.raises(UnsupportedFeature, match="its calls may be enqueued"):
        emulator.join().change("start_campaign", placed)
    assert len(emulator.writes) == 2


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=1)])
def test_one_that_was_renamed_long_after_it_was_placed_may_be_the_same(
    later: timedelta, emulating: Emulating, caplog: pytest.LogCaptureFixture
) -> None:
    emulator, wanted = emulating("truedy"), draft("truedy", 4, Start.at(LATER))
    placed = emulator.join().create(wanted).id
    emulator.sandbox.advance(seconds=later.total_seconds())
    emulator.set_status(placed, "scheduled", starts_at=LATER)
    emulator.sandbox.forget_keys()
    renamed = attrs.evolve(wanted, name="Autumn calls")
    if later:
        with pytest.raises(InvalidInput, match=f"are in {placed}, .*name: Spring calls there, Autumn calls here"):
            emulator.join().create(renamed)
    else:
        emulator.join().create(renamed)
        assert f"most numbers of this draft are in {placed} too" in caplog.text
