"""``unibatch start``, ``pause``, ``resume``, ``reschedule``, ``cancel`` and ``delete``."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.cli.drafts import campaign, state_of
from tests.cli.running import Run, Typing, assert_refused
from unibatch.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("profiles")

LATER = ("--start", "2099-03-20T09:00[Europe/Berlin]")


class Change(NamedTuple):
    """A change that a vendor's API has, with the vendor's words for the status before and after, and the question."""

    vendor: str
    before: str
    command: tuple[str, ...]
    after: str
    question: str


CHANGES = [
    Change("truedy", "draft", ("start",), "active", 'will start to call now ("Spring", 3 contacts) at Truedy'),
    Change("truedy", "active", ("pause",), "paused", ""),
    Change("truedy", "paused", ("resume",), "active", 'will go on calling now ("Spring", 3 contacts) at Truedy'),
    Change(
        "truedy",
        "draft",
        ("reschedule", *LATER),
        "scheduled",
        'will call from 2099-03-20 09:00 Europe/Berlin (2099-03-20 08:00 UTC) ("Spring", 3 contacts) at Truedy',
    ),
    Change("talkifai", "pending", ("start",), "running", "will start to call now"),
    Change("talkifai", "pending", ("reschedule", *LATER), "scheduled", "will call from 2099-03-20 09:00"),
    Change("talkifai", "running", ("cancel",), "cancelled", '"Spring" (running, 3 contacts) at TalkifAI (profile sand'),
    Change("truedy", "draft", ("delete",), "", '"Spring" (draft, 3 contacts) at Truedy (profile sandbox-truedy, '),
]
ASKING = [change for change in CHANGES if change.question]
KEEPING = [change for change in CHANGES if change.after]


def status(sandbox: Sandbox, where: str) -> str:
    """The vendor's word for it; blank if there is no such campaign."""
    exists = where.partition(":")[2] in sandbox.campaign_ids(where.removeprefix("sandbox-").partition(":")[0])
    return state_of(sandbox, where).status if exists else ""


class TestChanges:
    @pytest.mark.parametrize("change", KEEPING)
    def test_are_made_once_and_printed(self, run: Run, sandbox: Sandbox, change: Change) -> None:
        where = campaign(sandbox, change.vendor, change.before)
        outcome = run(*change.command, where, "--yes")
        shown = run("show", where, "--format", "json").json[0]["status"]
        before = len(sandbox.requests)
        again = run(*change.command, where, "--yes")

        assert (outcome.code, again.code, status(sandbox, where)) == (0, 0, change.after)
        assert outcome.out.startswith(f"{change.command[0].rstrip('e')}")
        assert f'{where} "Spring": {shown}' in outcome.out
        assert "already" in again.out
        assert {request.method for request in sandbox.requests[before:]} == {"GET"}

    def test_programs_get_the_campaign(self, run: Run, sandbox: Sandbox) -> None:
        where = campaign(sandbox, status="active")
        (row,) = run("pause", where, "--format", "json").json

        assert (row["id"], row["vendor_status"]) == (where.partition(":")[2], "paused")

    @pytest.mark.parametrize("change", CHANGES)
    def test_are_only_shown_in_a_dry_run(self, run: Run, sandbox: Sandbox, change: Change) -> None:
        where = campaign(sandbox, change.vendor, change.before)
        outcome = run(*change.command, where, "--dry-run")

        assert outcome.code == 0
        assert outcome.out.split()[1].startswith(sandbox.base_url(change.vendor))
        assert "authorization: Bearer ***\n" in outcome.out
        assert sandbox.api_key(change.vendor) not in outcome.out + outcome.err
        assert (status(sandbox, where), sandbox.requests) == (change.before, ())

    def test_the_line_says_the_status_and_what_is_next(self, run: Run, sandbox: Sandbox) -> None:
        where = campaign(sandbox, status="active")
        line = f"paused, 3 contacts; nobody else is called before you resume it: unibatch resume {where}\n"

        assert run("pause", where).out == f'paused {where} "Spring": {line}'
        assert run("pause", where).out == f'already paused: {where} "Spring": {line}'

    def test_deletes(self, run: Run, sandbox: Sandbox) -> None:
        where = campaign(sandbox)

        assert run("delete", where, "--yes").out == f'deleted {where} "Spring"\n'
        assert status(sandbox, where) == ""


class TestRefusals:
    @pytest.mark.parametrize(
        ("vendor", "before", "command"),
        [
            ("truedy", "completed", ("start",)),
            ("truedy", "active", ("reschedule", *LATER)),
            ("truedy", "active", ("delete",)),
            ("talkifai", "completed", ("cancel",)),
        ],
    )
    def test_a_change_that_does_not_fit_names_both_states(
        self, run: Run, sandbox: Sandbox, vendor: str, before: str, command: tuple[str, ...]
    ) -> None:
        where = campaign(sandbox, vendor, before)
        outcome = run(*command, where, "--yes")

        assert (outcome.code, outcome.out, status(sandbox, where)) == (1, "", before)
        assert outcome.err.startswith(f"unibatch: {vendor} {command[0]} of ")
        assert "the campaign is " in outcome.err

    @pytest.mark.parametrize(
        ("vendor", "command"),
        [
            ("truedy", ("cancel",)),
            ("techladder", ("start",)),
            ("techladder", ("reschedule",)),
            ("talkifai", ("pause",)),
            ("talkifai", ("delete",)),
        ],
    )
    def test_what_the_vendor_cannot_do_says_what_to_do_instead(
        self, run: Run, sandbox: Sandbox, vendor: str, command: tuple[str, ...]
    ) -> None:
        outcome = run(*command, campaign(sandbox, vendor), "--yes")

        assert_refused(outcome, sandbox, f"unibatch: {vendor} does not support `unibatch {command[0]}`: ")
        assert ("--start is missing" in outcome.err) == (command == ("reschedule",))

    @pytest.mark.parametrize(
        ("when", "said"), [("now", "--start: 'now' is not a time"), ("2020-01-01T09:00Z", "lies in the past")]
    )
    def test_a_time_that_is_none(self, run: Run, sandbox: Sandbox, when: str, said: str) -> None:
        assert_refused(run("reschedule", campaign(sandbox), "--start", when, "--yes"), sandbox, said)

    def test_all_at_once(self, run: Run) -> None:
        lines = run("reschedule", "nix:batch_1", "--start", "soon").err.splitlines()
        parts = ("--start: 'soon' is not a time", "there is no profile 'nix'", "reschedule asks", "Nothing was sent")

        assert [part in line for part, line in zip(parts, lines, strict=True)] == [True] * 4


class TestConfirmation:
    @pytest.mark.parametrize("change", ASKING)
    def test_without_a_terminal_it_is_refused_before_any_request(
        self, run: Run, sandbox: Sandbox, change: Change
    ) -> None:
        where = campaign(sandbox, change.vendor, change.before)
        said = f"unibatch: {change.command[0]} asks before it goes on, and there is no terminal to ask at; add --yes"

        assert_refused(run(*change.command, where), sandbox, said)

    @pytest.mark.parametrize("change", ASKING)
    @pytest.mark.parametrize("answer", ["y", "n"])
    def test_it_says_what_will_happen_and_the_answer_decides(
        self, run: Run, sandbox: Sandbox, typing: Typing, change: Change, answer: str
    ) -> None:
        where = campaign(sandbox, change.vendor, change.before)
        typing(f"{answer}\n")
        outcome = run(*change.command, where)

        assert change.question in outcome.err.splitlines()[0]
        assert "Go on? [y/N] " in outcome.err
        assert (outcome.code, status(sandbox, where)) == ((0, change.after) if answer == "y" else (1, change.before))

    def test_who_is_still_to_be_called_is_counted(self, run: Run, sandbox: Sandbox, typing: Typing) -> None:
        where = campaign(sandbox, "talkifai", "running")
        sandbox.advance(calls=1, vendor="talkifai", campaign_id=where.partition(":")[2])
        typing("n\n")

        assert "2 of 3 contacts still to be called" in run("cancel", where).err

    def test_what_is_done_already_is_not_asked(self, run: Run, sandbox: Sandbox, typing: Typing) -> None:
        where = campaign(sandbox, status="active")
        typing("")
        outcome = run("start", where)

        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.startswith("already started: ")
