"""``unibatch export``: its file, what it says, its exit codes, and going on after an interruption."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.drafts import VENDORS, seeded
from tests.cli.running import Run, Terminal, assert_refused, raising
from tests.cli.test_process import begin
from unibatch.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("profiles")


def everybody(sandbox: Sandbox) -> list[str]:
    return [seeded(sandbox, vendor) for vendor in VENDORS]


def test_campaigns_of_all_vendors_are_in_one_file(run: Run, sandbox: Sandbox, folder: Path) -> None:
    outcome = run("export", *everybody(sandbox), "--to", "all.jsonl", "--fields", "json")
    rows = [json.loads(line) for line in (folder / "all.jsonl").read_text(encoding="utf-8").splitlines()]

    assert (outcome.code, outcome.out, outcome.err) == (0, "", f"{len(rows):,} contacts in all.jsonl\n")
    assert list(dict.fromkeys(row["provider"] for row in rows)) == list(VENDORS)
    assert {type(row["fields"]) for row in rows} == {dict}


def test_the_file_can_be_placed_again(run: Run, sandbox: Sandbox) -> None:
    run("export", seeded(sandbox), "--to", "all.csv", "--excel")
    preflight = ("--name", "Again", "--start", "hold", "--agent", "agt_1", "--format", "json")
    outcome = run("preflight", "sandbox-truedy", "--contacts", "all.csv", *preflight)
    assert (outcome.code, outcome.err.count("rejected")) == (0, 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--to", "all.doc"), "end it with one of .csv, .jsonl, .ndjson, .parquet, .xlsx, or state --format"),
        (("--to", "all.xlsx", "--excel"), "--excel is for CSV"),
        ((), "Missing option '--to'"),
    ],
)
def test_a_wrong_command_line_sends_nothing(run: Run, sandbox: Sandbox, options: tuple[str, ...], said: str) -> None:
    assert_refused(run("export", "sandbox-truedy:batch_1", *options), sandbox, said)


def test_contacts_that_may_be_missing_end_it_with_code_3(run: Run, sandbox: Sandbox, folder: Path) -> None:
    def announce_more(_: object, body: Any) -> Any:
        body["pagination"]["total"] += 7
        return body

    sandbox.fail("truedy", path="contacts", edit=announce_more, times=None)
    refused = run("export", *everybody(sandbox)[::-1], "--to", "all.csv")
    assert (refused.code, (folder / "all.csv").exists()) == (3, False)
    assert "no file was made; to make it anyway: --accept-incomplete" in refused.err
    assert "To continue: unibatch export" in refused.err
    accepted = run("export", seeded(sandbox), "--to", "all.csv", "--accept-incomplete")
    assert (accepted.code, (folder / "all.csv").exists()) == (3, True)
    assert "contacts may be missing: " in accepted.err


def test_ctrl_c_says_how_to_go_on(run: Run, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [*everybody(sandbox), "--to", "all file.csv", "--fields", "json", "--excel"]
    with monkeypatch.context() as patch:
        patch.setattr("unibatch.workflows.export.files.Target.replace", raising(KeyboardInterrupt()))
        outcome = run("export", *arguments)
    assert outcome.code == 130
    kept, hint, last = outcome.err.splitlines()
    assert kept.endswith("a hidden file beside all file.csv; --resume reads only the rest")
    assert last == "Interrupted"
    before = len(sandbox.requests)
    resumed = run(*shlex.split(hint.removeprefix("To continue: unibatch ")))

    assert (resumed.code, len(sandbox.requests)) == (0, before)
    assert sorted(path.name for path in folder.iterdir()) == ["all file.csv", "unibatch.toml"]


@pytest.mark.skipif(sys.platform == "win32", reason="no process there can be killed by a signal")
def test_a_process_that_was_killed_is_continued(run: Run, sandbox: Sandbox, folder: Path) -> None:
    arguments = ("export", *everybody(sandbox), "--to")
    run(*arguments, "whole.csv")
    sandbox.fail("techladder", path="page=2|calls|items|contacts", after=1, stall="before")
    with begin(*arguments, "all.csv", stdout=subprocess.DEVNULL) as process:
        spool = folder / ".all.csv.unibatch-spool"
        while not (spool.exists() and b'"campaign":1' in spool.read_bytes()):
            assert process.poll() is None, "it ended before it was killed"
        process.send_signal(signal.SIGKILL)
    sandbox.clear_faults()
    outcome = run(*arguments, "all.csv", "--resume")

    assert outcome.code == 0
    assert (folder / "all.csv").read_bytes() == (folder / "whole.csv").read_bytes()


def test_a_terminal_shows_a_bar(run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
    terminal(out=False)
    outcome = run("export", *everybody(sandbox), "--to", "all.csv")
    assert (outcome.code, outcome.out) == (0, "")
    assert "contacts" in outcome.err
