"""The commands ``campaigns``, ``show`` and ``contacts``: what is read, and how a campaign is named."""

from __future__ import annotations

import pytest

import unibatch
from tests.cli.running import Run, Terminal
from unibatch.core.to_dict import to_dict
from unibatch.sandbox import Sandbox

VENDORS = ("truedy", "techladder", "talkifai")

pytestmark = pytest.mark.usefixtures("profiles")


def first(sandbox: Sandbox, vendor: str) -> str:
    return sandbox.campaign_ids(vendor)[0]


class TestCampaigns:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_lists_every_campaign_of_the_profile(self, run: Run, sandbox: Sandbox, vendor: str) -> None:
        rows = run("campaigns", "-p", f"sandbox-{vendor}", "--format", "jsonl").jsonl

        assert {row["id"] for row in rows} == set(sandbox.campaign_ids(vendor))

    def test_uses_the_default_profile_where_none_is_named(self, run: Run) -> None:
        assert {row["provider"] for row in run("campaigns", "--format", "jsonl").jsonl} == {"truedy"}

    def test_filters_by_several_statuses(self, run: Run) -> None:
        rows = run("campaigns", "--status", "draft", "--status", "PAUSED", "--format", "jsonl").jsonl

        assert {row["status"] for row in rows} == {"draft", "paused"}

    def test_filters_by_agent(self, run: Run) -> None:
        assert run("campaigns", "--agent", "nobody") == (0, "", "")

    def test_stops_at_the_limit(self, run: Run) -> None:
        assert len(run("campaigns", "--limit", "2", "--format", "jsonl").jsonl) == 2

    def test_the_table_shows_the_vendors_word_beside_the_status(self, run: Run) -> None:
        lines = run("campaigns", "--status", "running").out.splitlines()

        assert lines[2].split()[-7:] == ["running", "active", *lines[2].split()[-5:]]
        assert "at Truedy" in lines[0]

    def test_a_dash_stands_for_what_the_vendor_does_not_tell(self, run: Run, sandbox: Sandbox) -> None:
        out = run("campaigns", "-p", "sandbox-techladder").out
        header = out.splitlines()[0]
        row = next(line for line in out.splitlines() if first(sandbox, "techladder") in line)

        assert row[: header.index("attempted") + len("attempted")].endswith(" \N{EN DASH}")


class TestShow:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_names_the_campaign_by_profile_and_id(self, run: Run, sandbox: Sandbox, vendor: str) -> None:
        campaign = first(sandbox, vendor)

        assert run("show", f"sandbox-{vendor}:{campaign}", "--format", "jsonl").jsonl[0]["id"] == campaign

    def test_takes_the_whole_text_for_the_id_where_a_profile_is_named(self, run: Run) -> None:
        outcome = run("show", "sandbox-truedy:x", "-p", "sandbox-truedy")

        assert outcome.code == 1
        assert "'sandbox-truedy:x': not found" in outcome.err

    def test_an_id_alone_is_looked_for_at_the_default_profile(self, run: Run, sandbox: Sandbox) -> None:
        assert run("show", first(sandbox, "truedy")).code == 0

    def test_gives_what_the_library_gives(self, run: Run, sandbox: Sandbox) -> None:
        campaign = first(sandbox, "talkifai")
        with unibatch.connect("sandbox-talkifai") as client:
            expected = to_dict(client.get_campaign(campaign))

        assert run("show", f"sandbox-talkifai:{campaign}", "--format", "json").json == [expected]

    def test_the_table_leaves_out_what_the_vendor_does_not_tell(self, run: Run, sandbox: Sandbox) -> None:
        out = run("show", f"sandbox-techladder:{first(sandbox, 'techladder')}").out

        assert 'running  TechLadder says "active"' in out
        assert "started" in out
        assert "attempted" not in out
        assert "cost" not in out
        assert "None" not in out

    def test_the_table_shows_schedule_and_retries(self, run: Run, sandbox: Sandbox) -> None:
        scheduled = "".join(
            run("show", f"sandbox-truedy:{campaign}").out for campaign in sandbox.campaign_ids("truedy")
        )
        retrying = run("show", f"sandbox-talkifai:{first(sandbox, 'talkifai')}").out

        assert "schedule" in scheduled
        assert "3 attempts, again after no_answer, busy, timeout" in retrying

    def test_the_table_puts_a_schedule_into_words(self, run: Run, sandbox: Sandbox) -> None:
        batch = {
            "id": "batch_1",
            "status": "scheduled",
            "scheduled_at": "2026-04-01T09:00:00Z",
            "timezone": "Europe/London",
            "start_time": "09:00",
            "end_time": "17:30",
            "working_days": [1, 2, 5],
            "max_calls_per_day": 2000,
        }
        sandbox.fail("truedy", body={"data": batch})
        out = run("show", "batch_1").out

        assert (
            "from 2026-04-01 09:00 UTC, 09:00\N{EN DASH}17:30, in Europe/London, Mon Tue Fri, at most 2,000 calls a day"
            in out
        )


class TestContacts:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_lists_every_contact_in_order(self, run: Run, sandbox: Sandbox, vendor: str) -> None:
        campaign = first(sandbox, vendor)
        outcome = run("contacts", f"sandbox-{vendor}:{campaign}", "--format", "jsonl")

        expected = [contact.number for contact in sandbox.state(vendor, campaign).contacts]
        assert [row["phone_number"] for row in outcome.jsonl] == expected
        assert (outcome.code, outcome.err) == (0, "")

    def test_filters_by_several_statuses(self, run: Run, sandbox: Sandbox) -> None:
        campaign = f"sandbox-talkifai:{first(sandbox, 'talkifai')}"
        rows = run("contacts", campaign, "--status", "retry_scheduled", "--status", "busy", "--format", "jsonl").jsonl

        assert {row["status"] for row in rows} == {"retry_scheduled", "busy"}

    def test_finds_one_by_external_id(self, run: Run, sandbox: Sandbox) -> None:
        campaign = f"sandbox-techladder:{first(sandbox, 'techladder')}"
        rows = run("contacts", campaign, "--external-id", "22002", "--format", "jsonl").jsonl

        assert [row["external_id"] for row in rows] == ["22002"]

    def test_the_vendor_filters_a_running_campaign_only_where_asked_to(self, run: Run, sandbox: Sandbox) -> None:
        campaign = first(sandbox, "truedy")
        arguments = ("contacts", campaign, "--status", "no_answer", "--format", "jsonl")
        by_client = run(*arguments).jsonl
        before = len(sandbox.requests)
        by_vendor = run(*arguments, "--server-filter").jsonl
        sent = sandbox.requests[before:]

        assert by_vendor == by_client != []
        assert [dict(request.query).get("status") for request in sent] == ["no_answer"] * len(sent)
        assert len(sent) < 13

    def test_the_limit_ends_the_reading(self, run: Run, sandbox: Sandbox) -> None:
        before = len(sandbox.requests)
        outcome = run("contacts", first(sandbox, "truedy"), "--limit", "100", "--format", "jsonl")

        assert len(outcome.jsonl) == 100
        assert outcome.code == 0
        assert len(sandbox.requests) == before + 1

    def test_the_table_masks_numbers(self, run: Run, sandbox: Sandbox) -> None:
        campaign = first(sandbox, "truedy")
        out = run("contacts", campaign, "--limit", "3").out

        assert sandbox.state("truedy", campaign).contacts[0].number not in out
        assert "*******" in out

    def test_the_table_shows_numbers_when_asked(self, run: Run, sandbox: Sandbox) -> None:
        campaign = first(sandbox, "truedy")
        out = run("contacts", campaign, "--limit", "3", "--show-numbers").out

        assert sandbox.state("truedy", campaign).contacts[0].number in out

    def test_the_table_shows_attempts_only_where_the_vendor_tells_them(self, run: Run, sandbox: Sandbox) -> None:
        headers = [
            run("contacts", f"sandbox-{vendor}:{first(sandbox, vendor)}", "--limit", "1").out.splitlines()[0]
            for vendor in VENDORS
        ]

        assert ["tries" in header for header in headers] == [False, False, True]

    def test_a_terminal_gets_a_summary(self, run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
        terminal(out=False)
        outcome = run("contacts", first(sandbox, "truedy"))

        assert outcome.err == "1,250 contacts in 13 requests, complete\n"

    def test_the_summary_says_how_many_a_filter_left(self, run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
        terminal()
        campaign = f"sandbox-talkifai:{first(sandbox, 'talkifai')}"
        outcome = run("contacts", campaign, "--status", "dialing", "--status", "timeout")

        assert outcome.err.endswith("of 1,240 contacts in 3 requests, complete\n")

    def test_the_summary_tells_of_a_second_pass(self, run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
        terminal()
        campaign = sandbox.create("truedy", contacts=250)
        sandbox.between_pages("truedy", campaign, remove=1, where="front")
        outcome = run("contacts", campaign)

        assert outcome.err == "250 contacts in 6 requests, 2 passes, complete\n"

    def test_progress_goes_to_stderr_while_data_goes_elsewhere(
        self, run: Run, sandbox: Sandbox, terminal: Terminal
    ) -> None:
        terminal(out=False)
        outcome = run("contacts", first(sandbox, "truedy"), "--format", "csv")

        assert len(outcome.csv) == 1250
        assert "1250/1250" in outcome.err
        assert "1250/1250" not in outcome.out
