"""``unibatch providers``: what providers declare, as a table and as data."""

from __future__ import annotations

import re

import pytest

from tests.cli.running import Run, Terminal
from unibatch import Client
from unibatch.providers import registry


def test_needs_no_configuration(run: Run) -> None:
    assert [row["name"] for row in run("providers", "--format", "jsonl").jsonl] == registry.names()


def test_data_are_the_declared_capabilities(run: Run) -> None:
    for row in run("providers", "--format", "json").json:
        kind = registry.load(row["name"])
        assert row["title"] == kind.title
        assert row["server_filters"] == sorted(kind.capabilities.server_filters)
        assert row["limits"]["requests_per_minute"] == kind.capabilities.limits.requests_per_minute
        assert row["paging"]["contacts"]["max_size"] == kind.capabilities.contact_paging.max_size
        for name, support in kind.capabilities.operations.items():
            operation = row["operations"][name]
            assert (operation["available"], operation["note"]) == (support.available, support.note)
            assert operation["in_unibatch"] == hasattr(Client, name)


def test_csv_has_one_row_a_vendor(run: Run) -> None:
    rows = run("providers", "--format", "csv").csv

    assert [row["title"] for row in rows] == ["Truedy", "TechLadder", "TalkifAI"]
    assert [row["limits.requests_per_minute"] for row in rows] == ["100", "300", "60"]


def test_only_the_named_ones(run: Run) -> None:
    rows = run("providers", "talkifai", "truedy", "--format", "jsonl").jsonl

    assert [row["name"] for row in rows] == ["talkifai", "truedy"]


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_and_every_note_has_its_footnote(run: Run, terminal: Terminal, width: int) -> None:
    terminal(width=width)
    out = re.sub(r"\x1b\[[0-9;]*m", "", run("providers").out)
    used = {int(number) for number in re.findall(r"[✓\N{EN DASH}] (\d+)", out)}
    explained = {int(number) for number in re.findall(r"^ ?(\d+) \S", out, re.MULTILINE)}

    assert max(map(len, out.splitlines())) <= width
    assert used == explained == set(range(1, max(used) + 1))


def test_the_table_marks_what_this_version_does_not_offer(run: Run) -> None:
    out = run("providers").out
    operations = registry.load("truedy").capabilities.operations
    marked = set(re.findall(r"^  (\w+) \* ", out, re.MULTILINE))

    assert marked == {name for name in operations if not hasattr(Client, name)}


class TestStatuses:
    def test_data_are_the_status_tables(self, run: Run) -> None:
        rows = run("providers", "--statuses", "--format", "jsonl").jsonl
        expected = [
            (name, what, word, status.value)
            for name in registry.names()
            for what, table in (
                ("call", registry.load(name).call_statuses.words),
                ("campaign", registry.load(name).campaign_statuses.words),
            )
            for word, status in table.items()
        ]

        assert [(row["provider"], row["kind"], row["vendor_status"], row["status"]) for row in rows] == expected

    def test_the_table_explains_each_word(self, run: Run) -> None:
        out = run("providers", "talkifai", "--statuses").out

        assert re.search(r"queued +retry_scheduled +Tried before; another attempt is due\.", out)
        assert re.search(r"any other +unknown", out)
