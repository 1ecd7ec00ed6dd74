"""``unibatch demo`` runs to its end, and what it says is true."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.running import Run, Terminal
from unibatch.cli import demonstration, main
from unibatch.providers import registry
from unibatch.sandbox import Sandbox


@pytest.fixture(scope="module")
def output() -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        patch.delenv("FORCE_COLOR", raising=False)
        assert main(["demo"]) == 0
    assert err.getvalue() == ""
    return out.getvalue()


def test_says_what_the_sandbox_holds(output: str, sandbox: Sandbox) -> None:
    mix = output[output.index("3. The statuses of the calls") :]
    for vendor in sandbox.vendors:
        state = sandbox.state(vendor, sandbox.campaign_ids(vendor)[0])
        kind = registry.load(vendor)
        size = kind.capabilities.contact_paging.max_size
        assert size is not None
        total = len(state.contacts)
        requests = -(-total // size)
        assert re.search(rf"{kind.title} +{total:,} contacts, {size} a page: {requests} requests, complete ✓", output)
        words = Counter(contact.status for contact in state.contacts)
        statuses = Counter[str]()
        for word, count in words.items():
            statuses[str(kind.call_statuses.get(word))] += count
        for status, count in statuses.items():
            row = re.search(rf"^  {status} .*$", mix, re.MULTILINE)
            assert row is not None
            assert f"{count:,} " in row[0]


def test_shows_the_code_that_runs(output: str) -> None:
    for line in inspect.getsource(demonstration.read).splitlines():
        assert f"  {line}".rstrip() in output


def test_shows_that_one_word_means_two_things(output: str) -> None:
    assert re.search(r'status: "queued" +→ queued, not final', output)
    assert re.search(r'status: "queued" +→ retry_scheduled, not final', output)
    assert re.search(r'status: "no_answer" +→ no_answer, final', output)
    assert re.search(r'status: "no_answer" +→ no_answer, not final', output)
    assert re.search(r'phone_number: "1\d\*+\d\d" +→ \+1\d\*+\d\d', output)
    assert re.search(r'Company Name: ".+" +→ field\("company_name"\)', output)


def test_shows_nobodys_number(output: str, sandbox: Sandbox) -> None:
    for vendor in sandbox.vendors:
        numbers = {contact.number for contact in sandbox.state(vendor, sandbox.campaign_ids(vendor)[0]).contacts}
        assert not any(number.removeprefix("+") in output for number in numbers)


def test_is_plain_where_it_is_piped(output: str) -> None:
    assert "\x1b" not in output
    assert max(map(len, output.splitlines())) <= 80


@pytest.mark.parametrize(("width", "whole"), [(80, False), (100, True)])
def test_on_a_terminal_it_is_coloured_fits_and_folds_no_id_if_there_is_room(
    run: Run, terminal: Terminal, sandbox: Sandbox, width: int, *, whole: bool
) -> None:
    terminal(width=width)
    out = run("demo").out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    ids = " +".join(sandbox.campaign_ids(vendor)[0] for vendor in sandbox.vendors)

    assert out != plain
    assert max(map(len, plain.splitlines())) <= width
    assert bool(re.search(rf"^  id +{ids} *$", plain, re.MULTILINE)) == whole


@pytest.mark.parametrize("before", [None, "elsewhere.toml"])
def test_leaves_nothing_behind(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    if before is not None:
        monkeypatch.setenv("UNIBATCH_CONFIG", before)
    run("demo")

    assert os.environ.get("UNIBATCH_CONFIG") == before
    assert list(folder.iterdir()) == []
