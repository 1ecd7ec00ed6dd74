"""``unibatch contacts``: everybody in a campaign."""

from __future__ import annotations

import pytest

from tests.cli.drafts import VENDORS
from tests.cli.running import Run, Terminal
from unibatch.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("profiles")


def first(sandbox: Sandbox, vendor: str) -> str:
    return sandbox.campaign_ids(vendor)[0]


@pytest.mark.parametrize("vendor", VENDORS)
def test_lists_every_contact_in_order(run: Run, sandbox: Sandbox, vendor: str) -> None:
    campaign = first(sandbox, vendor)
    outcome = run("contacts", f"sandbox-{vendor}:{campaign}", "--format", "jsonl")

    expected = [contact.number for contact in sandbox.state(vendor, campaign).contacts]
    assert [row["phone_number"] for row in outcome.jsonl] == expected
    assert (outcome.code, outcome.err) == (0, "")


def test_filters_by_several_statuses(run: Run, sandbox: Sandbox) -> None:
    campaign = f"sandbox-talkifai:{first(sandbox, 'talkifai')}"
    rows = run("contacts", campaign, "--status", "retry_scheduled", "--status", "busy", "--format", "jsonl").jsonl

    assert {row["status"] for row in rows} == {"retry_scheduled", "busy"}


def test_finds_one_by_external_id(run: Run, sandbox: Sandbox) -> None:
    campaign = f"sandbox-techladder:{first(sandbox, 'techladder')}"
    rows = run("contacts", campaign, "--external-id", "22002", "--format", "jsonl").jsonl

    assert [row["external_id"] for row in rows] == ["22002"]


def test_the_vendor_filters_a_running_campaign_only_where_asked_to(run: Run, sandbox: Sandbox) -> None:
    campaign = first(sandbox, "truedy")
    arguments = ("contacts", campaign, "--status", "no_answer", "--format", "jsonl")
    by_client = run(*arguments).jsonl
    before = len(sandbox.requests)
    by_vendor = run(*arguments, "--server-filter").jsonl
    sent = sandbox.requests[before:]

    assert by_vendor == by_client != []
    assert [dict(request.query).get("status") for request in sent] == ["no_answer"] * len(sent)
    assert len(sent) < 13


def test_the_limit_ends_the_reading(run: Run, sandbox: Sandbox) -> None:
    before = len(sandbox.requests)
    outcome = run("contacts", first(sandbox, "truedy"), "--limit", "100", "--format", "jsonl")

    assert len(outcome.jsonl) == 100
    assert outcome.code == 0
    assert len(sandbox.requests) == before + 1


def test_the_table_masks_numbers_unless_told_otherwise(run: Run, sandbox: Sandbox) -> None:
    campaign = first(sandbox, "truedy")
    number = sandbox.state("truedy", campaign).contacts[0].number
    masked, shown = (run("contacts", campaign, "--limit", "3", *more).out for more in ((), ("--show-numbers",)))

    assert number not in masked
    assert "*******" in masked
    assert number in shown


def test_the_table_shows_attempts_only_where_the_vendor_gives_them(run: Run, sandbox: Sandbox) -> None:
    headers = [
        run("contacts", f"sandbox-{vendor}:{first(sandbox, vendor)}", "--limit", "1").out.splitlines()[0]
        for vendor in VENDORS
    ]

    assert ["tries" in header for header in headers] == [False, False, True]


class TestSummary:
    """A terminal gets one on stderr."""

    def test_of_a_filter_says_how_many_it_left(self, run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
        terminal()
        campaign = f"sandbox-talkifai:{first(sandbox, 'talkifai')}"
        outcome = run("contacts", campaign, "--status", "dialing", "--status", "timeout")

        assert outcome.err.endswith("of 1,240 contacts in 3 requests, complete\n")

    def test_of_a_listing_that_moved_says_how_many_passes_it_took(
        self, run: Run, sandbox: Sandbox, terminal: Terminal
    ) -> None:
        terminal(out=False)
        campaign = sandbox.create("truedy", contacts=250)
        sandbox.between_pages("truedy", campaign, remove=1, where="front")

        assert run("contacts", campaign).err == "250 contacts in 6 requests, 2 passes, complete\n"


def test_progress_goes_to_stderr_while_data_goes_elsewhere(run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
    terminal(out=False)
    outcome = run("contacts", first(sandbox, "truedy"), "--format", "csv")

    assert len(outcome.csv) == 1250
    assert "1250/1250" in outcome.err
    assert "1250/1250" not in outcome.out
