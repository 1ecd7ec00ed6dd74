"""Who is moved and who is kept back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibatch import CallStatus, Contact, InvalidInput
from unibatch.core.phone import subscriber_key
from unibatch.workflows.contacts.skipping import numbers_to_skip
from unibatch.workflows.migrate.convert import attempts_left
from unibatch.workflows.migrate.decide import NO_NUMBER, RULES, Choice, Decision, decide
from unibatch.workflows.migrate.stored import Reading

NUMBER, OTHER = "+12125550123", "+12125550124"
ONE_SUBSCRIBER = ("+525555501234", "+5215555501234")  # Mexico, without and with the old 1

MOVED = {"pending", "queued", "retry_scheduled", "no_answer", "busy", "timeout", "carrier_error"}
NEVER_MOVED = {"dialing", "placed", "ringing", "answered", "in_progress", "completed"}
RISKY = {"rejected", "blocked"}


def contact(status: str, number: str = NUMBER, contact_id: str = "1", **about: Any) -> Contact:
    about = {"phone_valid": True, "is_final": False, **about}
    return Contact(
        id=contact_id, provider="truedy", campaign_id="b", phone_number=number, status=CallStatus(status), **about
    )


def rows(*statuses: str, numbers: tuple[str, ...] = (NUMBER,)) -> list[Contact]:
    """Rows of one campaign, with these numbers in turn."""
    return [
        contact(status, numbers[index % len(numbers)], f"c{index}", email=f"{index}@example.com")
        for index, status in enumerate(statuses)
    ]


def moved(decisions: list[Decision]) -> list[str]:
    return [decision.contact.id for decision in decisions if decision.moves]


class TestStatuses:
    def test_each_has_a_rule_with_a_reason(self) -> None:
        assert set(RULES) == set(CallStatus)
        assert [status for status, rule in RULES.items() if not rule.reason or (rule.moves and rule.fixed)] == []

    @pytest.mark.parametrize("status", CallStatus)
    def test_are_decided_by_default(self, status: CallStatus) -> None:
        (decision,) = decide([contact(status)])
        assert (decision.moves, decision.reason) == (status in MOVED, RULES[status].reason)

    @pytest.mark.parametrize("status", CallStatus)
    def test_can_be_chosen_unless_they_were_reached_or_are_in_a_call(self, status: CallStatus) -> None:
        if status in NEVER_MOVED:
            with pytest.raises(InvalidInput, match=f"{status} cannot be moved"):
                Choice(also=[status])
        else:
            choice = Choice(also=[status], accept_risk=[status] if status in RISKY else [])
            assert [decision.moves for decision in decide([contact(status)], choice)] == [True]

    @pytest.mark.parametrize("status", sorted(RISKY))
    def test_a_risk_has_to_be_accepted_by_its_name(self, status: str) -> None:
        with pytest.raises(InvalidInput, match=rf"has a risk: .*called again\. .*name {status} in accept_risk"):
            Choice(only=[status])

    def test_only_and_without_take_from_those_who_move(self) -> None:
        everybody = [contact(status, f"+1212555{1000 + index}", status) for index, status in enumerate(CallStatus)]
        only = decide(everybody, Choice(only=["pending", "voicemail"]))
        without = decide(everybody, Choice(without=["busy", "completed"]))

        assert {*moved(only)} == {"pending", "voicemail"}
        assert {*moved(without)} == MOVED - {"busy"}
        reasons = {decision.contact.id: decision.reason for decision in only}
        assert reasons["busy"] == "the line was busy; you left busy out"
        assert reasons["voicemail"] == "an answering machine picked up; you chose to move voicemail"

    @pytest.mark.parametrize(
        ("given_choice", "message"),
        [
            ({"only": ["later"]}, "'later' is no status of a call"),
            ({"only": "pending"}, "expected statuses in a list"),
            ({"only": ["pending"], "also": ["voicemail"]}, "either only or also"),
            ({"only": ["pending"], "without": ["pending"]}, "pending cannot be both"),
            ({"accept_risk": ["blocked"]}, "accept_risk names blocked, and neither only nor also"),
            ({"also": ["failed"], "accept_risk": ["failed"]}, "accept_risk is for rejected and blocked, not for fai"),
            ({"max_attempts": 0}, "max_attempts must be a whole number, 1 or more"),
        ],
    )
    def test_a_choice_that_makes_no_sense_is_refused(self, given_choice: dict[str, Any], message: str) -> None:
        with pytest.raises(InvalidInput, match=message):
            Choice(**given_choice)


class TestOneSubscriber:
    @pytest.mark.parametrize("status", sorted(NEVER_MOVED | RISKY | {"voicemail", "failed", "skipped", "unknown"}))
    def test_a_row_that_must_not_be_called_keeps_the_others_back(self, status: str) -> None:
        first, second, third = decide(rows("pending", status, "no_answer"))
        assert (first.moves, second.moves, third.moves) == (False, False, False)
        assert first.reason == third.reason == f"another row of the same number is kept back: {second.reason}"

    @pytest.mark.parametrize("status", ["cancelled", "expired"])
    def test_a_row_that_was_only_not_called_does_not(self, status: str) -> None:
        assert moved(decide(rows(status, "pending"))) == ["c1"]

    def test_a_row_that_the_user_left_out_keeps_the_others_back(self) -> None:
        assert moved(decide(rows("pending", "no_answer"), Choice(without=["no_answer"]))) == []

    def test_of_several_rows_the_one_that_says_most_moves(self) -> None:
        says_most = contact("busy", contact_id="most", name="Ann Lee", email="a@example.com")
        assert moved(decide([contact("pending", contact_id="a"), says_most, contact("queued")])) == ["most"]

    def test_which_row_moves_does_not_depend_on_their_order(self) -> None:
        alike = [contact("pending", contact_id=name) for name in "bac"]
        assert moved(decide(alike)) == moved(decide(alike[::-1])) == ["a"]

    @pytest.mark.parametrize(("second", "expected"), [("pending", 1), ("completed", 0)])
    def test_spellings_of_one_number_are_one_subscriber(self, second: str, expected: int) -> None:
        assert len(moved(decide(rows("pending", second, numbers=ONE_SUBSCRIBER)))) == expected

    def test_the_calls_of_all_rows_count(self) -> None:
        called = [contact("no_answer", contact_id="a", attempts=2), contact("busy", contact_id="b", attempts=1)]
        assert len(moved(decide(called, Choice(max_attempts=4)))) == 1
        kept, _ = decide(called, Choice(max_attempts=3))
        assert (kept.moves, kept.reason) == (False, "called 3 times already, and at most 3 times are allowed")

    @given(
        st.lists(
            st.tuples(st.sampled_from(CallStatus), st.sampled_from([NUMBER, OTHER, *ONE_SUBSCRIBER, "n/a", ""])),
            max_size=12,
        )
    )
    def test_everybody_is_decided_once_and_moves_at_most_once(self, people: list[tuple[CallStatus, str]]) -> None:
        contacts = [
            contact(status, number, f"c{index}", phone_valid=number.startswith("+"))
            for index, (status, number) in enumerate(people)
        ]
        decisions = decide(contacts)
        subscribers = [subscriber_key(each.contact.phone_number) for each in decisions if each.moves]

        assert [decision.contact for decision in decisions] == contacts
        assert len(subscribers) == len(set(subscribers))
        assert all(decision.reason for decision in decisions)
        held = {subscriber_key(each.phone_number) for each in contacts if RULES[each.status].fixed}
        assert held.isdisjoint(subscribers)


class TestOtherReasons:
    @pytest.mark.parametrize("number", ["", "anonymous", "020 7946 0018"])
    def test_who_has_no_number_is_kept_back_alone(self, number: str) -> None:
        without = [contact("pending", number, contact_id, phone_valid=False) for contact_id in "ab"]
        assert [(each.moves, each.reason) for each in decide(without)] == [(False, NO_NUMBER)] * 2

    def test_the_skip_list_counts_in_any_spelling(self) -> None:
        never = numbers_to_skip([ONE_SUBSCRIBER[0]], None)
        old, _ = decide([contact("pending", ONE_SUBSCRIBER[1]), contact("pending", OTHER, "2")], never=never)
        assert (old.moves, old.reason) == (False, "its number is in the list of those that must never be called")

    def test_whom_the_target_does_not_take_is_kept_back(self) -> None:
        def unfit(each: Contact) -> str | None:
            return "too short" if each.phone_number == NUMBER else None

        kept, moves = decide([contact("pending"), contact("pending", OTHER, "2")], unfit=unfit)
        assert (kept.moves, kept.reason, moves.moves) == (False, "the target does not take it: too short", True)

    @pytest.mark.parametrize(
        ("before", "moves", "reason"),
        [
            ("pending", True, "not called yet"),
            ("no_answer", True, "nobody picked up"),
            ("dialing", False, "a call was under way, and its result is not known"),
            ("failed", False, RULES[CallStatus.FAILED].reason),
            ("cancelled", False, "cancelled before the migration"),
            (None, False, "cancelled before the migration"),
        ],
    )
    def test_who_was_cancelled_to_stop_the_source_is_decided_by_the_status_before(
        self, before: str | None, *, moves: bool, reason: str
    ) -> None:
        known = {} if before is None else {"1": CallStatus(before)}
        (decision,) = decide([contact("cancelled")], before=known)
        assert (decision.moves, decision.reason) == (moves, reason)

    def test_the_status_now_decides_on_who_was_not_cancelled(self) -> None:
        (decision,) = decide([contact("completed")], before={"1": CallStatus.PENDING})
        assert decision.moves is False


class TestAttemptsLeft:
    @pytest.mark.parametrize(
        ("made", "most", "left", "fit"),
        [
            ((0, 0), 3, 3, None),
            ((0, 0), None, None, None),
            ((1, 1), 3, 2, "mapped"),
            ((0, 2), 3, 1, "lossy"),
            ((0, 2), None, None, "lossy"),
            ((), 3, 3, None),
        ],
    )
    def test_nobody_is_called_more_often_than_allowed(
        self, made: tuple[int, ...], most: int | None, left: int | None, fit: str | None
    ) -> None:
        called = [
            contact("no_answer", f"+1212555{1000 + index}", f"c{index}", attempts=number)
            for index, number in enumerate(made)
        ]
        number, finding = attempts_left(decide(called, Choice(max_attempts=most)), most)
        assert (number, finding and finding.fit) == (left, fit)

    @pytest.mark.parametrize(("status", "attempts"), [("pending", 0), ("no_answer", 1), ("retry_scheduled", 1)])
    def test_a_vendor_that_does_not_count_called_once_whom_it_called(self, status: str, attempts: int) -> None:
        (decision,) = decide([contact(status)])
        assert decision.attempts == attempts


@pytest.mark.parametrize(
    ("earlier", "now", "shows"),
    [
        ({}, {}, False),
        ({"attempts": 0}, {"attempts": 1}, True),
        ({"attempts": 1, "call_id": "call_1"}, {"attempts": 1, "call_id": "call_1"}, False),
        ({"call_id": "call_1"}, {}, False),
        ({}, {"call_id": "call_1"}, True),
        ({"call_id": "call_1"}, {"call_id": "call_2"}, True),
        ({}, {"started_at": datetime(2026, 3, 1, tzinfo=UTC)}, True),
        ({}, {"duration": timedelta(0)}, False),
        ({}, {"duration": timedelta(seconds=9)}, True),
    ],
)
def test_who_was_called_right_before_a_cancellation_shows_it(
    earlier: dict[str, Any],
    now: dict[str, Any],
    shows: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A vendor may make everybody cancelled, also those whom it called since they were read last."""
    before = Reading.load(Reading.of(contact("pending", **earlier)).store())
    assert before is not None
    assert Reading.of(contact("cancelled", **now)).shows_attempt_since(before) is shows
