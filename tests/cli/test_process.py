"""What needs a process of its own: pipes, signals, what is imported when; and the command ``unibatch`` as a whole."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
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
from unibatch.cli.output import FORMATS
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


@pytest.mark.usefixtures("profiles")
@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell that closes streams")
@pytest.mark.parametrize(
    ("command", "closed", "code", "said"),
    [
        ("providers", ">&-", 141, ""),
        ("providers --format json", ">&- 2>&- <&-", 141, ""),
        ("providers > providers.txt", "2>&-", 0, ""),
        ("providers > providers.txt", "2>/dev/full", 0, ""),
        ("start sandbox-truedy:batch_1", "<&-", 2, "add --yes"),
        ("create sandbox-truedy --contacts - --name X --start hold", "<&-", 2, "cannot read <stdin>: it is closed"),
    ],
)
def test_a_stream_that_is_closed_is_no_bug(command: str, closed: str, code: int, said: str) -> None:
    line = f"{shlex.quote(sys.executable)} -m unibatch {command} {closed}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr


@pytest.mark.usefixtures("profiles")
def test_a_locale_without_utf8_does_not_end_a_command() -> None:
    """Where stdout cannot hold a character, it is written as an escape."""
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    with begin("providers", env={**os.environ, **locale}) as process:
        out, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert "\\u2713" in out


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
    (wait,) = (line for line in lines if "attempt" in line)

    assert process.returncode == 0
    assert re.fullmatch(r"truedy contacts: the vendor's server failed \(HTTP 503\); attempt 2 in 0\.\d s", wait)
    assert lines[-2:] == ["1,250 contacts in 13 requests, complete", ""]
    assert "/1250" in plain


@pytest.mark.parametrize(
    ("number", "clock", "config"),
    [(signal.SIGINT, (), ("--write-config", "sub.toml")), (signal.SIGTERM, ("--clock", "real"), ())],
    ids=["still", "real"],
)
def test_the_sandbox_gives_its_profiles_and_stops_cleanly(
    number: signal.Signals, clock: tuple[str, ...], config: tuple[str, ...], folder: Path
) -> None:
    """In a file, if it is named; else on stdout."""
    with begin("sandbox", *config, *clock) as process:
        errors = lines_until(process, "until Ctrl-C")
        url = errors.split()[-3]
        answer = httpx.post(f"{url}/_sandbox/advance", json={"seconds": 0}, trust_env=False)
        code, printed, rest = stop(process, number)
    stands_still = not clock

    assert (code, rest) == (0, "Stopped.\n")
    assert printed.startswith("" if config else 'default = "sandbox-truedy"\n')
    assert (printed == "") == bool(config)
    assert not config or '\n\ndefault = "sandbox-truedy"\n' in (folder / "sub.toml").read_text(encoding="utf-8")
    assert f"\n{'UNIBATCH_CONFIG=sub.toml ' if config else ''}unibatch campaigns -p sandbox-truedy\n" in errors
    assert (f"curl -d '{{\"calls\": 10}}' {url}/_sandbox/advance\n" in errors) == stands_still
    assert (answer.json()["now"] == "2026-03-10T09:00:00.000Z") == stands_still


def loaded_by(*commands: str) -> list[tuple[str, int, set[str]]]:
    """Commands run one after the other in one process of their own: each with its exit code, and what is loaded then.

    That is the top-level packages, and the modules of unibatch.
    """
    code = (
        "import json, sys, unibatch.cli\n"
        "for command in sys.argv[1:]:\n"
        "    code = unibatch.cli.main(command.split())\n"
        "    loaded = {name if name.startswith('unibatch.') else name.partition('.')[0] for name in sys.modules}\n"
        "    print('LOADED', json.dumps([command, code, sorted(loaded)]), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *commands], capture_output=True, text=True, check=True)
    lines = [line.removeprefix("LOADED ") for line in done.stderr.splitlines() if line.startswith("LOADED ")]
    return [(command, ended, set(loaded)) for command, ended, loaded in map(json.loads, lines)]


def test_help_and_wrong_use_import_no_more_than_click() -> None:
    heavy = {"attrs", "cattrs", "httpx", "msgspec", "phonenumbers", "rich", "unibatch.client", "unibatch.config"}
    helped = ["--help", "--version", "completion bash"]
    helped += [f"{command} --help" for commands in COMMANDS.values() for command in commands]
    wrong = ["no-such-command", "contacts", "create main --no-such-option"]
    ran = loaded_by(*helped, *wrong)

    assert [(command, ended) for command, ended, _ in ran] == [
        *((each, 0) for each in helped),
        *((each, 2) for each in wrong),
    ]
    assert [(command, found) for command, _, loaded in ran if (found := loaded & heavy)] == []


@pytest.mark.usefixtures("profiles")
def test_what_writes_data_draws_nothing(sandbox: Sandbox) -> None:
    """Neither the tables of this command line nor those of the one that httpx has."""
    campaign = seeded(sandbox)
    commands = [
        f"{command} --format {form}"
        for command in ("providers", "campaigns", f"show {campaign}", f"contacts {campaign}")
        for form in ("json", "jsonl", "csv")
    ]
    ran = loaded_by(*commands)

    assert [(command, ended) for command, ended, _ in ran] == [(each, 0) for each in commands]
    assert [command for command, _, loaded in ran if loaded & {"rich", "pygments", "phonenumbers"}] == []


@pytest.mark.usefixtures("profiles")
def test_a_listing_into_a_pipe_imports_nothing_that_it_does_not_need(sandbox: Sandbox) -> None:
    """What draws, counts requests that reach the limit, repeats those that fail, or says what is wrong in a profile."""
    unneeded = {"asyncio", "cattrs", "pyrate_limiter", "rich", "tenacity"}
    commands = [
        f"{command} --format {form}" for command in ("campaigns", f"contacts {seeded(sandbox)}") for form in FORMATS
    ]
    ran = loaded_by(*commands)

    assert [(command, ended, loaded & unneeded) for command, ended, loaded in ran] == [
        (each, 0, set()) for each in commands
    ]


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


@pytest.mark.parametrize("package", ["attrs", "click", "rich"])
def test_ctrl_c_during_the_imports_ends_without_a_traceback(package: str) -> None:
    program = f"""
import os, signal, sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == "{package}":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

from unibatch.cli import main
sys.meta_path.insert(0, Interrupting())
sys.exit(main(["providers"]))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert "Traceback" not in ended.stderr


def test_importing_the_package_imports_nothing_slow() -> None:
    """So that there is hardly a moment in which Ctrl-C meets nobody."""
    program = "import sys, unibatch.cli; print({'attrs', 'msgspec', 'cattrs', 'click', 'httpx'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "set()\n"
