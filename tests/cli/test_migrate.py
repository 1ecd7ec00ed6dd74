"""``unibatch migrate``: plan, apply, status, verify, report, undo, forget."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.drafts import state_of
from tests.cli.running import Outcome, Run, Terminal, Typing, assert_refused, raising
from unibatch import Client
from unibatch.sandbox import Sandbox
from unibatch.workflows.migrate.journal import APPLICATION_ID, Journal

pytestmark = pytest.mark.usefixtures("profiles")

JOURNAL = "move.sqlite"
PEOPLE = 12
CALLED = 5


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing takes longer than it must."""
    monkeypatch.setattr("unibatch.core.looking.LOOKS", (0.0,))
    monkeypatch.setattr("unibatch.workflows.migrate.work.sleep", lambda _: None)


@pytest.fixture
def source(sandbox: Sandbox) -> str:
    """A paused campaign of twelve contacts, five of whom had their call."""
    sandbox.assume("truedy", outcome="completed")
    campaign_id = sandbox.create("truedy", PEOPLE, name="Spring", status="active", campaign_id="batch_1")
    sandbox.advance(calls=CALLED, vendor="truedy", campaign_id=campaign_id)
    sandbox.set_status("truedy", campaign_id, "paused")
    return f"sandbox-truedy:{campaign_id}"


@pytest.fixture
def plan(run: Run, source: str, profiles: Path) -> Callable[..., Outcome]:
    assert profiles.exists()

    def plan(*options: str, target: str = "sandbox-talkifai", source: str = source) -> Outcome:
        return run("migrate", "plan", source, target, "--journal", JOURNAL, *options)

    return plan


def created(sandbox: Sandbox, vendor: str = "talkifai") -> list[str]:
    """The newest campaign of a vendor: its status, and how many contacts it has."""
    newest = sandbox.state(vendor, sandbox.campaign_ids(vendor)[-1])
    return [newest.status, str(len(newest.contacts))]


def writes(sandbox: Sandbox) -> list[str]:
    return [request.path for request in sandbox.requests if request.is_write]


class TestPlan:
    def test_shows_who_moves_and_changes_nothing(self, plan: Callable[..., Outcome], sandbox: Sandbox) -> None:
        outcome = plan()
        assert outcome.code == 0
        assert '"Spring": batch_1 at Truedy (profile sandbox-truedy, ' in outcome.out
        assert "12 in the source: 7 move, 5 stay" in outcome.out
        assert f"unibatch migrate apply {JOURNAL}" in outcome.out
        assert writes(sandbox) == []

    def test_at_a_terminal_a_bar_shows_what_is_being_done(
        self, plan: Callable[..., Outcome], terminal: Terminal
    ) -> None:
        lines = plan().err
        terminal(out=False)
        bar = plan().err

        assert lines == "reading the source\n"
        assert "reading the source" in bar
        assert "\x1b[" in bar

    def test_programs_get_all_facts(self, plan: Callable[..., Outcome]) -> None:
        (facts,) = plan("--format", "json").json
        decided = [(row["status"], row["moves"], row["contacts"]) for row in facts["decisions"]]
        assert (facts["total"], facts["parts"], facts["start"]["kind"]) == (PEOPLE, [PEOPLE - CALLED], "hold")
        assert decided == [("pending", True, 2), ("queued", True, 5), ("completed", False, 5)]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (("--also", "rejected"), "rejected has a risk: people who declined the call are called again"),
            (("--only", "completed"), "completed cannot be moved: they had their call"),
            (("--only", "pending", "--also", "busy"), "give either only or also"),
            (("--accept-risk", "blocked"), "--accept-risk names blocked, and neither only nor also does"),
            (("--max-attempts", "few"), "--max-attempts: 'few' is not a whole number"),
            (("--max-attempts", "0"), "max_attempts must be a whole number, 1 or more"),
            (("--to-start", "soon"), "--to-start: "),
            (("--hold-until", "soon"), "--hold-until: "),
            (("--skip-file", "missing.txt"), "--skip-file: "),
            (("--fields-from", "missing.csv"), "--fields-from: "),
            (("--column", "Phone=phone_number"), "--column and --encoding are for the file of --fields-from"),
            (("--map", "agent_id"), "--map: 'agent_id' is not FIELD=VALUE"),
            (("--map", "contacts=1"), "--map: 'contacts' cannot be set; what can be is name, description, agent_id"),
            (("--map", "max_concurrency=many"), "--map max_concurrency: 'many' is not a whole number"),
            (("--map", "schedule.window_start=nine"), "--map schedule.window_start: 'nine' is no time of day"),
            (("--map", "schedule.weekdays=someday"), "--map schedule.weekdays: 'someday' is not a day of the week"),
            (("--map", "retry.retry_on=never"), "--map retry.retry_on: 'never' holds what is no status"),
        ],
    )
    def test_what_is_wrong_is_said_before_anything_is_sent(
        self, plan: Callable[..., Outcome], sandbox: Sandbox, options: tuple[str, ...], said: str
    ) -> None:
        assert_refused(plan(*options), sandbox, said, "Nothing was sent")
        assert not Path(JOURNAL).exists()

    def test_all_that_is_wrong_is_said_together(self, plan: Callable[..., Outcome], sandbox: Sandbox) -> None:
        outcome = plan("--max-attempts", "few", "--to-start", "soon", target="nowhere")
        assert_refused(outcome, sandbox, "'few'", "--to-start", "'nowhere'")

    @pytest.mark.parametrize(
        ("where", "said"),
        [
            ({"target": "sandbox-truedy"}, "source and target are the same account"),
            ({"source": "sandbox-truedy:batch_gone"}, "truedy has no campaign 'batch_gone'"),
        ],
    )
    def test_what_cannot_be_moved_is_refused(
        self, plan: Callable[..., Outcome], sandbox: Sandbox, where: dict[str, str], said: str
    ) -> None:
        outcome = plan(**where)
        assert outcome.code in {1, 2}
        assert said in outcome.err
        assert writes(sandbox) == []

    def test_nobody_to_move_is_refused_with_the_reasons(self, plan: Callable[..., Outcome]) -> None:
        outcome = plan("--only", "busy")
        assert outcome.code == 2
        assert "nobody is to be moved: 5: reached; 5: waiting to be called; you left queued out; 2: not" in outcome.err

    def test_fields_are_set_on_the_way(self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox) -> None:
        plan("--map", "name=Second half", "--map", "from_number_ids=pn_7", "--map", "max_concurrency=3")
        run("migrate", "apply", JOURNAL, "--yes")
        (row,) = run("campaigns", "sandbox-talkifai", "--format", "json", "--limit", "1").json
        where = f"sandbox-talkifai:{sandbox.campaign_ids('talkifai')[-1]}"
        (row,) = run("show", where, "--format", "json").json

        assert (row["name"], row["from_numbers"], row["max_concurrency"]) == ("Second half", ["pn_7"], 3)

    def test_files_say_who_must_not_be_called_and_what_else_is_known(
        self, plan: Callable[..., Outcome], sandbox: Sandbox
    ) -> None:
        *_, skipped, refused, known = (contact.number for contact in sandbox.state("truedy", "batch_1").contacts)
        Path("never.txt").write_text(f"{skipped}\n", encoding="utf-8")
        Path("people.csv").write_text(f"Phone,Plan,DNC\n{refused},gold,yes\n{known},silver,\n", encoding="utf-8")
        outcome = plan("--skip-file", "never.txt", "--fields-from", "people.csv")

        assert "12 in the source: 5 move, 7 stay" in outcome.out
        assert "its number is in the list of those that must never be called" in outcome.out
        assert "in people.csv, line 2 has the same number, and must not be called" in outcome.out
        assert "people.csv: 2 of 12 numbers are in it; not in it: " in outcome.out


class TestApply:
    def test_says_what_will_happen_and_asks(
        self, plan: Callable[..., Outcome], run: Run, typing: Typing, sandbox: Sandbox
    ) -> None:
        plan()
        before = len(sandbox.requests)
        typing("n\n")
        outcome = run("migrate", "apply", JOURNAL)

        assert outcome.code == 1
        assert '7 of 12 contacts of "Spring" move from Truedy (profile sandbox-truedy, ' in outcome.err
        assert "Go on? [y/N] Nothing was sent" in outcome.err
        assert len(sandbox.requests) == before

    def test_without_a_terminal_needs_yes(self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox) -> None:
        plan()
        assert run("migrate", "apply", JOURNAL).code == 2
        assert writes(sandbox) == []

    def test_moves_and_ends_with_how_many(self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox) -> None:
        plan()
        outcome = run("migrate", "apply", JOURNAL, "--yes")

        assert outcome.code == 0
        assert outcome.out.splitlines()[-2:] == [
            "12 contacts: 7 moved, 5 not moved (5 kept back), 0 unknown",
            f"It is finished. To check it: unibatch migrate verify {JOURNAL}",
        ]
        assert f"part 1: sandbox-talkifai:{sandbox.campaign_ids('talkifai')[-1]}, 7 contacts, checked" in outcome.out
        assert created(sandbox) == ["scheduled", "7"]
        assert sandbox.state("truedy", "batch_1").status == "paused"

    def test_starts_the_target_if_the_plan_says_so(
        self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox
    ) -> None:
        plan("--to-start", "now")
        assert run("migrate", "apply", JOURNAL, "--yes").code == 0
        assert created(sandbox) == ["running", "7"]

    def test_a_second_time_changes_nothing(self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox) -> None:
        plan()
        run("migrate", "apply", JOURNAL, "--yes")
        before = writes(sandbox)
        outcome = run("migrate", "apply", JOURNAL)

        assert (outcome.code, writes(sandbox)) == (0, before)
        assert "12 contacts: 7 moved" in outcome.out

    def test_contacts_that_the_target_did_not_take_fail_a_second_time_too(
        self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox, source: str
    ) -> None:
        plan()
        dropped = sandbox.state("truedy", source.partition(":")[2]).contacts[-1].number
        sandbox.assume("talkifai", drops=[dropped])
        for _ in range(2):
            outcome = run("migrate", "apply", JOURNAL, "--yes")
            assert outcome.code == 3
            assert "12 contacts: 6 moved, 6 not moved (5 kept back, 1 failed), 0 unknown" in outcome.out

    def test_ctrl_c_says_how_far_it_is_and_the_same_command_goes_on(
        self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan()
        with monkeypatch.context() as patch:
            patch.setattr(Client, "create_campaign", raising(KeyboardInterrupt()))
            interrupted = run("migrate", "apply", JOURNAL, "--yes")
        again = run("migrate", "apply", JOURNAL, "--yes")

        assert (interrupted.code, interrupted.out) == (130, "")
        assert interrupted.err.splitlines()[-2:] == [
            "12 contacts: 0 moved, 12 not moved (5 kept back, 7 not settled yet), 0 unknown",
            f"It is not finished. To go on: unibatch migrate apply {JOURNAL}",
        ]
        assert "This goes on with a migration that was begun" in again.err
        assert again.out.splitlines()[-2] == "12 contacts: 7 moved, 5 not moved (5 kept back), 0 unknown"
        assert created(sandbox) == ["scheduled", "7"]

    def test_a_lost_answer_leaves_them_unknown_until_the_same_command_has_looked(
        self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox
    ) -> None:
        plan()
        sandbox.fail("talkifai", method="POST", drop="late")
        failed = run("migrate", "apply", JOURNAL, "--yes")
        sandbox.catch_up()
        again = run("migrate", "apply", JOURNAL, "--yes")

        assert failed.code == 1
        assert failed.err.splitlines()[-2] == "12 contacts: 0 moved, 5 not moved (5 kept back), 7 unknown"
        assert again.code == 0
        assert created(sandbox) == ["scheduled", "7"]
        assert len([path for path in writes(sandbox) if path.endswith("/batch/create")]) == 1

    def test_another_process_with_the_same_journal_is_refused(
        self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox
    ) -> None:
        plan()
        with Journal.open(JOURNAL, to_write=True) as working:
            working.note("a run begins", interrupted="it was killed, or the machine stopped")
            outcome = run("migrate", "apply", JOURNAL, "--yes")
            status = run("migrate", "status", JOURNAL)
        killed = run("migrate", "status", JOURNAL)

        assert (outcome.code, status.code, writes(sandbox)) == (1, 0, [])
        assert "another process is at work on it now" in status.out
        assert "killed" not in status.out + outcome.err
        assert "the latest run ended early: it was killed" in killed.out
        assert "another process uses this journal; wait until it is done" in outcome.err

    def test_a_profile_that_has_changed_since_the_plan_is_refused(
        self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox, profiles: Path
    ) -> None:
        plan()
        text = profiles.read_text(encoding="utf-8")
        profiles.write_text(text.replace('from_number_ids = ["', 'from_number_ids = ["other-'), encoding="utf-8")
        outcome = run("migrate", "apply", JOURNAL, "--yes")

        assert (outcome.code, writes(sandbox)) == (2, [])
        assert "the profile of the target has changed since the plan" in outcome.err

    def test_a_journal_of_another_migration_is_not_overwritten(
        self, plan: Callable[..., Outcome], sandbox: Sandbox
    ) -> None:
        plan()
        outcome = plan(target="sandbox-techladder")
        assert (outcome.code, outcome.out, writes(sandbox)) == (1, "", [])
        assert f"{JOURNAL}: this is the journal of another migration" in outcome.err

    def test_who_was_called_between_plan_and_apply_is_not_moved(
        self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox
    ) -> None:
        plan()
        sandbox.set_status("truedy", "batch_1", "active")
        sandbox.advance(calls=3, vendor="truedy", campaign_id="batch_1")
        outcome = run("migrate", "apply", JOURNAL, "--yes")

        assert outcome.code == 0
        assert "12 contacts: 4 moved, 8 not moved (8 kept back), 0 unknown" in outcome.out
        assert created(sandbox) == ["scheduled", "4"]
        assert sandbox.state("truedy", "batch_1").status == "paused"

    def test_a_source_that_cannot_be_stopped_has_to_be_stopped_by_hand(
        self, plan: Callable[..., Outcome], run: Run, sandbox: Sandbox
    ) -> None:
        campaign_id = sandbox.create("techladder", 3, status="active")
        outcome = plan(source=f"sandbox-techladder:{campaign_id}")
        refused = run("migrate", "apply", JOURNAL, "--yes")
        stopped = run("migrate", "apply", JOURNAL, "--yes", "--source-stopped")

        assert "cannot stop it: stop it in TechLadder's dashboard" in outcome.out
        assert refused.code == 2
        assert "say so with --source-stopped" in refused.err
        assert (stopped.code, stopped.out.splitlines()[-2]) == (0, "3 contacts: 3 moved, 0 not moved, 0 unknown")


class TestLater:
    @pytest.fixture(autouse=True)
    def moved(self, plan: Callable[..., Outcome], run: Run) -> None:
        plan()
        assert run("migrate", "apply", JOURNAL, "--yes").code == 0

    def test_status_needs_no_request(self, run: Run, sandbox: Sandbox) -> None:
        before = len(sandbox.requests)
        (row,) = run("migrate", "status", JOURNAL, "--format", "json").json
        outcome = run("migrate", "status", JOURNAL)

        assert (row["step"], row["moved"], row["kept_back"]) == ("finished", 7, 5)
        assert (outcome.code, outcome.out.splitlines()[-2]) == (
            0,
            "12 contacts: 7 moved, 5 not moved (5 kept back), 0 unknown",
        )
        assert len(sandbox.requests) == before

    def test_verify_proves_the_ledger(self, run: Run) -> None:
        outcome = run("migrate", "verify", JOURNAL)
        assert (outcome.code, outcome.out.splitlines()[-1]) == (0, "the ledger is proven")

    def test_verify_sees_that_somebody_resumed_the_source(self, run: Run, sandbox: Sandbox) -> None:
        sandbox.set_status("truedy", "batch_1", "active")
        sandbox.advance(calls=2, vendor="truedy", campaign_id="batch_1")
        outcome = run("migrate", "verify", JOURNAL)
        rows = run("migrate", "verify", JOURNAL, "--format", "csv").csv

        assert outcome.code == 3
        assert "the source is active, and DOES NOT STAND STILL" in outcome.out
        assert {(row["where"], row["field"]) for row in rows} == {("source", "status")}
        assert [row["phone_number"] for row in rows if "*" not in row["phone_number"]] == []

    @pytest.mark.parametrize("form", ["text", "json", "csv"])
    def test_report_masks_numbers_unless_asked(self, run: Run, sandbox: Sandbox, form: str) -> None:
        numbers = [contact.number for contact in sandbox.state("truedy", "batch_1").contacts]
        masked = run("migrate", "report", JOURNAL, "--format", form)
        whole = run("migrate", "report", JOURNAL, "--format", form, "--show-numbers")

        assert masked.code == whole.code == 0
        assert [number for number in numbers if number in masked.out] == []
        assert [number for number in numbers if number not in whole.out] == []

    def test_report_has_everybody_once(self, run: Run, sandbox: Sandbox) -> None:
        rows = run("migrate", "report", JOURNAL, "--format", "json", "--show-numbers").json
        source = {contact.id: contact.number for contact in sandbox.state("truedy", "batch_1").contacts}
        target = sandbox.campaign_ids("talkifai")[-1]
        there = {contact.id: contact.number for contact in sandbox.state("talkifai", target).contacts}
        moved = [row for row in rows if row["outcome"] == "moved"]

        assert {row["source_id"]: row["phone_number"] for row in rows} == source
        assert len(rows) == len(source)
        assert {row["target_contact_id"]: row["phone_number"] for row in moved} == there
        assert {row["target_campaign_id"] for row in moved} == {target}
        assert {row["reason"] for row in rows} == {"not called yet", "waiting to be called", "reached"}

    def test_report_of_one_outcome(self, run: Run) -> None:
        assert len(run("migrate", "report", JOURNAL, "--outcome", "kept_back", "--format", "csv").csv) == CALLED

    @pytest.mark.parametrize("command", ["resume", "start"])
    def test_the_source_is_not_resumed_with_the_journal_at_hand(self, run: Run, sandbox: Sandbox, command: str) -> None:
        before = writes(sandbox)
        outcome = run(command, "sandbox-truedy:batch_1", "--journal", JOURNAL, "--yes")

        assert (outcome.code, writes(sandbox)) == (2, before)
        assert "7 contacts of this campaign were moved" in outcome.err
        assert f"unibatch migrate undo {JOURNAL}" in outcome.err

    def test_the_target_is_started_with_the_journal_at_hand(self, run: Run, sandbox: Sandbox) -> None:
        where = f"sandbox-talkifai:{sandbox.campaign_ids('talkifai')[-1]}"
        assert run("start", where, "--journal", JOURNAL, "--yes").code == 0
        assert created(sandbox) == ["running", "7"]

    def test_another_campaign_is_not_of_this_journal(self, run: Run, sandbox: Sandbox) -> None:
        where = f"sandbox-truedy:{sandbox.create('truedy', 2, status='paused')}"
        outcome = run("resume", where, "--journal", JOURNAL, "--yes")
        assert (outcome.code, outcome.err) == (
            2,
            f"unibatch: {JOURNAL} is the journal of another campaign. Nothing was sent\n",
        )

    def test_undo_says_what_it_does_and_takes_the_target_away(self, run: Run, sandbox: Sandbox) -> None:
        outcome = run("migrate", "undo", JOURNAL, "--yes")
        again = run("resume", "sandbox-truedy:batch_1", "--journal", JOURNAL, "--yes")

        assert outcome.code == 0
        assert "the source stays as it is" in outcome.err
        assert outcome.out.startswith(f"removed: {sandbox.campaign_ids('talkifai')[-1]}\n")
        assert created(sandbox)[0] == "cancelled"
        assert again.code == 0

    def test_what_undo_cannot_remove_keeps_the_source_from_being_resumed(self, run: Run, sandbox: Sandbox) -> None:
        """TechLadder's API cancels nothing."""
        journal = ("--journal", "other.sqlite")
        where = f"sandbox-truedy:{sandbox.create('truedy', 3, status='active')}"
        run("migrate", "plan", where, "sandbox-techladder", *journal)
        run("migrate", "apply", "other.sqlite", "--yes")
        undone = run("migrate", "undo", "other.sqlite", "--yes")
        status = run("migrate", "status", "other.sqlite")
        resumed = run("resume", where, *journal, "--yes")

        assert undone.code == status.code == 3
        assert "remains: " in undone.out
        assert status.out.endswith(
            "A part of the target remains. When it is removed: unibatch migrate undo other.sqlite\n"
        )
        assert (resumed.code, state_of(sandbox, where).status) == (2, "paused")

    def test_undo_is_refused_once_the_target_has_started(self, run: Run, sandbox: Sandbox) -> None:
        sandbox.set_status("talkifai", sandbox.campaign_ids("talkifai")[-1], "running")
        before = writes(sandbox)
        outcome = run("migrate", "undo", JOURNAL, "--yes")

        assert (outcome.code, writes(sandbox)) == (2, before)
        assert "has started" in outcome.err

    def test_forget_asks_and_wipes_the_journal(self, run: Run, typing: Typing) -> None:
        typing("n\n")
        refused = run("migrate", "forget", JOURNAL)
        still_there = Path(JOURNAL).exists()
        forgotten = run("migrate", "forget", JOURNAL, "--yes")

        assert (refused.code, still_there) == (1, True)
        assert (forgotten.code, forgotten.out) == (0, f"wiped {JOURNAL}\n")
        assert list(Path().glob(f"{JOURNAL}*")) == []


def text(path: Path) -> None:
    path.write_text("not a database, but long enough to be one\n" * 100, encoding="utf-8")


def other(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE people (name TEXT)")


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE facts (name TEXT)")
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(("make", "said"), [(None, "there is no journal"), (text, "no journal of a migration")])
def test_forget_asks_nothing_about_what_is_no_journal(run: Run, make: Callable[[Path], None] | None, said: str) -> None:
    if make is not None:
        make(Path(JOURNAL))
    outcome = run("migrate", "forget", JOURNAL)

    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert said in outcome.err


@pytest.mark.parametrize("command", ["apply", "status", "verify", "report", "undo"])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (None, "there is no journal"),
        (Path.touch, "there is no plan in it"),
        (text, "the file is damaged, or is no journal"),
        (other, "this is a database of something else"),
        (newer, "a newer version of unibatch wrote this journal; update unibatch"),
    ],
)
def test_a_journal_that_cannot_be_used_is_refused(
    run: Run, sandbox: Sandbox, command: str, make: Callable[[Path], None] | None, said: str
) -> None:
    if make is not None:
        make(Path(JOURNAL))
    outcome = run("migrate", command, JOURNAL, *(["--yes"] if command in {"apply", "undo"} else []))

    assert (outcome.code, outcome.out, sandbox.requests) == (1, "", ())
    assert outcome.err.startswith(f"unibatch: {JOURNAL}: ")
    assert said in outcome.err
