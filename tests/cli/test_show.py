"""``unibatch show``: one campaign, and how it is named."""

from __future__ import annotations

import pytest

import unibatch
from tests.cli.drafts import VENDORS, seeded
from tests.cli.running import Run
from unibatch.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("profiles")


def test_takes_the_whole_text_for_the_id_where_a_profile_is_named(run: Run) -> None:
    outcome = run("show", "sandbox-truedy:x", "-p", "sandbox-truedy")

    assert outcome.code == 1
    assert "'sandbox-truedy:x': not found" in outcome.err


def test_an_id_alone_is_one_of_the_default_profile(run: Run, sandbox: Sandbox) -> None:
    assert run("show", sandbox.campaign_ids("truedy")[0]).code == 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_gives_what_the_library_gives(run: Run, sandbox: Sandbox, vendor: str) -> None:
    with unibatch.connect(f"sandbox-{vendor}") as client:
        expected = unibatch.to_dict(client.get_campaign(sandbox.campaign_ids(vendor)[0]))

    assert run("show", seeded(sandbox, vendor), "--format", "json").json == [expected]


def test_the_table_leaves_out_what_the_vendor_does_not_give(run: Run, sandbox: Sandbox) -> None:
    out = run("show", seeded(sandbox, "techladder")).out

    assert 'running  TechLadder says "active"' in out
    assert "started" in out
    assert [word for word in ("attempted", "cost", "None") if word in out] == []


def test_the_table_shows_retries(run: Run, sandbox: Sandbox) -> None:
    assert "3 attempts, again after no_answer, busy, timeout" in run("show", seeded(sandbox, "talkifai")).out


@pytest.mark.parametrize(
    ("schedule", "shown"),
    [
        (
            {
                "scheduled_at": "2026-04-01T09:00:00Z",
                "timezone": "Europe/London",
                "start_time": "09:00",
                "end_time": "17:30",
                "working_days": [1, 2, 5],
                "max_calls_per_day": 2000,
            },
            "from 2026-04-01 09:00 UTC, 09:00\N{EN DASH}17:30, in Europe/London, Mon Tue Fri, at most 2,000 calls",
        ),
        ({"timezone": "UTC"}, "schedule  UTC\n"),
        ({"working_days": [7]}, "schedule  Sun\n"),
    ],
)
def test_the_table_puts_a_schedule_into_words(
    run: Run, sandbox: Sandbox, schedule: dict[str, object], shown: str
) -> None:
    sandbox.fail("truedy", body={"data": {"id": "batch_1", "status": "scheduled", "total_contacts": 9, **schedule}})

    assert shown in run("show", "batch_1").out
