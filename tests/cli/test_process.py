"""What needs a process of its own: pipes, signals, what is imported when; and the command ``unibatch`` as a whole."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

import unibatch
from tests.cli.drafts import seeded
from tests.cli.running import Run
from unibatch.cli.app import COMMANDS
from unibatch.sandbox import Sandbox


def begin(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "unibatch", *arguments]
    return subprocess.Popen(command, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options})


def lines_until(process: subprocess.Popen[str], text: str) -> str:
    """What a process writes to stderr up to the line with this text."""
    assert process.stderr is not None
    written = ""
    for line in process.stderr:
        written += line
        if text in line:
            break
    return written


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
    """Send a signal; the exit code, and what the process still writes."""
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    return process.returncode, out, err


@pytest.mark.usefixtures("profiles")
def test_a_closed_pipe_ends_the_command_silently(sandbox: Sandbox) -> None:
    with begin("contacts", seeded(sandbox)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()

        assert process.stderr.read() == ""
        assert process.wait() == 141


@pytest.mark.parametrize(
    ("setting", "fault", "said"),
    [
        ("", {"delay": 60, "after": 1}, "list_contacts: GET"),
        ("retry = { attempts = 6 }", {"status": 429, "retry_after": 60}, "too many requests"),
        ("requests_per_minute = 3", {"delay": 0.05}, "truedy contacts: waiting 6"),
    ],
)
def test_ctrl_c_ends_every_wait(
    sandbox: Sandbox, profiles: Path, *, setting: str, fault: dict[str, Any], said: str
) -> None:
    """Far sooner than the wait would end; pages are read ahead in threads."""
    text = profiles.read_text(encoding="utf-8")
    if setting:
        text = re.sub(rf"^{setting.split(maxsplit=1)[0]} = .*$", setting, text, flags=re.MULTILINE)
    profiles.write_text(text, encoding="utf-8")
    sandbox.fail("truedy", path="contacts", times=None, **fault)
    with begin("contacts", seeded(sandbox), "--verbose", stdout=subprocess.DEVNULL) as process:
        lines_until(process, said)
        code, _, rest = stop(process)

    assert code == 130
    assert rest.endswith("Interrupted\n")
    assert "Traceback" not in rest


@pytest.mark.usefixtures("patient_profiles")
def test_a_wait_is_a_line_of_its_own_above_the_progress_bar(sandbox: Sandbox) -> None:
    pty = pytest.importorskip("pty")
    sandbox.fail("truedy", path="contacts", after=2, status=503)
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    written = b""
    with begin(
        "contacts", seeded(sandbox), "--format", "csv", stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        with contextlib.suppress(OSError):  # with which a terminal ends
            while part := os.read(ours, 65536):
                written += part
    os.close(ours)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())
    lines = [line.rpartition("\r")[2] for line in plain.split("\r\n")]  # a bar is overwritten from its beginning
    (wait,) = (line for line in lines if "waiting" in line)

    assert process.returncode == 0
    assert re.fullmatch(r"truedy contacts: waiting 0\.\d s: the vendor's server failed \(HTTP 503\), attempt 2", wait)
    assert lines[-2:] == ["1,250 contacts in 13 requests, complete", ""]
    assert "/1250" in plain


@pytest.mark.parametrize(
    ("number", "clock"), [(signal.SIGINT, ()), (signal.SIGTERM, ("--clock", "real"))], ids=["still", "real"]
)
def test_the_sandbox_prints_its_profiles_and_stops_cleanly(
    number: signal.Signals, clock: tuple[str, ...], folder: Path
) -> None:
    with begin("sandbox", "--write-config", "sub.toml", *clock) as process:
        errors = lines_until(process, "until Ctrl-C")
        url = errors.split()[-3]
        answer = httpx.post(f"{url}/_sandbox/advance", json={"seconds": 0}, trust_env=False)
        code, printed, rest = stop(process, number)
    stands_still = not clock

    assert (code, rest) == (0, "Stopped.\n")
    assert printed.startswith('default = "sandbox-truedy"\n')
    assert (folder / "sub.toml").read_text(encoding="utf-8").endswith(printed)
    assert "\nUNIBATCH_CONFIG=sub.toml unibatch campaigns -p sandbox-truedy\n" in errors
    assert (f"curl -d '{{\"calls\": 10}}' {url}/_sandbox/advance\n" in errors) == stands_still
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
    assert run() == (0, run("--help").out, "")


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
