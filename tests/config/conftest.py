"""Files of profiles, in a place of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from unibatch import ConfigError

MINIMAL = '[profiles.main]\nprovider = "truedy"\napi_key = { env = "TRUEDY_API_KEY" }\n'
TWO = MINIMAL + MINIMAL.replace("main", "other")


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory, a home and a user's configuration directory, all empty; no settings; one key."""
    for name in ("here", "home", "user"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setattr(platformdirs, "user_config_dir", lambda name: str(tmp_path / "user" / name))
    monkeypatch.setenv("TRUEDY_API_KEY", "the-key")


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    folder = tmp_path / "user" / "unibatch"
    folder.mkdir()
    return folder / "unibatch.toml"


def write(text: str, path: Path | None = None) -> Path:
    path = path or Path("unibatch.toml")
    path.write_text(text, encoding="utf-8")
    return path


def refusal(call: Callable[[], Any]) -> str:
    """What a call is refused with."""
    with pytest.raises(ConfigError) as caught:
        call()
    return str(caught.value)
