"""People of a draft who are in another open campaign of the same agent are noticed before anybody is called twice."""

from __future__ import annotations

import pytest

from tests.writing.conftest import VENDORS, Emulating, contacts, draft, number, numbers
from unibatch.core.overlap import OverlapFound

pytestmark = [pytest.mark.usefixtures("impatient"), pytest.mark.parametrize("vendor", VENDORS)]


def test_a_draft_is_refused_if_that_is_wanted(emulating: Emulating, vendor: str) -> None:
    emulator = emulating(vendor)
    first = emulator.join().create(draft(vendor))
    with pytest.raises(OverlapFound, match=f"are in {first.id}.*Nothing was sent") as caught:
        emulator.join().create(draft(vendor, contacts=contacts(vendor, 4)), refuse_overlap=True)
    assert (caught.value.campaign.id, numbers(caught.value.missing or ())) == (first.id, [number(103)])
    assert list(emulator.campaigns) == [first.id]


def test_otherwise_it_is_a_warning(emulating: Emulating, vendor: str, caplog: pytest.LogCaptureFixture) -> None:
    emulator = emulating(vendor)
    first = emulator.join().create(draft(vendor))
    emulator.join().create(draft(vendor, contacts=contacts(vendor, 4), name="Autumn calls"))
    assert f"most numbers of this draft are in {first.id} too" in caplog.text
    assert len(emulator.campaigns) == 2


def test_the_same_draft_and_other_people_are_no_reason(emulating: Emulating, vendor: str) -> None:
    emulator = emulating(vendor)
    first = emulator.join().create(draft(vendor))
    assert emulator.join().create(draft(vendor), refuse_overlap=True).id == first.id
    others = draft(vendor, contacts=contacts(vendor, 3, first=105))
    assert emulator.join().create(others, refuse_overlap=True).id != first.id
