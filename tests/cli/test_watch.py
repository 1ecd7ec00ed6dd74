"""``unibatch watch``: what it shows, how it ends, and that it can be started again."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

import unibatch
from tests.cli.running import Run, Terminal
from tests.madeup import MadeUpTime
from unibatch import CallStatus, ContactChanged, EventType
from unibatch.cli import watching
from unibatch.cli.watching import Pace
from unibatch.sandbox import Sandbox

RUNNING = {"truedy": "active", "techladder": "active", "talkifai": "running"}


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> MadeUpTime:
    """Ten seconds pass for the dialler while one passes here."""
    time = MadeUpTime(monkeypatch)
    monkeypatch.setattr(watching, "time", time.clock)
    time.meanwhile = lambda seconds: sandbox.advance(seconds=seconds * 10)
    return time


def begun(sandbox: Sandbox, contacts: int, vendor: str = "truedy") -> str:
    campaign_id = sandbox.create(vendor, contacts, name="Spring", concurrency=10)
    sandbox.set_status(vendor, campaign_id, RUNNING[vendor])
    return f"sandbox-{vendor}:{campaign_id}"


@pytest.mark.usefixtures("profiles", "time")
class TestOutput:
    @pytest.mark.parametrize("vendor", RUNNING)
    def test_without_a_terminal_it_is_a_line_an_event(self, run: Run, sandbox: Sandbox, vendor: str) -> None:
        outcome = run("watch", begun(sandbox, 30, vendor))
        lines = outcome.out.splitlines()
        assert outcome.code == 0
        assert "  campaign_changed  " in lines[0]
        assert lines[-1].endswith("  completed")
        assert "  campaign_finished  " in lines[-1]
        assert sum("  call_ended  " in line or "  call_failed  " in line for line in lines) >= 25
        assert "******" in outcome.out

    def test_jsonl_is_the_events(self, run: Run, sandbox: Sandbox) -> None:
        outcome = run("watch", begun(sandbox, 20), "--format", "jsonl")
        assert outcome.jsonl[0]["type"] == EventType.CAMPAIGN_CHANGED
        assert outcome.jsonl[-1]["type"] == EventType.CAMPAIGN_FINISHED
        finals = [event for event in outcome.jsonl if event["contact"] and event["contact"]["is_final"]]
        assert len({event["contact_id"] for event in finals}) == len(finals) == 20

    def test_at_a_terminal_it_is_a_display(self, run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
        terminal(width=100)
        outcome = run("watch", begun(sandbox, 60))
        shown = outcome.out.rpartition("Spring")[2]
        assert outcome.code == 0
        assert "completed" in shown
        assert 'Truedy says "completed"' in shown
        assert "calls a minute" in shown
        assert re.search(r"\d+%", shown)


@pytest.mark.usefixtures("time")
def test_while_it_runs_the_display_says_how_fast_and_until_when(sandbox: Sandbox) -> None:
    shown = ""
    with unibatch.connect(**sandbox.profile("truedy")) as client:
        watch = client.watch(begun(sandbox, 200).partition(":")[2])
        display = watching._Display(watch, "Truedy")
        for event in watch:
            display.show(event)
            console = Console(file=io.StringIO(), width=120)
            console.print(display._render())
            shown = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
            if " in 95 of 100 cases" in shown:
                break
    assert re.search(r"\d calls a minute", shown)
    assert re.search(r"about \d\d:\d\d UTC  between \d\d:\d\d and (\d\d:\d\d|later) in 95 of 100 cases", shown)
    assert re.search(r"pending +\d+ +\d+%", shown)


@pytest.mark.usefixtures("profiles", "time")
class TestEnds:
    @pytest.mark.parametrize(("status", "code"), [("completed", 0), ("failed", 1), ("cancelled", 4)])
    def test_the_exit_code_says_how_the_campaign_ended(
        self, run: Run, sandbox: Sandbox, status: str, code: int
    ) -> None:
        where = begun(sandbox, 4)
        sandbox.advance(seconds=86_400)
        sandbox.set_status("truedy", where.partition(":")[2], status)
        assert run("watch", where).code == code

    def test_contacts_without_a_result_are_code_3(self, run: Run, sandbox: Sandbox) -> None:
        where = begun(sandbox, 4)
        sandbox.set_status("truedy", where.partition(":")[2], "completed")
        outcome = run("watch", where)
        assert outcome.code == 3
        assert "4 contacts have no final status" in outcome.err

    def test_a_campaign_that_does_not_exist_is_an_error(self, run: Run) -> None:
        outcome = run("watch", "sandbox-truedy:batch_0")
        assert (outcome.code, outcome.out) == (1, "")


@pytest.mark.usefixtures("profiles", "time")
class TestState:
    def test_it_goes_on_from_there(self, run: Run, sandbox: Sandbox, folder: Path, time: MadeUpTime) -> None:
        where = begun(sandbox, 60)
        advance, looks = time.meanwhile, 0

        def meanwhile(seconds: float) -> None:
            nonlocal looks
            advance(seconds)
            looks += 1
            if looks == 4:
                raise KeyboardInterrupt

        time.meanwhile = meanwhile
        first = run("watch", where, "--format", "jsonl", "--state", "spring.json")
        assert first.code == 130
        second = run("watch", where, "--format", "jsonl", "--state", "spring.json")
        assert second.code == 0
        finals = [
            event["contact_id"] for event in first.jsonl + second.jsonl if (event["contact"] or {}).get("is_final")
        ]
        assert len(set(finals)) == len(finals) == 60
        third = run("watch", where, "--format", "jsonl", "--state", "spring.json")
        assert (third.code, third.out) == (0, "")
        assert "nothing new" in third.err
        assert [path.name for path in folder.glob("spring*")] == ["spring.json"]

    @pytest.mark.parametrize(
        ("text", "said"), [("no json", "is not the state of a watch"), ("{}", "state is not the state")]
    )
    def test_a_file_of_something_else_is_refused(
        self, run: Run, sandbox: Sandbox, folder: Path, text: str, said: str
    ) -> None:
        (folder / "spring.json").write_text(text, encoding="utf-8")
        outcome = run("watch", begun(sandbox, 1), "--state", "spring.json")
        assert (outcome.code, outcome.out) == (2, "")
        assert said in outcome.err
        assert (folder / "spring.json").read_text(encoding="utf-8") == text

    def test_a_file_that_cannot_be_written_is_an_error(self, run: Run, sandbox: Sandbox) -> None:
        outcome = run("watch", begun(sandbox, 1), "--state", "no/such/folder.json")
        assert outcome.code == 1
        assert "the state cannot be written" in outcome.err

    def test_sigterm_keeps_it(self, sandbox: Sandbox, folder: Path) -> None:
        where = begun(sandbox, 5)
        command = [sys.executable, "-m", "unibatch", "watch", where, "--state", "spring.json", "--format", "jsonl"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["status"] == "running"
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 130
        assert json.loads((folder / "spring.json").read_text(encoding="utf-8"))["status"] == "running"


class TestPace:
    """How fast it goes, and how sure the end is."""

    def call(self, kind: EventType = EventType.CALL_ENDED, *, final: bool = True) -> ContactChanged:
        import attrs  # noqa: PLC0415 - only here

        from unibatch import Contact  # noqa: PLC0415 - only here

        contact = Contact(
            id="c", provider="truedy", campaign_id="b", phone_number="", phone_valid=False,
            status=CallStatus.COMPLETED, is_final=final,
        )  # fmt: skip
        event = ContactChanged(type=kind, provider="truedy", dedupe_key="", seen_at=None, contact=contact)  # type: ignore[arg-type]  # not looked at
        return attrs.evolve(event, status=CallStatus.COMPLETED)

    def test_what_had_ended_before_counts_for_nothing(self) -> None:
        pace = Pace()
        pace.note(self.call(), 1.0)
        assert (pace.a_minute(2.0), pace.left(5, 2.0)) == (None, None)

    def test_it_is_that_of_the_latest_ten_minutes(self) -> None:
        pace = Pace(began=0.0)
        for second in range(0, 600, 10):
            pace.note(self.call(), float(second))
        pace.note(self.call(EventType.CALL_STARTED), 599.0)
        assert pace.a_minute(600.0) == pytest.approx(6.0)
        assert pace.a_minute(1_200.0) == pytest.approx(0.0, abs=0.11)

    def test_few_calls_give_no_end_and_more_a_surer_one(self) -> None:
        pace = Pace(began=0.0)
        for second in range(9):
            pace.note(self.call(), second * 10.0)
        pace.note(self.call(final=False), 90.0)
        assert pace.left(100, 100.0) is None
        pace.note(self.call(), 95.0)
        about, least, most = pace.left(100, 100.0) or (None, None, None)
        assert about == timedelta(seconds=1_000)
        assert least is not None and most is not None and least < about < most  # noqa: PT018 - one fact
        wide = most - least
        for second in range(100, 500):
            pace.note(self.call(), float(second))
        about, least, most = pace.left(100, 500.0) or (None, None, None)
        assert most is not None and least is not None and most - least < wide  # noqa: PT018 - one fact
