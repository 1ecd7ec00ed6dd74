"""The commands ``init`` and ``completion``."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from tests.cli.running import Run
from unibatch import config
from unibatch.cli.setup import template
from unibatch.client import Options


class TestInit:
    def test_what_it_writes_can_be_loaded(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        assert run("init").code == 0
        for name in config.profile_names():
            monkeypatch.setenv(f"{name.upper()}_API_KEY", "k")

        assert config.profile_names() == ["truedy", "techladder", "talkifai"]
        for name in config.profile_names():
            with config.connect(name) as client:
                assert client.provider == name

    def test_every_setting_in_its_comments_can_be_loaded(
        self, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run("init")
        path = folder / "unibatch.toml"
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "{ file" not in line]
        lines = [re.sub(r"^# (?=\w+ = )", "", line) for line in lines]
        path.write_text("\n".join(lines).replace('auth_header = "..."', 'auth_header = "X-API-Key"'), encoding="utf-8")

        for name in config.profile_names():
            monkeypatch.setenv(f"{name.upper()}_API_KEY", "k")
            profile = config.load_profile(name)
            with config.connect(name) as client:
                assert profile.options.base_url == client.base_url
                documented = client.capabilities.limits.requests_per_minute
            assert profile.options == Options(
                base_url=profile.options.base_url,
                requests_per_minute=documented,
                rate_limit_file=folder / f"{name}-requests.sqlite",
            )
            assert profile.defaults

    def test_it_shows_every_key_of_a_profile_but_the_one_that_nobody_should_need(self) -> None:
        keys = set(re.findall(r"^(?:# )?(\w+) = |^\[profiles\.truedy\.(\w+)\]", template(), re.MULTILINE))
        shown = {key or table for key, table in keys}

        assert {field.name for field in attrs.fields(config.ProfileSetting)} - shown == {"allow_literal_key"}

    def test_it_says_what_to_do_next(self, run: Run) -> None:
        outcome = run("init")

        assert outcome.out == ""
        assert "TRUEDY_API_KEY" in outcome.err
        assert outcome.err.endswith("unibatch campaigns\n")

    def test_it_leaves_a_file_alone(self, run: Run, folder: Path) -> None:
        (folder / "mine.toml").write_text("# mine", encoding="utf-8")
        outcome = run("init", "--path", "mine.toml")

        assert outcome.code == 2
        assert "--force" in outcome.err
        assert (folder / "mine.toml").read_text(encoding="utf-8") == "# mine"

    def test_unless_forced(self, run: Run, folder: Path) -> None:
        (folder / "mine.toml").write_text("# mine", encoding="utf-8")

        assert run("init", "--path", "mine.toml", "--force").code == 0
        assert "[profiles.truedy]" in (folder / "mine.toml").read_text(encoding="utf-8")

    def test_it_makes_the_folder(self, run: Run, folder: Path) -> None:
        assert run("init", "--path", "config/unibatch/unibatch.toml").code == 0
        assert (folder / "config/unibatch/unibatch.toml").is_file()


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_prints_a_script(self, run: Run, shell: str) -> None:
        outcome = run("completion", shell)

        assert (outcome.code, outcome.err) == (0, "")
        assert "_UNIBATCH_COMPLETE" in outcome.out

    @pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
    @pytest.mark.parametrize(
        ("word", "expected"), [("cont", "contacts"), ("sandbox-te", "nospace sandbox-techladder:")]
    )
    @pytest.mark.usefixtures("profiles")
    def test_bash_puts_no_blank_between_profile_and_id(self, run: Run, folder: Path, word: str, expected: str) -> None:
        (folder / "script").write_text(run("completion", "bash").out, encoding="utf-8")
        (folder / "unibatch").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m unibatch "$@"\n', encoding="utf-8")
        (folder / "unibatch").chmod(0o755)
        line = ["unibatch", *(["show"] if ":" in expected else []), word]
        code = f"""
            set -e
            source ./script
            compopt() {{ printf 'nospace '; }}
            COMP_WORDS=({" ".join(line)}) COMP_CWORD={len(line) - 1}
            _unibatch_completion ./unibatch
            printf '%s' "${{COMPREPLY[*]}}"
        """
        done = subprocess.run(["bash", "-c", code], check=True, capture_output=True, text=True)

        assert done.stdout == expected

    def test_refuses_another_shell(self, run: Run) -> None:
        assert run("completion", "ksh").code == 2

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("unibatch campaigns --profile sandbox-te", {"sandbox-techladder"}),
            ("unibatch contacts sandbox-te", {"sandbox-techladder:"}),
            ("unibatch contacts x --status in", {"in_progress", "invalid_number"}),
            ("unibatch providers t", {"truedy", "techladder", "talkifai"}),
            ("unibatch comp", {"completion"}),
            ("unibatch create sandbox-te", {"sandbox-techladder"}),
            ("unibatch pause sandbox-te", {"sandbox-techladder:"}),
            ("unibatch preflight sandbox-truedy te", {"techladder"}),
        ],
    )
    @pytest.mark.usefixtures("profiles")
    def test_completes(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        run: Run,
        line: str,
        expected: set[str],
    ) -> None:
        monkeypatch.setenv("_UNIBATCH_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - 1))
        with pytest.raises(SystemExit):
            run()

        assert {word.partition(",")[2] for word in capsys.readouterr().out.split()} == expected

    def test_completes_nothing_where_the_configuration_is_broken(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], run: Run, folder: Path
    ) -> None:
        (folder / "unibatch.toml").write_text("[", encoding="utf-8")
        monkeypatch.setenv("_UNIBATCH_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", "unibatch campaigns -p x")
        monkeypatch.setenv("COMP_CWORD", "3")
        with pytest.raises(SystemExit):
            run()

        assert "".join(capsys.readouterr()).strip() == ""
