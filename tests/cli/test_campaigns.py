"""``unibatch campaigns``: the campaigns of a profile."""

from __future__ import annotations

import pytest

from tests.cli.drafts import VENDORS
from tests.cli.running import Run, Terminal
from unibatch.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("profiles")


@pytest.mark.parametrize("vendor", VENDORS)
def test_lists_every_campaign_of_the_profile(run: Run, sandbox: Sandbox, vendor: str) -> None:
    rows = run("campaigns", "-p", f"sandbox-{vendor}", "--format", "jsonl").jsonl

    assert {row["id"] for row in rows} == set(sandbox.campaign_ids(vendor))


def test_filters_by_several_statuses_of_the_default_profile(run: Run) -> None:
    rows = run("campaigns", "--status", "draft", "--status", "PAUSED", "--format", "jsonl").jsonl

    assert {(row["provider"], row["status"]) for row in rows} == {("truedy", "draft"), ("truedy", "paused")}


def test_filters_by_agent_and_says_if_there_are_none(run: Run, terminal: Terminal) -> None:
    assert run("campaigns", "--agent", "nobody") == (0, "", "no campaigns\n")

    terminal()
    assert run("campaigns", "--agent", "nobody") == (0, "", "0 of 9 campaigns in 1 request, complete\n")


def test_stops_at_the_limit(run: Run) -> None:
    assert len(run("campaigns", "--limit", "2", "--format", "jsonl").jsonl) == 2


def test_the_table_shows_the_vendors_word_beside_the_status(run: Run) -> None:
    lines = run("campaigns", "--status", "running").out.splitlines()

    assert lines[2].split()[-7:-5] == ["running", "active"]
    assert "at Truedy" in lines[0]


def test_a_dash_means_that_the_vendor_does_not_give_the_value(run: Run, sandbox: Sandbox) -> None:
    header, _, *rows = run("campaigns", "-p", "sandbox-techladder").out.splitlines()
    row = next(line for line in rows if sandbox.campaign_ids("techladder")[0] in line)

    assert row[: header.index("attempted") + len("attempted")].endswith(" \N{EN DASH}")
