"""The command ``demo`` runs to its end, and what it says is so."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.running import Run, Terminal
from unibatch.cli import demo as demo_module
from unibatch.cli import main
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
    for line in inspect.getsource(demo_module.read).splitlines():
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


def test_is_coloured_and_fits_on_a_terminal(run: Run, terminal: Terminal) -> None:
    terminal(width=80)
    out = run("demo").out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)

    assert "\x1b[" in out
    assert max(map(len, plain.splitlines())) <= 80


def test_folds_no_id_where_there_is_room(run: Run, terminal: Terminal, sandbox: Sandbox) -> None:
    terminal(width=100)
    out = re.sub(r"\x1b\[[0-9;]*m", "", run("demo").out)
    ids = [sandbox.campaign_ids(vendor)[0] for vendor in sandbox.vendors]

    assert re.search(rf"^  id +{' +'.join(ids)} *$", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("before", [None, "elsewhere.toml"])
def test_leaves_nothing_behind(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    if before is not None:
        monkeypatch.setenv("UNIBATCH_CONFIG", before)
    run("demo")

    assert os.environ.get("UNIBATCH_CONFIG") == before
    assert list(folder.iterdir()) == []


def test_says_so_where_a_package_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    assert run("demo") == (2, "", "unibatch: the sandbox needs a web server: pip install 'unibatch[sandbox]'\n")
