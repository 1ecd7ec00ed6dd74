"""``unibatch contacts``: everybody in a campaign."""

from __future__ import annotations

import pytest

from tests.cli.drafts import VENDORS, seeded, state_of
from tests.cli.running import Run, Terminal
from unibatch.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("profiles")


@pytest.mark.parametrize("vendor", VENDORS)
def test_lists_every_contact_in_order(run: Run, sandbox: Sandbox, vendor: str) -> None:
    outcome = run("contacts", seeded(sandbox, vendor), "--format", "jsonl")
    expected = [contact.number for contact in state_of(sandbox, seeded(sandbox, vendor)).contacts]

    assert [row["phone_number"] for row in outcome.jsonl] == expected
    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.parametrize(
    ("vendor", "options", "attribute", "expected"),
    [
        ("talkifai", "--status retry_scheduled --status busy", "status", {"retry_scheduled", "busy"}),
        ("techladder", "--external-id 22002", "external_id", {"22002"}),
    ],
)
def test_filters(run: Run, sandbox: Sandbox, *, vendor: str, options: str, attribute: str, expected: set[str]) -> None:
    rows = run("contacts", seeded(sandbox, vendor), *options.split(), "--format", "jsonl").jsonl

    assert {row[attribute] for row in rows} == expected


def test_the_vendor_filters_a_running_campaign_only_where_asked_to(run: Run, sandbox: Sandbox) -> None:
    arguments = ("contacts", seeded(sandbox), "--status", "failed", "--format", "jsonl")
    by_client = run(*arguments).jsonl
    before = len(sandbox.requests)
    by_vendor = run(*arguments, "--server-filter").jsonl
    sent = sandbox.requests[before:]

    assert by_vendor == by_client != []
    assert [dict(request.query).get("status") for request in sent] == ["failed"] * len(sent)
    assert len(sent) < 13


@pytest.mark.parametrize("form", ["table", "jsonl", "csv"])
def test_values_that_cannot_be_read_hide_nobody_and_are_counted(run: Run, sandbox: Sandbox, form: str) -> None:
    rows = ",".join(f'{{"contact_id":"{number}","first_name":"\\ud83d","called_at":"soon"}}' for number in range(3))
    sandbox.fail("truedy", path="contacts", body='{"data":[' + rows + '],"pagination":{"total":3,"has_more":false}}')
    outcome = run("contacts", seeded(sandbox), "--format", form)

    assert (outcome.code, len(outcome.out.splitlines())) == (0, {"jsonl": 3, "csv": 4, "table": 5}[form])
    assert "kept in raw: 3 at $.data[].first_name, 3 at $.data[].called_at" in outcome.err


def test_the_limit_ends_the_reading(run: Run, sandbox: Sandbox) -> None:
    before = len(sandbox.requests)
    outcome = run("contacts", seeded(sandbox), "--limit", "100", "--format", "jsonl")

    assert (outcome.code, len(outcome.jsonl), len(sandbox.requests) - before) == (0, 100, 1)


def test_the_table_masks_numbers_unless_asked_for_them(run: Run, sandbox: Sandbox) -> None:
    number = state_of(sandbox, seeded(sandbox)).contacts[0].number
    masked, shown = (run("contacts", seeded(sandbox), "--limit", "3", *more).out for more in ((), ("--show-numbers",)))

    assert number not in masked
    assert "*******" in masked
    assert number in shown


def test_the_table_has_the_columns_that_the_vendor_gives(run: Run, sandbox: Sandbox) -> None:
    headers = [run("contacts", seeded(sandbox, vendor), "--limit", "1").out.splitlines()[0] for vendor in VENDORS]

    assert ["tries" in header for header in headers] == [False, False, True]


def test_a_terminal_is_given_a_summary_of_a_filter(run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
    terminal()
    outcome = run("contacts", seeded(sandbox, "talkifai"), "--status", "dialing", "--status", "timeout")

    assert outcome.err.endswith("of 1,240 contacts in 3 requests, complete\n")


def test_a_terminal_is_given_a_summary_of_the_passes(run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
    terminal(out=False)
    campaign_id = sandbox.create("truedy", contacts=250)
    sandbox.between_pages("truedy", campaign_id, remove=1, where="front")

    assert run("contacts", campaign_id).err == "250 contacts in 6 requests, 2 passes, complete\n"


def test_progress_goes_to_stderr_while_data_goes_elsewhere(run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
    terminal(out=False)
    outcome = run("contacts", seeded(sandbox), "--format", "csv")

    assert len(outcome.csv) == 1250
    assert "1250/1250" in outcome.err
    assert "1250/1250" not in outcome.out
