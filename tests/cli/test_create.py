"""``unibatch create``: it creates what is asked for, once; it refuses everything else together, by name."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

import unibatch.sandbox
from tests.cli.drafts import HOLD_UNTIL, NEEDED, NUMBERS, VENDORS, people, take_defaults_away
from tests.cli.running import Outcome, Run, Typing, assert_refused, raising
from unibatch.sandbox import CampaignState, Sandbox

pytestmark = pytest.mark.usefixtures("profiles")

LATER = "2099-03-20T09:00[Europe/Berlin]"


class Creator:
    """Creates the campaign "Spring" of the three people in people.csv, or of those in another file."""

    def __init__(self, run: Run, sandbox: Sandbox) -> None:
        self._run = run
        self._sandbox = sandbox
        self._before = {vendor: sandbox.campaign_ids(vendor) for vendor in sandbox.vendors}

    def __call__(self, vendor: str = "truedy", *options: str, file: str = "people.csv", start: str = "hold") -> Outcome:
        how = {"talkifai": HOLD_UNTIL, "techladder": ("--accept-loss", "start")}
        hold = how.get(vendor, ()) if start == "hold" else ()
        command = ("create", f"sandbox-{vendor}", "--contacts", file, "--name", "Spring", "--start", start)
        return self._run(*command, *NEEDED[vendor], *hold, *options)

    def ids(self, vendor: str = "truedy") -> list[str]:
        """The ids of the campaigns that the test created."""
        return [each for each in self._sandbox.campaign_ids(vendor) if each not in self._before[vendor]]

    def state(self, vendor: str = "truedy") -> CampaignState:
        """The only campaign that the test created."""
        (campaign_id,) = self.ids(vendor)
        return self._sandbox.state(vendor, campaign_id)


@pytest.fixture
def create(run: Run, sandbox: Sandbox, folder: Path) -> Creator:
    people(folder)
    return Creator(run, sandbox)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("start", ["hold", "now", LATER])
def test_only_now_calls_people_now(create: Creator, run: Run, sandbox: Sandbox, *, vendor: str, start: str) -> None:
    outcome = create(vendor, "--yes", start=start)
    shown = run("show", f"sandbox-{vendor}:{create.ids(vendor)[0]}", "--format", "json").json[0]
    sandbox.advance(seconds=86_400)
    state = create.state(vendor)

    assert outcome.code == 0
    assert [contact.number for contact in state.contacts] == list(NUMBERS)
    assert {number for number, times in state.dialled.items() if times} == (set(NUMBERS) if start == "now" else set())
    if start == LATER:
        assert shown["schedule"]["start"] == "2099-03-20T08:00:00Z"


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_same_command_and_key_give_the_same_campaign(create: Creator, folder: Path, vendor: str) -> None:
    # With the clock of this machine, so that a campaign of some moments ago can be found by its age.
    with unibatch.sandbox.serve(enforce_rate_limits=False, clock="real") as today:
        (folder / "unibatch.toml").write_text(today.toml(), encoding="utf-8")
        numbers = [len(today.campaign_ids(vendor))]
        for options in ((), (), ("--idempotency-key", "one"), ("--idempotency-key", "one")):
            assert create(vendor, "--yes", *options).code == 0
            numbers.append(len(today.campaign_ids(vendor)))

    assert [number - numbers[0] for number in numbers] == [0, 1, 1, 2, 2]


class TestWhatItPrints:
    @pytest.mark.parametrize(
        ("vendor", "line"),
        [
            ("truedy", 'WHERE "Spring": draft, 3 contacts; nobody is called before you start it: unibatch start WHERE'),
            (
                "techladder",
                "WHERE: pending, 3 contacts; nobody is called before you start it in TechLadder's dashboard",
            ),
            ("talkifai", 'WHERE "Spring": scheduled, 3 contacts, starts 2099-01-01 08:00 UTC; to start now: unib'),
        ],
    )
    def test_the_status_and_what_can_be_done_next(self, create: Creator, vendor: str, line: str) -> None:
        out = create(vendor, "--yes").out
        where = f"sandbox-{vendor}:{create.ids(vendor)[0]}"

        assert out.startswith(f"created {line.replace('WHERE', where)}")

    def test_programs_get_the_campaign(self, create: Creator) -> None:
        (row,) = create("truedy", "--format", "json").json

        assert ([row["id"]], row["status"]) == (create.ids(), "draft")

    def test_which_column_was_taken_for_what(self, create: Creator) -> None:
        assert create().err == ("people.csv: 3 contacts; columns: Mobile -> phone_number, Full name -> name\n")

    def test_repeated_numbers_are_named_and_called_once(self, create: Creator, folder: Path) -> None:
        outcome = create(file=people(folder, "phone", NUMBERS[0], NUMBERS[1], "+1 (212) 555-0123"))

        assert "people.csv line 4: the same number as in line 2\n" in outcome.err
        assert len(create.state().contacts) == 2

    def test_neither_keys_nor_numbers(self, create: Creator, sandbox: Sandbox, folder: Path) -> None:
        people(folder, "phone", *NUMBERS, NUMBERS[0], "2125550199")
        outcome = create("truedy", "--skip-invalid", "--verbose")

        assert outcome.code == 0
        for secret in (sandbox.api_key("truedy"), "5550123", "5550199"):
            assert secret not in outcome.out + outcome.err


class TestContacts:
    def test_from_stdin(self, create: Creator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"phone\n{NUMBERS[0]}\n".encode())))
        outcome = create(file="-")

        assert outcome.err == "stdin: 1 contact; columns: phone -> phone_number\n"
        assert [contact.number for contact in create.state().contacts] == [NUMBERS[0]]

    def test_a_region_and_a_map(self, create: Creator, folder: Path) -> None:
        people(folder, "Wen=Who,Nummer", "Ann,2125550123")
        outcome = create("truedy", "--region", "US", "--map", "Wen=Who=first_name", "--map", "Nummer=phone_number")
        (contact,) = create.state().contacts

        assert (outcome.code, contact.number, contact.name) == (0, NUMBERS[0], "Ann")

    def test_bad_rows_are_left_out_where_asked(self, create: Creator, folder: Path) -> None:
        people(folder, "phone", "nix", NUMBERS[0])
        outcomes = [create("truedy", "--skip-invalid", "--rejected", "bad.csv") for _ in range(2)]

        assert [outcome.code for outcome in outcomes] == [0, 0]  # its own file is replaced
        assert re.search(r"people\.csv line 2: .*; left out\n", outcomes[0].err)
        assert len(create.state().contacts) == 1
        assert "nix" in (folder / "bad.csv").read_text(encoding="utf-8")

    def test_who_must_not_be_called_is_left_out_and_named(self, create: Creator, folder: Path) -> None:
        (folder / "people.csv").write_bytes(
            f"phone;name;DNC\n{NUMBERS[0]};Zo\u00eb;\n{NUMBERS[1]};;yes\n{NUMBERS[2]};;\n".encode("cp1252")
        )
        (folder / "never.txt").write_text(f"{NUMBERS[2]}\n")
        outcome = create("truedy", "--skip-file", "never.txt")

        assert outcome.code == 0
        assert "people.csv: 1 contact, 2 who must not be called left out; columns: phone -> phone_number" in outcome.err
        assert "people.csv line 3: its column 'DNC' says that it must not be called; left out\n" in outcome.err
        assert (
            "people.csv line 4: its number is in the list of those that must never be called; left out" in outcome.err
        )
        assert (
            "people.csv: the encoding is a guess, cp1252; if names look wrong, state it with --encoding\n"
            in outcome.err
        )
        (contact,) = create.state().contacts
        assert contact.number == NUMBERS[0]

    @pytest.mark.parametrize("text", [None, "", "nix"])
    def test_a_bad_list_of_who_must_never_be_called_is_an_error(
        self, create: Creator, sandbox: Sandbox, folder: Path, text: str | None
    ) -> None:
        if text is not None:
            (folder / "never.txt").write_text(text)
        assert_refused(
            create("truedy", "--skip-file", "never.txt", "--skip-invalid"), sandbox, "--skip-file: ", "never.txt"
        )

    def test_of_many_bad_rows_some_are_named_and_all_are_written(self, create: Creator, folder: Path) -> None:
        people(folder, "phone", *(f"nix{index}" for index in range(30)))
        named = create().err.splitlines()
        written = create("truedy", "--rejected", "bad.csv")

        assert [line for line in named if " line " in line] == named[1:21]
        assert named[21] == "unibatch: and 10 more; --rejected FILE writes them all"
        assert "bad.csv: 30 rejected rows\n" in written.err
        assert len((folder / "bad.csv").read_text(encoding="utf-8").splitlines()) == 31


class TestBadInput:
    """Each is refused before any request, by name."""

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (("--start", "soon"), "--start: neither hold nor now, and 'soon' is not a time"),
            (("--start", "2099-01-01T09:00"), "start (--start): 2099-01-01T09:00:00 has neither an offset nor"),
            (("--hold-until", "soon"), "--hold-until: 'soon' is not a time"),
            (("--timezone", "Europe/Berln"), "schedule.timezone (--timezone): 'Europe/Berln' is not the IANA name"),
            (("--window", "9-17", "--timezone", "UTC"), "--window: '9-17' is not a range of times"),
            (("--window", "25:00-26:00", "--timezone", "UTC"), "--window: '25:00-26:00' is not a range of times"),
            (("--window", "09:00-17:00"), "schedule.timezone (--timezone): is missing"),
            (("--days", "mon-fry", "--timezone", "UTC"), "--days: 'mon-fry' is not a day of the week"),
            (("--max-calls-per-day", "many"), "--max-calls-per-day: 'many' is not a whole number"),
            (("--max-attempts", "x"), "--max-attempts: 'x' is not a whole number"),
            (("--metadata", "x"), "--metadata: 'x' is not KEY=VALUE"),
            (("--set", "x"), "--set: 'x' is not KEY=VALUE"),
            (("--set", "x=1"), "vendor.truedy.x (--set x=...): Truedy has no such option"),
            (("--map", "x"), "--map: 'x' is not HEADER=FIELD"),
            (("--map", "Nix=name"), "--contacts: there is no column 'Nix'"),
            (("--region", "Narnia"), "--contacts: region 'Narnia' is none"),
            (("--contacts", "nix.csv"), "--contacts: cannot read nix.csv"),
            (("--name", "x" * 256), "max_name_length (--name): 256 characters are more than"),
            (
                ("--description", "x"),
                "description (--description): Truedy's batch calls have no description; to accept the loss: --acc",
            ),
            (("--idempotency-key", "ä"), "idempotency_key (--idempotency-key): must have 1 to 200"),
            (("--rejected", "people.csv"), "--rejected: people.csv is the file of the contacts; name another file"),
            (("--rejected", "unibatch.toml"), "--rejected: unibatch.toml exists and does not hold rejected rows; name"),
        ],
    )
    def test_by_name(self, create: Creator, sandbox: Sandbox, options: tuple[str, ...], said: str) -> None:
        outcome = create("truedy", *options, "--yes")

        assert_refused(outcome, sandbox, said)
        assert outcome.err.splitlines()[-1] == "Nothing was sent"

    def test_all_at_once(self, run: Run, sandbox: Sandbox, folder: Path) -> None:
        take_defaults_away(folder)
        people(folder, "phone", "nix", NUMBERS[0])
        wrong = ("--contacts", "people.csv", "--window", "9-17", "--days", "x", "--description", "x", "--map", "x")
        outcome = run("create", "sandbox-truedy", *wrong)

        assert_refused(outcome, sandbox)
        assert [re.split(r": | is ", line.removeprefix("unibatch: "))[0] for line in outcome.err.splitlines()] == [
            "people.csv",
            "--map",
            "people.csv line 2",
            "--name",
            "--start",
            "--window",
            "--days",
            "agent_id (--agent)",
            "description (--description)",
            "Nothing was sent",
        ]

    @pytest.mark.usefixtures("small_campaigns")
    def test_more_contacts_than_the_vendor_takes(self, create: Creator, sandbox: Sandbox) -> None:
        said = "max_contacts (--contacts): 3 contacts are more than TalkifAI's 2; split the draft: --split\n"

        assert_refused(create("talkifai", "--yes"), sandbox, said)

    def test_a_hold_that_the_vendor_cannot_keep(self, run: Run, sandbox: Sandbox) -> None:
        command = ("create", "sandbox-talkifai", "--contacts", "people.csv", "--name", "Spring", "--start", "hold")
        outcome = run(*command, *NEEDED["talkifai"], "--accept-loss", "start", "--yes")

        assert_refused(outcome, sandbox, "start (--start): TalkifAI cannot hold a job without a time", "--hold-until")

    @pytest.mark.parametrize(
        ("profile", "parts"),
        [
            ("nix", ("there is no profile 'nix'",)),
            ("keyless", ("agent_id (--agent): Truedy needs an agent", "NO_KEY is not set")),
        ],
    )
    def test_a_profile_that_is_wrong_is_named_once_and_hides_nothing(
        self, run: Run, folder: Path, profile: str, parts: tuple[str, ...]
    ) -> None:
        (folder / "unibatch.toml").write_text(
            '[profiles.keyless]\nprovider = "truedy"\napi_key = { env = "NO_KEY" }\n', encoding="utf-8"
        )
        outcome = run("create", profile, "--contacts", people(folder), "--name", "Spring", "--start", "hold")

        assert outcome.code == 2
        assert [outcome.err.count(part) for part in parts] == [1] * len(parts)


def test_only_the_accepted_loss_is_accepted(create: Creator) -> None:
    codes = [create("truedy", "--description", "x", "--accept-loss", loss).code for loss in ("description", "metadata")]

    assert codes == [0, 2]


class TestConfirmation:
    @pytest.mark.parametrize(
        ("vendor", "start", "sentence"),
        [
            (
                "truedy",
                LATER,
                (
                    "Agent agt_1 will call 3 contacts from 2099-03-20 09:00 Europe/Berlin (2099-03-20 08:00 UTC), "
                    'as "Spring" at Truedy (profile sandbox-truedy, URL).'
                ),
            ),
            (
                "talkifai",
                "hold",
                (
                    "The AI agent will call 3 contacts from 2099-01-01 09:00 Europe/Berlin (2099-01-01 08:00 UTC), "
                    'unless you start or cancel it before, as "Spring" at TalkifAI (profile sandbox-talkifai, URL).'
                ),
            ),
        ],
    )
    def test_one_sentence_says_what_will_happen(
        self, create: Creator, sandbox: Sandbox, typing: Typing, *, vendor: str, start: str, sentence: str
    ) -> None:
        typing("n\n")
        lines = create(vendor, start=start).err.splitlines()

        assert lines[1:] == [sentence.replace("URL", sandbox.base_url(vendor)), "Go on? [y/N] Nothing was sent"]

    def test_an_agent_that_the_vendor_does_not_take_is_not_promised(self, create: Creator, typing: Typing) -> None:
        typing("n\n")
        outcome = create("talkifai", "--agent", "agt_1", "--accept-loss", "agent_id", start="now")

        assert "The AI agent will call 3 contacts now, as" in outcome.err

    def test_people_whom_the_vendor_has_are_named_and_not_counted(self, create: Creator, typing: Typing) -> None:
        typing("n\n")
        folder = ("--set", "contact_folder_id=folder_sandbox", "--accept-loss", "vendor.truedy.contact_folder_id")
        outcome = create("truedy", *folder, start="now")

        assert "will call 3 contacts and those of its contact_folder_id now, as" in outcome.err

    @pytest.mark.parametrize("answer", ["n\n", "\n", "yeah\n", ""])
    def test_anything_but_yes_sends_nothing(
        self, create: Creator, sandbox: Sandbox, typing: Typing, answer: str
    ) -> None:
        typing(answer)
        outcome = create(start="now")

        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.endswith("Nothing was sent\n")
        assert sandbox.requests == ()

    @pytest.mark.parametrize("answer", ["y\n", "YES\n"])
    def test_yes_goes_on(self, create: Creator, typing: Typing, answer: str) -> None:
        typing(answer)

        assert create(start="now").code == 0
        assert len(create.ids()) == 1

    @pytest.mark.parametrize("start", ["now", LATER])
    def test_without_a_terminal_it_is_refused(self, create: Creator, sandbox: Sandbox, start: str) -> None:
        said = "create needs your confirmation, and there is no terminal; add --yes\n"

        assert_refused(create(start=start), sandbox, said)

    def test_a_terminal_that_is_fed_the_contacts_cannot_answer(
        self, create: Creator, sandbox: Sandbox, typing: Typing
    ) -> None:
        typing(f"phone\n{NUMBERS[0]}\ny\n")
        outcome = create("truedy", "--skip-invalid", file="-", start="now")

        assert_refused(outcome, sandbox, "the answer cannot come from stdin too; add --yes, or name a file")


class TestDryRun:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_prints_what_would_be_sent_and_sends_nothing(self, create: Creator, sandbox: Sandbox, vendor: str) -> None:
        outcome = create(vendor, "--dry-run", start="now")
        head, _, body = outcome.out.partition("\n\n")

        assert outcome.code == 0
        assert head.startswith(f"POST {sandbox.base_url(vendor)}/")
        assert "authorization: Bearer ***\n" in head
        assert len(json.loads(body.partition("\n")[0])["contacts"]) == 3
        assert sandbox.api_key(vendor) not in outcome.out + outcome.err
        assert sandbox.requests == ()

    def test_is_what_is_sent(self, create: Creator, sandbox: Sandbox) -> None:
        planned = create("truedy", "--dry-run", "--format", "jsonl", start="now").jsonl
        create("truedy", "--yes", start="now")
        sent = [request for request in sandbox.requests if request.method == "POST"]

        assert len(planned) == len(sent)
        assert planned[0]["body"] == sent[0].body.decode()


@pytest.mark.usefixtures("small_campaigns")
class TestSplit:
    def test_every_part_is_named_before_and_created(self, create: Creator, sandbox: Sandbox, typing: Typing) -> None:
        typing("y\n")
        outcome = create("talkifai", "--split")
        states = [sandbox.state("talkifai", campaign_id) for campaign_id in create.ids("talkifai")]

        assert (outcome.code, outcome.out.count("created ")) == (0, 2)
        assert 'in 2 campaigns: "Spring (1 of 2)" with 2, "Spring (2 of 2)" with 1, at TalkifAI' in outcome.err
        assert [(each.name, len(each.contacts)) for each in states] == [("Spring (1 of 2)", 2), ("Spring (2 of 2)", 1)]

    def test_what_fails_in_between_is_completed_by_the_same_command(self, create: Creator, sandbox: Sandbox) -> None:
        sandbox.fail("talkifai", method="POST", after=1, status=403)
        failed = create("talkifai", "--split", "--yes")
        (first,) = create.ids("talkifai")
        again = create("talkifai", "--split", "--yes")

        assert (failed.code, again.code) == (1, 0)
        assert f"Created before, of 2 campaigns: sandbox-talkifai:{first}\n" in failed.err
        assert failed.out.count("\n") == 1
        assert len(create.ids("talkifai")) == 2


class TestFailures:
    def test_created_and_not_started_says_what_is_there(self, create: Creator, sandbox: Sandbox) -> None:
        sandbox.fail("truedy", path="/schedule", status=403)
        failed = create("truedy", "--yes", start="now")
        (campaign_id,) = create.ids()
        again = create("truedy", "--yes", start="now")

        assert (failed.code, failed.out) == (1, "")
        assert f'Created: sandbox-truedy:{campaign_id} "Spring": draft, 3 contacts; ' in failed.err
        assert "The same command, run again, looks first" in failed.err
        assert again.code == 0
        assert create.ids() == [campaign_id]
        assert sandbox.state("truedy", campaign_id).status == "active"

    def test_a_lost_answer_that_looking_does_not_settle_says_what_to_check(
        self, create: Creator, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("unibatch.core.looking.LOOKS", (0.0,))
        sandbox.fail("talkifai", method="POST", drop="before")
        sandbox.fail("talkifai", method="GET", after=1, status=500, times=None)
        outcome = create("talkifai", "--yes", start="now")

        assert (outcome.code, outcome.out) == (1, "")
        assert "no usable answer came" in outcome.err
        assert "try again" not in outcome.err
        assert outcome.err.splitlines()[-1] == (
            "Wait some minutes: the vendor may still be working on it. Then check: unibatch campaigns "
            "-p sandbox-talkifai. Run the same command again only after that: earlier, it may create a second "
            "campaign, and everybody is called twice"
        )

    @pytest.mark.parametrize(
        ("vendor", "start", "said"),
        [
            (
                "truedy",
                "hold",
                "The campaign may exist.\nWait some minutes: ",
            ),
            ("talkifai", "now", "The campaign may exist, and call people already.\nWait some minutes: "),
        ],
    )
    def test_ctrl_c_says_how_to_go_on(
        self, create: Creator, monkeypatch: pytest.MonkeyPatch, *, vendor: str, start: str, said: str
    ) -> None:
        monkeypatch.setattr("unibatch.Client.create_campaign", raising(KeyboardInterrupt()))
        outcome = create(vendor, "--yes", start=start)

        assert outcome.code == 130
        assert said in outcome.err
        assert outcome.err.endswith("\nInterrupted\n")


def test_rejected_rows_replace_no_other_file(create: Creator, profiles: Path, folder: Path) -> None:
    before = profiles.read_bytes()
    create("truedy", "--skip-invalid", "--rejected", profiles.name, file=people(folder, "phone", "nix"))

    assert profiles.read_bytes() == before


def test_a_campaign_that_is_not_what_was_asked_for_is_named_with_what_was_done(
    create: Creator, sandbox: Sandbox
) -> None:
    def an_hour_late(_: object, job: dict[str, object]) -> dict[str, object]:
        return {**job, "scheduledStartTime": "2099-03-20T09:00:00Z"}

    sandbox.fail("talkifai", method="GET", path="/jobs/.+", times=None, edit=an_hour_late)
    outcome = create("talkifai", "--yes", start=LATER)

    assert outcome.code == 1
    (placed,) = create.ids("talkifai")
    assert "starts at 2099-03-20T09:00:00Z, not at 2099-03-20T08:00:00Z; it was cancelled" in " ".join(
        outcome.err.split()
    )
    assert f"Look at it: unibatch show sandbox-talkifai:{placed}" in outcome.err
    assert sandbox.state("talkifai", placed).status == "cancelled"


class TestPeopleInAnotherOpenCampaign:
    """Most people of the file are in a campaign that is not over, and nobody must be called by both by mistake."""

    OTHERS = ("phone", NUMBERS[0], NUMBERS[1], "+12125550126")

    @pytest.fixture(autouse=True)
    def _first(self, profiles: Path, create: Creator, folder: Path) -> None:
        del profiles  # they must be there before
        assert create().code == 0
        people(folder, *self.OTHERS)

    def test_without_a_terminal_it_is_refused(self, create: Creator) -> None:
        before = create.ids()
        outcome = create("truedy", "--yes")
        assert (outcome.code, outcome.out, create.ids()) == (2, "", before)
        assert f"most numbers of this draft are in {before[0]}, which is draft" in outcome.err
        assert "1 of them are in no open campaign" in outcome.err
        assert f"To call only who is new: unibatch add sandbox-truedy:{before[0]} --contacts FILE" in outcome.err
        assert "--idempotency-key" in outcome.err

    @pytest.mark.parametrize(
        ("typed", "called"),
        [("new\n", [["+12125550126"]]), ("e\n", [list(OTHERS[1:])]), ("\n", []), ("", []), ("x", [])],
    )
    def test_at_a_terminal_it_asks(
        self, create: Creator, sandbox: Sandbox, typing: Typing, typed: str, called: list[list[str]]
    ) -> None:
        (first,) = create.ids()
        typing(typed)
        outcome = create()
        assert "only the 1 contact who are not in it" in outcome.err
        new = [each for each in create.ids() if each != first]
        states = [sandbox.state("truedy", each) for each in new]
        assert [[contact.number for contact in state.contacts] for state in states] == called
        assert (outcome.code, "Nothing was sent" in outcome.err) == ((0, False) if called else (1, True))

    def test_a_key_says_that_another_campaign_is_meant(self, create: Creator) -> None:
        assert create("truedy", "--idempotency-key", "again").code == 0
        assert len(create.ids()) == 2

    def test_who_is_in_a_smaller_one_is_not_new(self, create: Creator, folder: Path, typing: Typing) -> None:
        """A campaign that is too small to be asked about counts, too."""
        people(folder, "phone", "+12125550126", name="new.csv")
        assert create(file="new.csv").code == 0
        typing("new\n")
        outcome = create()
        assert (outcome.code, len(create.ids())) == (1, 2)
        assert "everybody: call everybody again" in outcome.err
        assert "new:" not in outcome.err


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_campaign_that_was_there_is_not_said_to_be_created(create: Creator, vendor: str, folder: Path) -> None:
    with unibatch.sandbox.serve(enforce_rate_limits=False, clock="real") as today:
        (folder / "unibatch.toml").write_text(today.toml(), encoding="utf-8")
        first, second = create(vendor, "--yes"), create(vendor, "--yes")
    assert first.out.startswith("created ")
    assert second.out == first.out.replace("created ", "already there: ")


class TestPeopleOfTheVendor:
    """People whom Truedy has already need no file."""

    @pytest.mark.parametrize("setting", ["contact_ids=ctc_1", "contact_folder_id=fld_1"])
    def test_no_file_is_needed(self, run: Run, create: Creator, setting: str) -> None:
        command = ("create", "sandbox-truedy", "--name", "Spring", "--start", "hold", "--set", setting, "--dry-run")
        outcome = run(*command, "--accept-loss", f"vendor.truedy.{setting.partition('=')[0]}")
        assert (outcome.code, create.ids()) == (0, [])
        assert setting.partition("=")[2] in outcome.out

    def test_elsewhere_they_are_named_as_unknown(self, run: Run, sandbox: Sandbox) -> None:
        command = ("create", "sandbox-talkifai", "--name", "Spring", "--start", "now", "--set", "contact_ids=1")
        assert_refused(run(*command, "--yes"), sandbox, "contact_ids")


class TestWithAJournal:
    def test_a_rerun_gives_the_same_campaign(self, run: Run, folder: Path, sandbox: Sandbox) -> None:
        people(folder)
        command = ("create", "sandbox-truedy", "--contacts", "people.csv", "--name", "Spring", "--start", "hold")
        first = run(*command, "--journal", "placed.sqlite", "--format", "json").json
        before = len(sandbox.requests)
        again = run(*command, "--journal", "placed.sqlite", "--format", "json").json

        assert again == first
        assert [request.method for request in sandbox.requests[before:]] == ["GET"]

    def test_after_a_lost_answer_says_to_run_it_again(
        self, run: Run, folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("unibatch.core.looking.LOOKS", (0.0,))
        people(folder)
        sandbox.fail("techladder", writes=True, status=500)
        outcome = run(
            *("create", "sandbox-techladder", "--contacts", "people.csv", "--name", "Spring", "--start", "hold"),
            *("--accept-loss", "start", "--journal", "placed.sqlite"),
        )

        assert outcome.code == 1
        assert outcome.err.endswith(
            "Run the same command again, with the same journal: it looks until the vendor has had its time\n"
        )
