"""What is in the sandbox from the beginning."""

from __future__ import annotations

from collections import Counter

import phonenumbers

import unibatch.sandbox
from tests.sandbox.conftest import RUNNING
from unibatch.sandbox import Sandbox

SEEDED = True


class TestEveryVendor:
    def test_the_first_campaign_is_large_and_half_finished(self, sandbox: Sandbox, vendor: str) -> None:
        state = sandbox.state(vendor, sandbox.campaign_ids(vendor)[0])
        finished = sum(contact.final for contact in state.contacts)
        assert state.status == RUNNING[vendor]
        assert len(state.contacts) >= 1200
        assert 0.3 < finished / len(state.contacts) < 0.7

    def test_one_seed_gives_one_course_of_events(self, vendor: str) -> None:
        """Also after a reset: the first one makes the seeded state again, and the others go back to it."""
        courses = []
        with unibatch.sandbox.serve(enforce_rate_limits=False) as sandbox:
            first = sandbox.campaign_ids(vendor)[0]
            for _ in range(3):
                new = sandbox.create(vendor, 5, status=RUNNING[vendor])
                sandbox.advance(calls=50)
                courses.append((sandbox.state(vendor, first), sandbox.state(vendor, new), sandbox.dialled))
                sandbox.reset()
        assert courses == [courses[0]] * 3

    def test_seeded_numbers_are_valid_for_phonenumbers(self, sandbox: Sandbox, vendor: str) -> None:
        contacts = sandbox.state(vendor, sandbox.campaign_ids(vendor)[0]).contacts
        assert all(phonenumbers.is_valid_number(phonenumbers.parse(contact.number)) for contact in contacts)

    def test_no_number_is_in_two_campaigns(self, sandbox: Sandbox, vendor: str) -> None:
        numbers = Counter(
            contact.number
            for campaign in sandbox.campaign_ids(vendor)
            for contact in sandbox.state(vendor, campaign).contacts
        )
        assert max(numbers.values()) == 1


VOCABULARY = {
    "truedy": {
        "pending", "scheduled", "queued", "in-progress", "completed", "ended", "failed", "cancelled",
        "voicemail", "no_answer",
    },
    "techladder": {
        "pending", "queued", "in_progress", "completed", "failed", "no_answer", "busy", "cancelled",
    },
    "talkifai": {
        "pending", "queued", "dialing", "completed", "no_answer", "busy", "timeout", "blocked", "invalid_number",
        "carrier_error", "failed", "cancelled",
    },
}  # fmt: skip


def test_seeded_contacts_show_the_vendors_vocabulary(sandbox: Sandbox, vendor: str) -> None:
    words = {
        contact.status
        for campaign in sandbox.campaign_ids(vendor)
        for contact in sandbox.state(vendor, campaign).contacts
    }
    assert words >= VOCABULARY[vendor]


def test_another_seed_gives_other_people() -> None:
    with unibatch.sandbox.serve(seed=1) as one, unibatch.sandbox.serve(seed=2) as other:
        assert one.campaign_ids("truedy") != other.campaign_ids("truedy")
        numbers = [
            [contact.number for contact in sandbox.state("truedy", sandbox.campaign_ids("truedy")[0]).contacts]
            for sandbox in (one, other)
        ]
        assert numbers[0] != numbers[1]
