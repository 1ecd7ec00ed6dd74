"""``unibatch sandbox``: what it needs to start, and what it does not overwrite. How it runs: ``test_process``."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from tests.cli.running import Run


def test_a_port_that_is_taken(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert run("sandbox", "--port", str(port)) == (
            1,
            "",
            f"unibatch: the sandbox cannot start: port {port} of 127.0.0.1 is already in use; use another --port\n",
        )


@pytest.mark.parametrize("command", ["sandbox", "demo"])
def test_a_missing_package(run: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    assert run(command) == (2, "", "unibatch: the sandbox needs a web server: pip install 'unibatch[sandbox]'\n")


def test_a_file_that_something_else_wrote_is_left_alone(run: Run, folder: Path) -> None:
    (folder / "unibatch.toml").write_text("# mine", encoding="utf-8")
    outcome = run("sandbox", "--write-config", "unibatch.toml")

    assert outcome.code == 2
    assert "something else wrote it" in outcome.err
    assert (folder / "unibatch.toml").read_text(encoding="utf-8") == "# mine"
