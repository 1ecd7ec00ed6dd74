"""A campaign that no longer shows which draft it is of is not placed once more, wherever a look can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.writing.conftest import Emulating, Emulator, contacts, draft, one_client
from unibatch import Start
from unibatch.core.overlap import OverlapFound

pytestmark = [pytest.mark.usefixtures("impatient"), one_client]

ACCEPTED = ["idempotency_key"]


@pytest.fixture
def other_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """From when it is called, nothing is known of what was placed before."""
    return lambda: monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def edit(emulator: Emulator, **changes: Any) -> None:
    """Change the only campaign, as somebody does in the vendor's dashboard, an hour after it was placed."""
    emulator.sandbox.forget_keys()
    emulator.sandbox.advance(seconds=3_600)
    (campaign,) = emulator.sandbox._vendors[emulator.vendor].campaigns.values()
    for name, value in changes.items():
        setattr(campaign, name, value)
    campaign.updated_at = emulator.sandbox.now.timestamp()


def lose_one(emulator: Emulator) -> None:
    (campaign,) = emulator.sandbox._vendors[emulator.vendor].campaigns.values()
    edit(emulator, contacts=campaign.contacts[1:])


WITHOUT_MARK = {"truedy": {"name": "Renewals"}, "talkifai": {"description": "Renewals"}}


@pytest.mark.parametrize("vendor", WITHOUT_MARK)
@pytest.mark.parametrize("start", [Start.HOLD, Start.NOW], ids=["held", "over"])
def test_one_whose_mark_was_removed_is_known_on_the_machine_that_placed_it(
    vendor: str, start: Start, emulating: Emulating
) -> None:
    emulator, wanted = emulating(vendor), draft(vendor, 3, start, idempotency_key="spring")
    placed = emulator.join().create(wanted).id
    edit(emulator, **WITHOUT_MARK[vendor])
    for body in (wanted, attrs.evolve(wanted, contacts=contacts(vendor, 4))):
        with pytest.raises(OverlapFound, match=rf"are in {placed}.*Go on with {placed}.*accept_loss=") as caught:
            emulator.join().create(body)
        assert caught.value.campaign.id == placed
    other = emulator.join().create(wanted, ACCEPTED)
    assert [placed, other.id] == list(emulator.campaigns)
    assert emulator.join().create(wanted).id == other.id


def test_on_another_machine_a_held_one_with_the_same_people_may_be_of_the_draft(
    emulating: Emulating, other_machine: Any
) -> None:
    emulator, wanted = emulating("truedy"), draft("truedy", 3, idempotency_key="spring")
    placed = emulator.join().create(wanted).id
    edit(emulator, name="Renewals")
    other_machine()
    with pytest.raises(OverlapFound, match=rf"are in {placed}.*lost the mark of the key.*accept_loss="):
        emulator.join().create(wanted)
    emulator.join().create(attrs.evolve(wanted, contacts=contacts("truedy", 4)))  # which is another draft
    assert len(emulator.campaigns) == 2


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_one_without_a_key_that_lost_a_contact_and_is_over(
    emulating: Emulating, other_machine: Any, *, is_elsewhere: bool
) -> None:
    emulator, wanted = emulating("truedy"), draft("truedy", 12, Start.NOW)
    placed = emulator.join().create(wanted).id
    lose_one(emulator)
    if is_elsewhere:
        other_machine()
    with pytest.raises(OverlapFound, match=rf"are in {placed}, which is completed, and may have been called by it"):
        emulator.join().create(wanted)
    emulator.join().create(attrs.evolve(wanted, idempotency_key="again"))
    assert len(emulator.campaigns) == 2


@pytest.mark.parametrize("changes", [{"name": "Autumn calls"}, {"contacts": contacts("truedy", 15)}])
def test_one_of_another_name_or_of_far_fewer_people_that_is_over_is_of_another_draft(
    changes: dict[str, Any], emulating: Emulating
) -> None:
    emulator, wanted = emulating("truedy"), draft("truedy", 12, Start.NOW)
    emulator.join().create(wanted)
    lose_one(emulator)
    emulator.join().create(attrs.evolve(wanted, **changes))
    assert len(emulator.campaigns) == 2


def test_an_id_that_another_draft_was_placed_with_since_says_nothing(emulating: Emulating) -> None:
    """A sandbox that begins anew repeats its ids, and its clock."""
    wanted, other = (draft("truedy", 3, idempotency_key=key) for key in ("one", None))
    emulating("truedy").join().create(wanted)
    emulator = emulating("truedy")
    emulator.join().create(other)
    emulator.join().create(wanted)
    assert len(emulator.campaigns) == 2
