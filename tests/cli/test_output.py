"""What stdout holds: data and nothing else, in the chosen format."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import unibatch
from tests.cli.drafts import VENDORS, seeded
from tests.cli.running import Run, Terminal
from unibatch.cli import main
from unibatch.cli.cells import words
from unibatch.cli.output import columns_of, write_data, write_pages
from unibatch.cli.row_table import Column, RowTable
from unibatch.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("profiles")

COMMANDS = pytest.mark.parametrize(
    "command", ["campaigns", "contacts ID", "show ID", "providers", "providers --statuses"]
)


def without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture
def campaign(sandbox: Sandbox) -> str:
    return seeded(sandbox, "techladder")


def test_every_format_holds_what_the_library_gives(run: Run, campaign: str) -> None:
    profile, _, campaign_id = campaign.partition(":")
    with unibatch.connect(profile) as client:
        expected = [unibatch.to_dict(row) for row in client.list_contacts(campaign_id)]
    rows = run("contacts", campaign, "--format", "csv").csv

    assert run("contacts", campaign, "--format", "json").json == expected
    assert run("contacts", campaign, "--format", "jsonl").jsonl == expected
    assert list(rows[0]) == columns_of(unibatch.Contact)
    assert [row["phone_number"] for row in rows] == [row["phone_number"] for row in expected]
    assert [json.loads(row["fields"]) for row in rows] == [row["fields"] for row in expected]
    assert [json.loads(row["raw"]) for row in rows] == [row["raw"] for row in expected]
    assert {row["is_final"] for row in rows} == {"true", "false"}
    assert rows[0]["email"] == ""


def test_csv_has_a_column_for_each_part_of_an_object(run: Run) -> None:
    rows = run("campaigns", "--format", "csv").csv
    expected = run("campaigns", "--format", "json").json

    assert [row["counts.total"] for row in rows] == [str(row["counts"]["total"]) for row in expected]
    assert [row["cost.amount"] for row in rows] == [(row["cost"] or {}).get("amount", "") for row in expected]


@pytest.mark.parametrize(
    ("form", "expected"), [("json", "[]\n"), ("jsonl", ""), ("csv", ",".join(columns_of(unibatch.Campaign)) + "\n")]
)
def test_a_listing_without_rows(run: Run, form: str, expected: str) -> None:
    assert run("campaigns", "--agent", "nobody", "--format", form) == (0, expected, "")


@COMMANDS
def test_the_default_is_a_table_the_same_in_a_pipe_and_on_a_terminal(
    run: Run, campaign: str, terminal: Terminal, command: str
) -> None:
    arguments = command.replace("ID", campaign).split()
    piped = run(*arguments).out
    assert piped == run(*arguments, "--format", "table").out

    terminal(width=300)
    assert [line.rstrip() for line in without_colours(run(*arguments).out).splitlines()] == piped.splitlines()


def test_a_table_on_a_terminal_has_colours(run: Run, terminal: Terminal) -> None:
    terminal()

    assert "\x1b[36mrunning" in run("campaigns").out


@pytest.mark.parametrize("variable", [("COLUMNS", "40"), ("FORCE_COLOR", "1")])
def test_a_piped_table_does_not_depend_on_the_environment(
    run: Run, campaign: str, monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str]
) -> None:
    expected = run("show", campaign).out
    monkeypatch.setenv(*variable)

    assert run("show", campaign).out == expected


@COMMANDS
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_what_is_piped_is_data_only(run: Run, campaign: str, command: str, form: str) -> None:
    """No colours, no blanks at the end of a line, nothing on stderr."""
    outcome = run(*command.replace("ID", campaign).split(), "--format", form)

    assert outcome.err == ""
    assert "\x1b" not in outcome.out
    assert not re.search(r" $", outcome.out, re.MULTILINE)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_piped_table_is_aligned_and_cuts_nothing(run: Run, sandbox: Sandbox, vendor: str) -> None:
    rows = run("contacts", seeded(sandbox, vendor)).out.splitlines()
    starts = [rows[0].index(title) for title in ("id", "name", "status", "at ", "phone", "final")]

    assert len(rows) == len(sandbox.state(vendor, sandbox.campaign_ids(vendor)[0]).contacts) + 2
    assert not any("…" in row for row in rows)
    assert all(row[start] != " " and (start == 0 or row[start - 2 : start] == "  ") for row in rows for start in starts)


@pytest.mark.usefixtures("capsys")
def test_a_longer_value_on_a_later_page_shifts_its_own_line_only() -> None:
    """The first page decides the widths; what comes later is neither folded nor cut."""
    columns = [
        Column[str](title=title, cell=lambda row, at=at: words(row.split()[at]))  # type: ignore[misc]  # "at" is bound here
        for at, title in enumerate(("name", "word", "end"))
    ]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        table = RowTable([columns])
        table.add(["Ann completed x"])
        table.add(["Bartholomew busy x", "Cy busy x"])

    assert out.getvalue().splitlines() == [
        "name  word       end",
        "────  ─────────  ───",
        "Ann   completed  x",
        "Bartholomew  busy  x",
        "Cy    busy       x",
    ]


@pytest.mark.parametrize("form", ["table", "jsonl"])
def test_rows_are_written_before_the_next_page_is_asked_for(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """With a limit, so that no page is read ahead."""
    written_after = []

    class Pipe(io.BytesIO):
        def write(self, data: Any) -> int:
            written_after.append(len(sandbox.requests))
            return super().write(data)

    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(Pipe()), encoding="utf-8"))

    assert main(["contacts", seeded(sandbox), "--limit", "2000", "--format", form]) == 0
    assert set(written_after) == set(range(1, 14))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_table_on_a_terminal_keeps_ids_whole_and_fits(
    run: Run, sandbox: Sandbox, terminal: Terminal, *, vendor: str, width: int
) -> None:
    ids = [row["id"] for row in run("contacts", seeded(sandbox, vendor), "--limit", "20", "--format", "jsonl").jsonl]
    terminal(width=width)
    listed = run("campaigns", "-p", f"sandbox-{vendor}").out
    contacts = without_colours(run("contacts", seeded(sandbox, vendor), "--limit", "20").out)

    assert [each for each in sandbox.campaign_ids(vendor) if each not in listed] == []
    assert [each for each in ids if each not in contacts] == []
    assert max(map(len, contacts.splitlines())) <= width


def test_a_table_on_a_very_narrow_terminal_folds_but_loses_nothing(
    run: Run, sandbox: Sandbox, terminal: Terminal
) -> None:
    command = ("contacts", seeded(sandbox, "talkifai"), "--limit", "1")
    (contact,) = run(*command, "--format", "json").json
    terminal(width=40)
    lines = without_colours(run(*command).out).splitlines()

    assert max(map(len, lines)) <= 40
    assert contact["id"] in "".join(line[:8].strip() for line in lines)


def test_a_very_narrow_terminal_shows_all_vendors_and_all_numbers(
    run: Run, sandbox: Sandbox, terminal: Terminal
) -> None:
    """The one by lines that break, the other without its bars."""
    plan = ("migrate", "plan", seeded(sandbox), "sandbox-talkifai", "--journal", "move.sqlite")
    terminal(width=40)
    shown, planned, vendors = (
        without_colours(run(*command).out) for command in (("show", seeded(sandbox)), plan, ("providers",))
    )

    assert re.search(r"total +1,250 +100%", shown)
    assert "…" not in shown + planned
    assert re.search(r"list_campaigns +✓ +✓ +✓ 1", vendors)


def test_text_of_a_vendor_cannot_command_the_terminal(run: Run, sandbox: Sandbox, campaign: str) -> None:
    item = {"call_id": "call_1", "name": "\x1b]0;owned\x07\nnext", "status": "pending", "phone_number": "15551230000"}
    sandbox.fail("techladder", body={"success": True, "data": {"items": [item], "total": 1, "has_more": False}})
    out = run("contacts", campaign, "--format", "table").out

    assert "\x1b" not in out
    assert "]0;owned" in out
    assert len(out.splitlines()) == 3


def test_a_name_that_stdout_cannot_hold_does_not_end_the_command(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    command = ["contacts", seeded(sandbox, "talkifai"), "--limit", "9", "--format"]

    assert main([*command, "json"]) == 0
    assert any(not row["name"].isascii() for row in json.loads(written.getvalue()))
    assert main([*command, "table"]) == 0


_TEXTS = st.none() | st.text(st.characters(exclude_categories=())) | st.sampled_from(['a,"b"', "=1", "\ud800", "é\r\n"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
_CONTACTS = st.builds(
    unibatch.Contact,
    id=st.text(),
    provider=st.just("truedy"),
    campaign_id=st.text(),
    phone_number=st.text(),
    phone_valid=st.booleans(),
    name=_TEXTS,
    fields=st.dictionaries(st.text(max_size=3), _JSON, max_size=3),
    status=st.sampled_from(unibatch.CallStatus),
    is_final=st.booleans(),
    attempts=st.none() | st.integers(),
    started_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    duration=st.none() | st.timedeltas(),
    raw=st.dictionaries(st.text(max_size=3), _JSON, max_size=3),
)
_CAMPAIGNS = st.builds(
    unibatch.Campaign,
    id=st.text(),
    provider=st.just("truedy"),
    name=_TEXTS,
    status=st.sampled_from(unibatch.CampaignStatus),
    counts=st.builds(unibatch.Counts, total=st.none() | st.integers()),
    schedule=st.none() | st.builds(unibatch.Schedule, timezone=_TEXTS, window_start=st.none() | st.times()),
    cost=st.none() | st.builds(unibatch.Money, st.decimals(allow_nan=False), st.just("USD")),
    raw=st.dictionaries(st.text(max_size=3), _JSON, max_size=3),
)


@given(
    pages=st.lists(st.lists(_CONTACTS, max_size=2), max_size=3) | st.lists(st.lists(_CAMPAIGNS, max_size=2), max_size=3)
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_objects_are_written_as_their_dictionaries_would_be(form: str, encoding: str, pages: list[list[Any]]) -> None:
    """Byte for byte, whatever they hold."""
    rows = [row for page in pages for row in page]
    cls = type(rows[0]) if rows else unibatch.Contact

    def written(write: Callable[[], None]) -> bytes:
        raw = io.BytesIO()
        with contextlib.redirect_stdout(io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace")) as out:
            write()
            out.flush()
        return raw.getvalue()

    objects = written(lambda: write_pages(form, pages, cls))
    assert objects == written(lambda: write_data(form, map(unibatch.to_dict, rows), columns_of(cls)))
    lines = [json.dumps(unibatch.to_dict(row), separators=(",", ":")) for row in rows]
    if form == "jsonl" and encoding == "ascii":
        assert objects.decode().splitlines() == lines
