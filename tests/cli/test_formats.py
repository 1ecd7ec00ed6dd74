"""What stdout holds: data and nothing else, in the format that was asked for."""

from __future__ import annotations

import io
import json
import re
import sys

import pytest

import unibatch
from cli.running import Run, Terminal
from unibatch.cli import main
from unibatch.cli.output import columns_of
from unibatch.core.structuring import unstructure
from unibatch.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("profiles")


def campaign(sandbox: Sandbox) -> str:
    return f"sandbox-techladder:{sandbox.campaign_ids('techladder')[0]}"


def test_json_is_one_array_of_what_the_library_gives(run: Run, sandbox: Sandbox) -> None:
    with unibatch.connect("sandbox-techladder") as client:
        expected = [unstructure(row) for row in client.list_contacts(sandbox.campaign_ids("techladder")[0])]

    assert run("contacts", campaign(sandbox), "--format", "json").json == expected


def test_jsonl_holds_the_same_one_object_a_line(run: Run, sandbox: Sandbox) -> None:
    assert (
        run("contacts", campaign(sandbox), "--format", "jsonl").jsonl
        == run("contacts", campaign(sandbox), "--format", "json").json
    )


def test_an_empty_listing_is_an_empty_array(run: Run) -> None:
    assert run("campaigns", "--agent", "nobody", "--format", "json").json == []


def test_csv_flattens_objects_and_keeps_mappings_as_json(run: Run, sandbox: Sandbox) -> None:
    rows = run("contacts", campaign(sandbox), "--format", "csv", "--limit", "2").csv
    expected = run("contacts", campaign(sandbox), "--format", "json", "--limit", "2").json

    assert list(rows[0]) == columns_of(unibatch.Contact)
    assert [row["phone_number"] for row in rows] == [row["phone_number"] for row in expected]
    assert [json.loads(row["fields"]) for row in rows] == [row["fields"] for row in expected]
    assert [json.loads(row["raw"]) for row in rows] == [row["raw"] for row in expected]
    assert rows[0]["is_final"] in {"true", "false"}
    assert rows[0]["email"] == ""


def test_csv_has_a_column_for_each_count(run: Run) -> None:
    rows = run("campaigns", "--format", "csv").csv
    expected = run("campaigns", "--format", "json").json

    assert [row["counts.total"] for row in rows] == [str(row["counts"]["total"]) for row in expected]
    assert [row["cost.amount"] for row in rows] == [(row["cost"] or {}).get("amount", "") for row in expected]


def test_csv_of_nothing_is_its_header(run: Run) -> None:
    out = run("campaigns", "--agent", "nobody", "--format", "csv").out

    assert out == ",".join(columns_of(unibatch.Campaign)) + "\n"


def test_without_a_terminal_the_default_is_jsonl(run: Run) -> None:
    assert run("campaigns").out == run("campaigns", "--format", "jsonl").out


def test_on_a_terminal_the_default_is_a_coloured_table(run: Run, terminal: Terminal) -> None:
    terminal()

    assert "\x1b[36mrunning" in run("campaigns").out


@pytest.mark.parametrize(
    "command",
    [("campaigns",), ("contacts", "CAMPAIGN"), ("show", "CAMPAIGN"), ("providers",), ("providers", "--statuses")],
)
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_what_is_piped_is_data_only(run: Run, sandbox: Sandbox, command: tuple[str, ...], form: str) -> None:
    """No colours, no blanks at the end of a line, nothing on stderr."""
    arguments = [campaign(sandbox) if word == "CAMPAIGN" else word for word in command]
    outcome = run(*arguments, "--format", form)

    assert outcome.err == ""
    assert "\x1b" not in outcome.out
    assert not re.search(r" $", outcome.out, re.MULTILINE)


def test_a_piped_table_folds_and_cuts_nothing(run: Run, sandbox: Sandbox) -> None:
    lines = run("contacts", campaign(sandbox), "--format", "table").out.splitlines()

    assert len(lines) == 1300 + 2
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("vendor", ["truedy", "techladder", "talkifai"])
def test_a_table_on_a_terminal_keeps_ids_whole_and_fits(
    run: Run, sandbox: Sandbox, terminal: Terminal, vendor: str, width: int
) -> None:
    terminal(width=width)
    first = sandbox.campaign_ids(vendor)[0]
    listed = run("campaigns", "-p", f"sandbox-{vendor}").out
    contacts = re.sub(r"\x1b\[[0-9;]*m", "", run("contacts", f"sandbox-{vendor}:{first}", "--limit", "20").out)
    with unibatch.connect(f"sandbox-{vendor}") as client:
        ids = [row.id for _, row in zip(range(20), client.list_contacts(first), strict=False)]

    assert all(campaign_id in listed for campaign_id in sandbox.campaign_ids(vendor))
    assert all(contact_id in contacts for contact_id in ids)
    assert max(map(len, contacts.splitlines())) <= width


def test_a_table_on_a_very_narrow_terminal_folds_but_loses_nothing(
    run: Run, sandbox: Sandbox, terminal: Terminal
) -> None:
    terminal(width=40)
    first = sandbox.campaign_ids("talkifai")[0]
    out = re.sub(r"\x1b\[[0-9;]*m", "", run("contacts", f"sandbox-talkifai:{first}", "--limit", "1").out)
    with unibatch.connect("sandbox-talkifai") as client:
        contact = next(iter(client.list_contacts(first)))

    assert max(map(len, out.splitlines())) <= 40
    assert contact.id in "".join(line[:8].strip() for line in out.splitlines())


def test_text_of_a_vendor_cannot_reach_the_terminal_as_a_command(run: Run, sandbox: Sandbox) -> None:
    item = {"call_id": "call_1", "name": "\x1b]0;owned\x07\nnext", "status": "pending", "phone_number": "15551230000"}
    body = {"success": True, "data": {"items": [item], "total": 1, "has_more": False}}
    sandbox.fail("techladder", body=body)
    out = run("contacts", campaign(sandbox), "--format", "table").out

    assert "\x1b" not in out
    assert "]0;owned" in out
    assert len(out.splitlines()) == 3


def test_a_name_that_stdout_cannot_hold_does_not_end_the_command(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    contacts = f"sandbox-talkifai:{sandbox.campaign_ids('talkifai')[0]}"

    assert main(["contacts", contacts, "--format", "json", "--limit", "9"]) == 0
    assert any(not row["name"].isascii() for row in json.loads(written.getvalue()))
    assert main(["contacts", contacts, "--format", "table", "--limit", "9"]) == 0
