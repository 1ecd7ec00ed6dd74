"""What needs a process of its own: pipes, signals, what is imported when; and the command ``unibatch`` as a whole."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import unibatch
from tests.cli.running import Run
from unibatch.cli.app import COMMANDS
from unibatch.sandbox import Sandbox

UNIBATCH = (sys.executable, "-m", "unibatch")


@pytest.mark.usefixtures("profiles")
def test_a_closed_pipe_ends_the_command_silently(sandbox: Sandbox) -> None:
    command = [*UNIBATCH, "contacts", sandbox.campaign_ids("truedy")[0]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()

        assert process.stderr.read() == b""
        assert process.wait() == 141


class TestCtrlC:
    """It ends a command within a moment. The time-outs are far shorter than the waits."""

    @staticmethod
    def interrupted(process: subprocess.Popen[str]) -> str:
        """What the command still writes to stderr."""
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=10)
        finally:
            process.kill()
        assert process.returncode == 130
        return errors

    @pytest.mark.usefixtures("profiles")
    def test_while_pages_are_read_ahead(self, sandbox: Sandbox) -> None:
        sandbox.fail("truedy", path="contacts", delay=0.05)  # which makes it read ahead
        sandbox.fail("truedy", path="contacts", delay=60, times=None)
        command = [*UNIBATCH, "contacts", sandbox.campaign_ids("truedy")[0], "--format", "jsonl"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()

            assert self.interrupted(process) == "Interrupted\n"

    @pytest.mark.usefixtures("patient_profiles")
    def test_while_it_waits_for_another_attempt(self, sandbox: Sandbox) -> None:
        sandbox.fail("truedy", status=429, retry_after=60)
        with subprocess.Popen([*UNIBATCH, "campaigns"], stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "too many requests" in process.stderr.readline()

            assert self.interrupted(process) == "Interrupted\n"

    def test_while_threads_wait_for_the_rate_limit(self, sandbox: Sandbox, profiles: Path) -> None:
        text = profiles.read_text(encoding="utf-8")
        profiles.write_text(text.replace("requests_per_minute = 1000000", "requests_per_minute = 3"), encoding="utf-8")
        sandbox.fail("truedy", path="contacts", delay=0.05, times=None)
        command = [*UNIBATCH, "contacts", sandbox.campaign_ids("truedy")[0]]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert re.fullmatch(
                r"truedy contacts: waiting 6\d s to stay below the rate limit\n", process.stderr.readline()
            )

            assert self.interrupted(process) == "Interrupted\n"


@pytest.mark.usefixtures("patient_profiles")
def test_a_wait_is_a_line_of_its_own_above_the_progress_bar(sandbox: Sandbox) -> None:
    pty = pytest.importorskip("pty")
    sandbox.fail("truedy", path="contacts", after=2, status=503)
    command = [*UNIBATCH, "contacts", sandbox.campaign_ids("truedy")[0], "--format", "csv"]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment) as process:
        os.close(theirs)
        written = b""
        with contextlib.suppress(OSError):  # with which a terminal ends
            while part := os.read(ours, 65536):
                written += part
    os.close(ours)

    assert process.returncode == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())
    lines = [line.rpartition("\r")[2] for line in plain.split("\r\n")]  # a bar is overwritten from its beginning
    waits = [line for line in lines if "waiting" in line]
    assert len(waits) == 1
    assert re.fullmatch(
        r"truedy contacts: waiting 0\.\d s: the vendor's server failed \(HTTP 503\), attempt 2", waits[0]
    )
    assert lines[-2:] == ["1,250 contacts in 13 requests, complete", ""]
    assert "/1250" in plain


@pytest.mark.parametrize(
    ("number", "clock"), [(signal.SIGINT, ()), (signal.SIGTERM, ("--clock", "real"))], ids=["still", "real"]
)
def test_the_sandbox_prints_its_profiles_and_stops_cleanly(
    number: signal.Signals, clock: tuple[str, ...], folder: Path
) -> None:
    command = [*UNIBATCH, "sandbox", "--write-config", "sub.toml", *clock]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = ""
        for line in process.stderr:
            errors += line
            if "until Ctrl-C" in line:
                break
        url = re.search(r"http://127\.0\.0\.1:\d+", errors)
        assert url is not None
        answer = httpx.post(f"{url[0]}/_sandbox/advance", json={"seconds": 0}, trust_env=False)
        process.send_signal(number)
        try:
            printed, rest = process.communicate(timeout=30)
        finally:
            process.kill()

    stands_still = not clock
    assert (process.returncode, rest) == (0, "Stopped.\n")
    assert printed.startswith('default = "sandbox-truedy"\n')
    assert (folder / "sub.toml").read_text(encoding="utf-8").endswith(printed)
    assert "\nUNIBATCH_CONFIG=sub.toml unibatch campaigns -p sandbox-truedy\n" in errors
    assert (f"curl -d '{{\"calls\": 10}}' {url[0]}/_sandbox/advance\n" in errors) == stands_still
    assert (answer.json()["now"] == "2026-03-10T09:00:00.000Z") == stands_still


def test_help_loads_no_command() -> None:
    code = (
        "import sys, unibatch.cli; assert not {'click', 'rich'} & set(sys.modules); unibatch.cli.main(['--help']); "
        "sys.exit(str({'rich', 'httpx', 'unibatch.client', 'unibatch.config'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr.strip() == ""
    assert "  campaigns  List campaigns.\n" in done.stdout


@pytest.mark.parametrize("package", ["click", "rich"])
def test_a_missing_extra_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    assert run("providers") == (2, "", "unibatch: the command line needs an extra: pip install 'unibatch[cli]'\n")


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"unibatch {unibatch.__version__}\n", "")


def test_without_a_command_it_helps(run: Run) -> None:
    outcome = run()

    assert outcome.code == 0
    assert outcome.out == run("--help").out


@pytest.mark.parametrize("command", [name for commands in COMMANDS.values() for name in commands])
def test_every_command_explains_itself_with_examples_at_80_columns(
    run: Run, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = run(command, "-h")

    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: unibatch {command} ")
    assert "Examples:\n    unibatch" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80
