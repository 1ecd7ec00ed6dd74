"""The simulated dialler: who is called, when, and that it is the same each time."""

from __future__ import annotations

import re
from typing import Any

import pytest

import unibatch.sandbox
from tests.sandbox.conftest import RUNNING
from unibatch.sandbox import Sandbox

FICTION = re.compile(r"\+1[2-9][0-9]{2}55501[0-9]{2}|\+44(1[0-9]{2}496|191498|207946)0[0-9]{3}")
"""The ranges that regulators keep free for films and books."""


class TestEveryVendor:
    def test_so_many_calls_are_made_and_are_over_then(self, sandbox: Sandbox, vendor: str) -> None:
        campaign = sandbox.create(vendor, 30, status=RUNNING[vendor])
        assert sandbox.advance(calls=10, vendor=vendor, campaign_id=campaign) == 10
        state = sandbox.state(vendor, campaign)
        assert sum(state.dialled.values()) == sum(contact.attempts for contact in state.contacts) == 10
        under_way = {"ringing", "in-progress", "answered", "in_progress", "dialing"}
        assert not under_way & {contact.status for contact in state.contacts}

    def test_concurrency_is_honoured(self, sandbox: Sandbox, vendor: str) -> None:
        campaign = sandbox.create(vendor, 30, status=RUNNING[vendor], concurrency=3)
        sandbox.advance(seconds=0)
        assert sum(sandbox.state(vendor, campaign).dialled.values()) == 3

    def test_only_running_campaigns_are_dialled(self, sandbox: Sandbox, vendor: str) -> None:
        campaign = sandbox.create(vendor, 5)
        assert sandbox.advance(calls=5, vendor=vendor, campaign_id=campaign) == 0
        assert sandbox.state(vendor, campaign).dialled == {}

    def test_a_campaign_completes_when_nobody_is_left(self, sandbox: Sandbox, vendor: str) -> None:
        campaign = sandbox.create(vendor, 5, status=RUNNING[vendor])
        sandbox.advance(seconds=86_400)
        state = sandbox.state(vendor, campaign)
        assert state.status == "completed"
        assert all(contact.final and contact.attempts for contact in state.contacts)

    def test_nobody_real_could_be_called(self, sandbox: Sandbox, vendor: str) -> None:
        campaign = sandbox.create(vendor, 3000)
        numbers = [contact.number for contact in sandbox.state(vendor, campaign).contacts]
        assert [number for number in numbers if not FICTION.fullmatch(number)] == []


def test_an_answered_call_rings_and_is_talked_through(sandbox: Sandbox) -> None:
    campaign = sandbox.create("techladder", 40, status="active", concurrency=10)
    seen = set()
    for _ in range(200):
        sandbox.advance(seconds=1)
        seen |= {contact.status for contact in sandbox.state("techladder", campaign).contacts}
    assert {"pending", "queued", "ringing", "answered", "in_progress", "completed"} <= seen


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"seconds": -1}, "backwards"),
        ({}, "either"),
        ({"calls": 1, "seconds": 1}, "either"),
        ({"seconds": 1, "vendor": "truedy"}, "calls only"),
        ({"calls": 1, "campaign_id": "batch_1"}, "needs its vendor"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(sandbox: Sandbox, arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        sandbox.advance(**arguments)


def test_the_simulated_clock_shows_a_fixed_moment_until_it_is_moved(sandbox: Sandbox) -> None:
    assert sandbox.now.isoformat() == "2026-03-10T09:00:00+00:00"
    sandbox.advance(seconds=90)
    assert sandbox.now.isoformat() == "2026-03-10T09:01:30+00:00"


def test_everything_dialled_is_counted_across_vendors(sandbox: Sandbox) -> None:
    for vendor, status in RUNNING.items():
        sandbox.create(vendor, 20, status=status)
    assert sandbox.advance(calls=30) == 30
    assert sum(sandbox.dialled.values()) == 30


def test_a_real_clock_drives_the_simulated_one() -> None:
    wall = [1_800_000_000.0]
    with unibatch.sandbox.serve(seeded=False, clock="real", speed=10, wall=lambda: wall[0]) as sandbox:
        start = sandbox.now
        assert start.timestamp() == wall[0]
        campaign = sandbox.create("talkifai", 1, status="running")
        wall[0] += 60
        assert (sandbox.now - start).total_seconds() == 600
        assert sum(sandbox.state("talkifai", campaign).dialled.values()) == 1


def test_cancelling_by_hand_cancels_contacts(sandbox: Sandbox) -> None:
    campaign = sandbox.create("truedy", 4, status="active")
    sandbox.set_status("truedy", campaign, "cancelled")
    assert {contact.status for contact in sandbox.state("truedy", campaign).contacts} == {"cancelled"}
