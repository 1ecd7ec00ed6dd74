"""``start``, ``pause``, ``resume``, ``reschedule``, ``cancel``, ``delete`` and ``add``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.drafts import NUMBERS, people
from tests.cli.running import Run
from unibatch.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("profiles")

Typing = Callable[[str], None]

LATER = ("--start", "2099-03-20T09:00[Europe/Berlin]")


def campaign(sandbox: Sandbox, vendor: str = "truedy", status: str | None = None) -> str:
    """The PROFILE:CAMPAIGN_ID of a new campaign of three contacts."""
    return f"sandbox-{vendor}:{sandbox.create(vendor, 3, name='Spring', status=status)}"


def state(sandbox: Sandbox, where: str) -> str:
    profile, _, campaign_id = where.partition(":")
    return sandbox.state(profile.removeprefix("sandbox-"), campaign_id).status


class Change(NamedTuple):
    """A change that a vendor's API offers, in the vendor's words for how a campaign stands."""

    vendor: str
    before: str
    command: tuple[str, ...]
    after: str


CHANGES = [
    Change("truedy", "draft", ("start",), "active"),
    Change("truedy", "active", ("pause",), "paused"),
    Change("truedy", "paused", ("resume",), "active"),
    Change("truedy", "draft", ("reschedule", *LATER), "scheduled"),
    Change("talkifai", "pending", ("start",), "running"),
    Change("talkifai", "pending", ("reschedule", *LATER), "scheduled"),
    Change("talkifai", "running", ("cancel",), "cancelled"),
]
ASKING = [change for change in CHANGES if change.command[0] != "pause"]


class TestChanges:
    @pytest.mark.parametrize("change", CHANGES)
    def test_are_made_and_told(self, run: Run, sandbox: Sandbox, change: Change) -> None:
        where = campaign(sandbox, change.vendor, change.before)
        outcome = run(*change.command, where, "--yes")
        shown = run("show", where, "--format", "json").json[0]["status"]

        assert outcome.code == 0
        assert state(sandbox, where) == change.after
        assert outcome.out.startswith(f"{change.command[0].rstrip('e')}")
        assert f'{where} "Spring": {shown}' in outcome.out

    @pytest.mark.parametrize("change", CHANGES)
    def test_made_twice_are_no_error_and_send_nothing(self, run: Run, sandbox: Sandbox, change: Change) -> None:
        where = campaign(sandbox, change.vendor, change.before)
        run(*change.command, where, "--yes")
        sent = len([request for request in sandbox.requests if request.method != "GET"])
        outcome = run(*change.command, where, "--yes")

        assert outcome.code == 0
        assert "already" in outcome.out
        assert state(sandbox, where) == change.after
        assert len([request for request in sandbox.requests if request.method != "GET"]) == sent

    @pytest.mark.parametrize("change", CHANGES)
    def test_programs_get_the_campaign(self, run: Run, sandbox: Sandbox, change: Change) -> None:
        where = campaign(sandbox, change.vendor, change.before)
        (row,) = run(*change.command, where, "--yes", "--format", "json").json

        assert row["id"] == where.partition(":")[2]
        assert row["vendor_status"] == change.after

    @pytest.mark.parametrize("change", CHANGES)
    def test_are_only_shown_in_a_dry_run(self, run: Run, sandbox: Sandbox, change: Change) -> None:
        where = campaign(sandbox, change.vendor, change.before)
        outcome = run(*change.command, where, "--dry-run")

        assert outcome.code == 0
        assert outcome.out.split()[1].startswith(sandbox.base_url(change.vendor))
        assert "authorization: Bearer ***\n" in outcome.out
        assert sandbox.api_key(change.vendor) not in outcome.out + outcome.err
        assert (state(sandbox, where), sandbox.requests) == (change.before, ())

    def test_the_line_says_how_it_stands_and_what_is_next(self, run: Run, sandbox: Sandbox) -> None:
        where = campaign(sandbox, status="active")

        assert run("pause", where).out == (
            f'paused {where} "Spring": paused, 3 contacts; nobody else is called before: unibatch resume {where}\n'
        )
        assert run("pause", where).out == (
            f'already paused: {where} "Spring": paused, 3 contacts; nobody else is called before: '
            f"unibatch resume {where}\n"
        )

    def test_the_id_alone_means_the_default_profile(self, run: Run, sandbox: Sandbox) -> None:
        where = campaign(sandbox, status="active")
        outcome = run("pause", where.partition(":")[2])

        assert outcome.out.startswith(f"paused {where} ")


class TestDelete:
    def test_deletes(self, run: Run, sandbox: Sandbox) -> None:
        where = campaign(sandbox)
        outcome = run("delete", where, "--yes")

        assert (outcome.code, outcome.out) == (0, f'deleted {where} "Spring"\n')
        assert where.partition(":")[2] not in sandbox.campaign_ids("truedy")

    def test_a_campaign_that_is_not_there(self, run: Run) -> None:
        outcome = run("delete", "sandbox-truedy:nix", "--yes")

        assert outcome.code == 1
        assert "not found" in outcome.err


class TestRefusals:
    @pytest.mark.parametrize(
        ("vendor", "status", "command"),
        [
            ("truedy", "completed", ("start",)),
            ("truedy", "draft", ("pause",)),
            ("truedy", "draft", ("resume",)),
            ("truedy", "active", ("reschedule", *LATER)),
            ("truedy", "active", ("delete",)),
            ("talkifai", "completed", ("cancel",)),
        ],
    )
    def test_a_change_that_does_not_fit_names_both_states(
        self, run: Run, sandbox: Sandbox, vendor: str, status: str, command: tuple[str, ...]
    ) -> None:
        where = campaign(sandbox, vendor, status)
        outcome = run(*command, where, "--yes")

        assert (outcome.code, outcome.out) == (1, "")
        assert "the campaign is " in outcome.err
        assert "; possible while it is " in outcome.err
        assert state(sandbox, where) == status

    @pytest.mark.parametrize(
        ("vendor", "command"),
        [
            ("truedy", ("cancel",)),
            *(("techladder", (name,)) for name in ("start", "pause", "resume", "cancel", "delete")),
            ("techladder", ("reschedule", *LATER)),
            *(("talkifai", (name,)) for name in ("pause", "resume", "delete")),
        ],
    )
    def test_what_the_vendor_cannot_do_says_what_to_do_instead(
        self, run: Run, sandbox: Sandbox, vendor: str, command: tuple[str, ...]
    ) -> None:
        outcome = run(*command, campaign(sandbox, vendor), "--yes")

        assert (outcome.code, outcome.out) == (2, "")
        assert f"unibatch: {vendor} does not support {command[0]}_campaign: " in outcome.err
        assert sandbox.requests == ()

    @pytest.mark.parametrize(
        ("when", "said"),
        [
            ("soon", "--start: 'soon' is not a time"),
            ("now", "--start: 'now' is not a time"),
            ("2020-01-01T09:00Z", "lies in the past"),
            ("2099-01-01T09:00", "has neither an offset nor a time zone"),
            ("2027-03-28T02:30[Europe/Berlin]", "does not exist in Europe/Berlin"),
        ],
    )
    def test_a_time_that_is_none(self, run: Run, sandbox: Sandbox, when: str, said: str) -> None:
        outcome = run("reschedule", campaign(sandbox), "--start", when, "--yes")

        assert outcome.code == 2
        assert said in outcome.err
        assert sandbox.requests == ()

    def test_all_at_once(self, run: Run) -> None:
        lines = run("reschedule", "nix:batch_1", "--start", "soon").err.splitlines()
        parts = ("--start: 'soon' is not a time", "there is no profile 'nix'", "reschedule asks", "Nothing was sent")

        assert len(lines) == len(parts)
        assert [part for part, line in zip(parts, lines, strict=True) if part not in line] == []

    def test_a_missing_time(self, run: Run, sandbox: Sandbox) -> None:
        assert "--start is missing" in run("reschedule", campaign(sandbox), "--yes").err


class TestConfirmation:
    @pytest.mark.parametrize("change", ASKING)
    def test_without_a_terminal_it_is_refused_before_any_request(
        self, run: Run, sandbox: Sandbox, change: Change
    ) -> None:
        where = campaign(sandbox, change.vendor, change.before)
        outcome = run(*change.command, where)

        assert (outcome.code, outcome.out) == (2, "")
        assert f"{change.command[0]} asks before it goes on" in outcome.err
        assert "add --yes" in outcome.err
        assert (state(sandbox, where), sandbox.requests) == (change.before, ())

    @pytest.mark.parametrize("change", ASKING)
    @pytest.mark.parametrize("answer", ["y", "n"])
    def test_the_answer_decides(self, run: Run, sandbox: Sandbox, typing: Typing, change: Change, answer: str) -> None:
        where = campaign(sandbox, change.vendor, change.before)
        typing(f"{answer}\n")
        outcome = run(*change.command, where)

        assert "Go on? [y/N] " in outcome.err
        assert (outcome.code, state(sandbox, where)) == ((0, change.after) if answer == "y" else (1, change.before))

    @pytest.mark.parametrize(
        "asked",
        [
            ("draft", ("start",), 'will call from now on ("Spring", 3 contacts) at Truedy (profile sandbox-truedy, '),
            ("paused", ("resume",), 'will go on calling from now on ("Spring", 3 contacts) at Truedy (profile'),
            (
                "draft",
                ("reschedule", *LATER),
                'will call from 2099-03-20 09:00 Europe/Berlin (2099-03-20 08:00 UTC) ("Spring", 3 contacts) at Truedy',
            ),
            ("draft", ("delete",), '"Spring" (draft, 3 contacts) at Truedy (profile sandbox-truedy, '),
        ],
    )
    def test_the_sentence_says_what_will_happen(
        self, run: Run, sandbox: Sandbox, typing: Typing, asked: tuple[str, tuple[str, ...], str]
    ) -> None:
        status, command, said = asked
        where = campaign(sandbox, status=status)
        typing("n\n")

        assert said in run(*command, where).err.splitlines()[0]

    def test_who_is_still_to_be_called_is_counted(self, run: Run, sandbox: Sandbox, typing: Typing) -> None:
        where = campaign(sandbox, "talkifai", "running")
        sandbox.advance(calls=1, vendor="talkifai", campaign_id=where.partition(":")[2])
        typing("n\n")

        assert "2 of 3 contacts still to be called" in run("cancel", where).err

    def test_what_stands_so_already_is_not_asked(self, run: Run, sandbox: Sandbox, typing: Typing) -> None:
        where = campaign(sandbox, status="active")
        typing("")
        outcome = run("start", where)

        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.startswith("started already: ")


class TestAdd:
    def test_adds_whoever_is_not_there(self, run: Run, sandbox: Sandbox, folder: Path) -> None:
        where = campaign(sandbox)
        first = run("add", where, "--contacts", people(folder))
        more = people(folder, "phone", NUMBERS[0], "+12125550188")
        again = run("add", where, "--contacts", more)
        numbers = [contact.number for contact in sandbox.state("truedy", where.partition(":")[2]).contacts]

        assert (first.code, first.out) == (0, f"{where}: 3 added\n")
        assert (again.code, again.out) == (0, f"{where}: 1 added\n  1 there already\n    +12*******23\n")
        assert sorted(numbers[3:]) == [*NUMBERS, "+12125550188"]

    @pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
    def test_programs_get_a_row_for_each(self, run: Run, sandbox: Sandbox, folder: Path, form: str) -> None:
        where = campaign(sandbox)
        run("add", where, "--contacts", people(folder, "phone", NUMBERS[0]))
        rows = getattr(run("add", where, "--contacts", people(folder), "--format", form), form)

        assert [(row["phone_number"], row["outcome"]) for row in rows] == [
            (NUMBERS[1], "added"),
            (NUMBERS[2], "added"),
            (NUMBERS[0], "duplicate"),
        ]

    def test_a_campaign_that_calls_asks_first(self, run: Run, sandbox: Sandbox, folder: Path, typing: Typing) -> None:
        where = campaign(sandbox, status="active")
        file = people(folder)
        refused = run("add", where, "--contacts", file)
        typing("n\n")
        declined = run("add", where, "--contacts", file)
        typing("y\n")
        agreed = run("add", where, "--contacts", file)

        assert (refused.code, declined.code, agreed.code) == (2, 1, 0)
        assert '3 contacts will be added to "Spring" at Truedy' in declined.err
        assert "will call them, too." in declined.err
        assert len(sandbox.state("truedy", where.partition(":")[2]).contacts) == 6

    @pytest.mark.parametrize("status", ["draft", "paused"])
    def test_a_campaign_that_calls_nobody_does_not(self, run: Run, sandbox: Sandbox, folder: Path, status: str) -> None:
        assert run("add", campaign(sandbox, status=status), "--contacts", people(folder)).code == 0

    def test_a_campaign_that_is_over(self, run: Run, sandbox: Sandbox, folder: Path) -> None:
        outcome = run("add", campaign(sandbox, status="completed"), "--contacts", people(folder), "--yes")

        assert outcome.code == 1
        assert "the campaign is completed" in outcome.err

    @pytest.mark.parametrize("vendor", ["techladder", "talkifai"])
    def test_a_vendor_that_cannot(self, run: Run, sandbox: Sandbox, folder: Path, vendor: str) -> None:
        outcome = run("add", campaign(sandbox, vendor), "--contacts", people(folder), "--yes")

        assert outcome.code == 2
        assert f"{vendor} does not support add_contacts: " in outcome.err
        assert sandbox.requests == ()

    def test_all_that_is_wrong_at_once(self, run: Run, sandbox: Sandbox, folder: Path) -> None:
        file = people(folder, "phone,id", "nix,1", f"{NUMBERS[0]},2")
        outcome = run("add", campaign(sandbox), "--contacts", file, "--map", "x")

        assert outcome.code == 2
        assert [line.partition(": ")[2].partition(":")[0] for line in outcome.err.splitlines()[1:-1]] == [
            "--map",
            "people.csv line 2",
            "contacts.external_id (--contacts)",
        ]
        assert sandbox.requests == ()

    def test_a_dry_run_sends_nothing(self, run: Run, sandbox: Sandbox, folder: Path) -> None:
        outcome = run("add", campaign(sandbox, status="active"), "--contacts", people(folder), "--dry-run")

        assert outcome.code == 0
        assert outcome.out.startswith("POST ")
        assert NUMBERS[0] in outcome.out
        assert sandbox.requests == ()

    def test_whom_the_vendor_does_not_take_is_told_and_counted(self, run: Run, sandbox: Sandbox, folder: Path) -> None:
        where = campaign(sandbox)
        sandbox.fail("truedy", method="POST", body={"data": {"added_count": 2, "failed_count": 1}})
        outcome = run("add", where, "--contacts", people(folder))

        assert outcome.code == 3
        assert outcome.out.splitlines()[:2] == [f"{where}: 0 added", "  3 not added"]
        assert NUMBERS[0] not in outcome.out + outcome.err

    def test_of_whom_nobody_knows_is_told(
        self, run: Run, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("unibatch.core.reconcile.LOOKS", (0.0,))
        where = campaign(sandbox)
        sandbox.fail("truedy", method="POST", drop="before")
        sandbox.fail("truedy", method="GET", path="contacts", after=1, status=500, times=None)
        outcome = run("add", where, "--contacts", people(folder))

        assert outcome.code == 1
        assert outcome.out.splitlines()[:2] == [
            f"{where}: 0 added",
            "  3 of which nobody knows whether they were added",
        ]
        assert outcome.err.splitlines()[-1] == (
            "Wait some minutes, since the vendor may still be at work on it; then look: unibatch contacts "
            f"{where}. Run the same command again only then: sooner, some may be there twice, and called twice"
        )
        assert NUMBERS[0] not in outcome.out + outcome.err

    def test_a_terminal_shows_how_far_it_is(self, run: Run, sandbox: Sandbox, folder: Path, typing: Typing) -> None:
        where = campaign(sandbox)
        typing("")

        assert "3/3" in run("add", where, "--contacts", people(folder)).err
