"""``unibatch add``: it adds those who are not in the campaign yet, and says what happened to each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.drafts import NUMBERS, campaign, people, state_of
from tests.cli.running import Run, Typing, assert_refused, raising
from unibatch import OutcomeUnknown
from unibatch.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("profiles")


def test_adds_those_who_are_not_there(run: Run, sandbox: Sandbox, folder: Path) -> None:
    where = campaign(sandbox)
    first = run("add", where, "--contacts", people(folder))
    more = people(folder, "phone", NUMBERS[0], "+12125550188")
    again = run("add", where, "--contacts", more)
    numbers = [contact.number for contact in state_of(sandbox, where).contacts]

    assert (first.code, first.out) == (0, f"{where}: 3 added\n")
    assert (again.code, again.out) == (0, f"{where}: 1 added\n  1 already there\n    +12*******23\n")
    assert sorted(numbers[3:]) == [*NUMBERS, "+12125550188"]


def test_programs_get_a_row_for_each(run: Run, sandbox: Sandbox, folder: Path) -> None:
    where = campaign(sandbox)
    run("add", where, "--contacts", people(folder, "phone", NUMBERS[0]))
    rows = run("add", where, "--contacts", people(folder), "--format", "csv").csv

    assert [(row["phone_number"], row["outcome"]) for row in rows] == [
        (NUMBERS[1], "added"),
        (NUMBERS[2], "added"),
        (NUMBERS[0], "duplicate"),
    ]


def test_a_campaign_that_calls_asks_first(run: Run, sandbox: Sandbox, folder: Path, typing: Typing) -> None:
    where = campaign(sandbox, status="active")
    file = people(folder)
    refused = run("add", where, "--contacts", file)
    typing("n\n")
    declined = run("add", where, "--contacts", file)
    typing("y\n")
    agreed = run("add", where, "--contacts", file)

    assert (refused.code, declined.code, agreed.code) == (2, 1, 0)
    assert '3 contacts will be added to "Spring" at Truedy' in declined.err
    assert "It is running, so agent agt_5a1dc0de will call them too.\n" in declined.err
    assert len(state_of(sandbox, where).contacts) == 6


@pytest.mark.parametrize("status", ["draft", "paused"])
def test_a_campaign_that_calls_nobody_does_not(run: Run, sandbox: Sandbox, folder: Path, status: str) -> None:
    assert run("add", campaign(sandbox, status=status), "--contacts", people(folder)).code == 0


@pytest.mark.parametrize(
    ("vendor", "status", "code", "said"),
    [
        ("truedy", "completed", 1, "the campaign is completed"),
        ("talkifai", None, 2, "unibatch: talkifai does not support `unibatch add`: "),
    ],
)
def test_what_is_not_possible(
    run: Run, sandbox: Sandbox, folder: Path, *, vendor: str, status: str | None, code: int, said: str
) -> None:
    outcome = run("add", campaign(sandbox, vendor, status), "--contacts", people(folder), "--yes")

    assert outcome.code == code
    assert said in outcome.err
    assert [request for request in sandbox.requests if request.method != "GET"] == []


def test_all_that_is_wrong_at_once(run: Run, sandbox: Sandbox, folder: Path) -> None:
    file = people(folder, "phone,id", "nix,1", f"{NUMBERS[0]},2")
    outcome = run("add", campaign(sandbox), "--contacts", file, "--map", "x")

    assert_refused(outcome, sandbox)
    assert [line.partition(": ")[2].partition(":")[0] for line in outcome.err.splitlines()[1:-1]] == [
        "--map",
        "people.csv line 2",
        "contacts.external_id (--contacts)",
    ]


def test_a_dry_run_sends_nothing(run: Run, sandbox: Sandbox, folder: Path) -> None:
    outcome = run("add", campaign(sandbox, status="active"), "--contacts", people(folder), "--dry-run")

    assert outcome.code == 0
    assert outcome.out.startswith("POST ")
    assert NUMBERS[0] in outcome.out
    assert sandbox.requests == ()


def test_those_whom_the_vendor_does_not_take_are_counted(run: Run, sandbox: Sandbox, folder: Path) -> None:
    where = campaign(sandbox)
    sandbox.fail("truedy", method="POST", body={"data": {"added_count": 0, "failed_count": 3}})
    outcome = run("add", where, "--contacts", people(folder))

    assert outcome.code == 3
    assert outcome.out.splitlines()[:2] == [f"{where}: 0 added", "  3 not added"]
    assert NUMBERS[0] not in outcome.out + outcome.err


def test_an_unknown_outcome_says_what_to_check(
    run: Run, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unibatch.core.looking.LOOKS", (0.0,))
    where = campaign(sandbox)
    sandbox.fail("truedy", method="POST", drop="before")
    sandbox.fail("truedy", method="GET", path="contacts", after=1, status=500, times=None)
    outcome = run("add", where, "--contacts", people(folder))

    assert outcome.code == 1
    assert outcome.out.splitlines()[:2] == [
        f"{where}: 0 added",
        "  3 unknown whether added",
    ]
    assert outcome.err.splitlines()[-1].startswith(
        "Wait some minutes: the vendor may still be working on it. Then check"
    )
    assert NUMBERS[0] not in outcome.out + outcome.err


def test_a_terminal_shows_how_far_it_is(run: Run, sandbox: Sandbox, folder: Path, typing: Typing) -> None:
    where = campaign(sandbox)
    typing("")

    assert "3/3" in run("add", where, "--contacts", people(folder)).err


LOST = OutcomeUnknown(provider="truedy", operation="add_contacts", subject="batch_1", reason="no answer in time")


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (LOST, 1)])
def test_what_ends_in_between_says_what_to_check(
    run: Run, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch, *, error: BaseException, code: int
) -> None:
    monkeypatch.setattr("unibatch.Client.add_contacts", raising(error))
    where = campaign(sandbox)
    outcome = run("add", where, "--contacts", people(folder))

    assert outcome.code == code
    assert f"Then check: unibatch contacts {where}. Run the same command again only after that" in outcome.err
