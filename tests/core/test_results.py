"""The columns of a page, which are a sequence of contacts too."""

from datetime import UTC, datetime, timedelta
from typing import Any

from unibatch.core.model import Contact
from unibatch.core.paging import Page, Pager, Paging
from unibatch.core.results import COLUMNS, Results
from unibatch.core.status import CallStatus

WHEN = datetime(2026, 3, 5, 9, tzinfo=UTC)


def contact(number: int, **about: Any) -> Contact:
    usual: dict[str, Any] = {"phone_number": f"+1212555{number:04}", "phone_valid": True, "is_final": True}
    usual |= {"provider": "acme", "campaign_id": "b1", "status": CallStatus.COMPLETED}
    return Contact(id=f"c{number}", **{**usual, **about})


CONTACTS = [
    contact(1, attempts=2, duration=timedelta(seconds=30), last_attempt_at=WHEN, ended_at=WHEN),
    contact(2, status=CallStatus.PENDING, is_final=False, next_attempt_at=WHEN),
    contact(3, phone_number="", phone_valid=False, started_at=WHEN, attempts=0),
]


def test_columns_hold_all_that_their_contacts_have() -> None:
    results = Results.of(CONTACTS)
    assert list(results) == CONTACTS
    assert (len(results), results[1], results[-1:]) == (3, CONTACTS[1], CONTACTS[2:])
    assert Results.of(results) is results
    assert list(Results.of([])) == []


def test_what_a_vendor_does_not_state_is_none_for_every_contact() -> None:
    needed = {name: getattr(Results.of(CONTACTS), name) for name in COLUMNS[:5]}
    results = Results(provider="acme", campaign_id="b1", **needed)
    assert [list(getattr(results, name)) for name in COLUMNS[5:]] == [[None] * 3] * len(COLUMNS[5:])


def test_a_part_is_the_columns_of_some_of_the_contacts() -> None:
    results = Results.of(CONTACTS)
    assert list(results.where([True, False, True])) == [CONTACTS[0], CONTACTS[2]]
    parts = results.by(each.attempts for each in CONTACTS)
    assert {value: list(part) for value, part in parts.items()} == {
        2: CONTACTS[:1],
        None: CONTACTS[1:2],
        0: CONTACTS[2:],
    }


def test_pages_are_put_together_in_their_order() -> None:
    pages = [Results.of(CONTACTS[:1]), Results.of([]), Results.of(CONTACTS[1:])]
    assert list(Results.joined(pages)) == CONTACTS


def test_a_listing_drops_repeated_contacts_from_columns() -> None:
    pager: Pager[Contact] = Pager(Paging("page", 3), lambda each: each.id)
    pages = [Results.of(CONTACTS), Results.of([CONTACTS[2], contact(4)])]
    new = [pager.accept(Page(items=page, ids=page.id, has_more=page is pages[0])) for page in pages]
    assert new[0] is pages[0]
    assert new[1] == [contact(4)]
    assert pager.report.duplicates == 1


def test_a_listing_asks_no_row_for_an_id_that_is_at_hand() -> None:
    pager: Pager[int] = Pager(Paging("page", 3), lambda _: "the same for all")
    assert pager.accept(Page(items=[1, 2], ids=["a", "b"], has_more=False)) == [1, 2]
