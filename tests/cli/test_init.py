"""``unibatch init``: a file to fill in."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from tests.cli.running import Run
from unibatch import config
from unibatch.cli.init import template
from unibatch.client import Options


def test_what_it_writes_can_be_loaded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("init").code == 0
    assert config.profile_names() == ["truedy", "techladder", "talkifai"]
    for name in config.profile_names():
        monkeypatch.setenv(f"{name.upper()}_API_KEY", "k")
        with config.connect(name) as client:
            assert client.provider == name


def test_every_setting_in_its_comments_can_be_loaded(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_it_shows_every_key_of_a_profile_but_the_one_that_nobody_should_need() -> None:
    keys = set(re.findall(r"^(?:# )?(\w+) = |^\[profiles\.truedy\.(\w+)\]", template(), re.MULTILINE))
    shown = {key or table for key, table in keys}

    assert {field.name for field in attrs.fields(config.ProfileSetting)} - shown == {"allow_literal_key"}


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("unibatch.toml", "unibatch campaigns"),
        ("config/unibatch/unibatch.toml", "unibatch campaigns"),
        ("a b/unibatch.toml", "UNIBATCH_CONFIG='a b/unibatch.toml' unibatch campaigns"),
    ],
)
def test_it_says_what_to_do_next(run: Run, folder: Path, path: str, command: str) -> None:
    """With the path, unless it is a place where unibatch looks: here, or in the user's configuration directory."""
    outcome = run("init", "--path", path)

    assert (outcome.code, outcome.out) == (0, "")
    assert "TRUEDY_API_KEY" in outcome.err
    assert outcome.err.endswith(f"and run: {command}\n")
    assert (folder / path).is_file()


def test_it_overwrites_a_file_only_if_forced(run: Run, folder: Path) -> None:
    (folder / "mine.toml").write_text("# mine", encoding="utf-8")
    refused = run("init", "--path", "mine.toml")

    assert refused.code == 2
    assert "--force" in refused.err
    assert (folder / "mine.toml").read_text(encoding="utf-8") == "# mine"
    assert run("init", "--path", "mine.toml", "--force").code == 0
    assert "[profiles.truedy]" in (folder / "mine.toml").read_text(encoding="utf-8")
