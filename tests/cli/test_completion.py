"""``unibatch completion``: the script, and what shells complete with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import Run


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_prints_a_script(run: Run, shell: str) -> None:
    assert "_UNIBATCH_COMPLETE" in run("completion", shell).out


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.usefixtures("profiles")
def test_bash_puts_no_blank_between_profile_and_id(run: Run, folder: Path) -> None:
    (folder / "script").write_text(run("completion", "bash").out, encoding="utf-8")
    (folder / "unibatch").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m unibatch "$@"\n', encoding="utf-8")
    (folder / "unibatch").chmod(0o755)
    code = """
        set -e
        source ./script
        compopt() { printf 'nospace '; }
        complete_last() { COMPREPLY=(); COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _unibatch_completion ./unibatch; }
        complete_last unibatch cont; echo "${COMPREPLY[*]}"
        complete_last unibatch show sandbox-te; echo "${COMPREPLY[*]}"
    """
    done = subprocess.run(["bash", "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout == "contacts\nnospace sandbox-techladder:\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("campaigns --profile sandbox-te", ["sandbox-techladder"]),
        ("contacts x --status in", ["in_progress", "invalid_number"]),
        ("providers t", ["truedy", "techladder", "talkifai"]),
        ("comp", ["compare", "completion"]),
        ("create sandbox-te", ["sandbox-techladder"]),
        ("pause sandbox-te", ["sandbox-techladder:"]),
        ("preflight sandbox-truedy te", ["techladder"]),
    ],
)
@pytest.mark.usefixtures("profiles")
def test_completes(complete: Callable[[str], list[str]], line: str, expected: list[str]) -> None:
    assert complete(line) == expected


def test_completes_nothing_if_the_configuration_is_broken(complete: Callable[[str], list[str]], folder: Path) -> None:
    (folder / "unibatch.toml").write_text("[", encoding="utf-8")

    assert complete("campaigns -p x") == []


@pytest.fixture
def complete(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], run: Run
) -> Callable[[str], list[str]]:
    """Gives what bash is offered for the last word of a line."""

    def complete(line: str) -> list[str]:
        monkeypatch.setenv("_UNIBATCH_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", f"unibatch {line}")
        monkeypatch.setenv("COMP_CWORD", str(len(line.split())))
        with pytest.raises(SystemExit):
            run()
        out, err = capsys.readouterr()
        assert err == ""
        return [word.partition(",")[2] for word in out.split()]

    return complete
