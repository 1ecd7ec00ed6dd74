"""Paths that cannot be, and files that cannot be read to their end, are errors of the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from unibatch import ConfigError
from unibatch.config import find_file, load_profile, read_settings

PROFILE = '[profiles.main]\nprovider = "truedy"\napi_key = {{ file = "{}" }}\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNIBATCH_CONFIG", raising=False)


@pytest.mark.parametrize("name", ["~no-such-user/unibatch.toml", "missing.toml", "."])
def test_the_environment_names_no_file(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("UNIBATCH_CONFIG", name)
    with pytest.raises(ConfigError, match="which is not a file; correct or unset it"):
        find_file()


@pytest.mark.parametrize("name", ["~no-such-user/key", "\\u0000", "missing", "."])
def test_a_key_file_that_cannot_be(name: str) -> None:
    Path("unibatch.toml").write_text(PROFILE.format(name), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^unibatch\.toml: profiles\.main\.api_key: the key file .* cannot be read"):
        load_profile("main")


def test_a_file_that_is_nested_without_end() -> None:
    Path("unibatch.toml").write_text(f"default = {'[' * 5_000}{']' * 5_000}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^unibatch\.toml is not valid TOML"):
        read_settings()
