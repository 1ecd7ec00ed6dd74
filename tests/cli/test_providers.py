"""``unibatch providers``: what providers declare, as a table and as data."""

from __future__ import annotations

import re

import pytest

from tests.cli.running import Run, Terminal
from unibatch import Client
from unibatch.providers import registry


def test_data_are_the_declared_capabilities(run: Run) -> None:
    rows = run("providers", "--format", "json").json

    assert [row["name"] for row in rows] == registry.names()
    for row in rows:
        kind = registry.load(row["name"])
        assert row["title"] == kind.title
        assert row["server_filters"] == sorted(kind.capabilities.server_filters)
        assert row["limits"]["requests_per_minute"] == kind.capabilities.limits.requests_per_minute
        assert row["paging"]["contacts"]["max_size"] == kind.capabilities.contact_paging.max_size
        for name, support in kind.capabilities.operations.items():
            operation = row["operations"][name]
            assert (operation["available"], operation["note"]) == (support.available, support.note)
            assert operation["in_unibatch"] == hasattr(Client, name)


def test_csv_has_one_row_for_each_named_vendor(run: Run) -> None:
    rows = run("providers", "talkifai", "truedy", "--format", "csv").csv

    assert [(row["title"], row["limits.requests_per_minute"]) for row in rows] == [
        ("TalkifAI", "60"),
        ("Truedy", "100"),
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_and_every_note_has_its_footnote(run: Run, terminal: Terminal, width: int) -> None:
    terminal(width=width)
    out = re.sub(r"\x1b\[[0-9;]*m", "", run("providers").out)
    used = {int(number) for number in re.findall(r"[✓\N{EN DASH}] (\d+)", out)}
    explained = {int(number) for number in re.findall(r"^ ?(\d+) \S", out, re.MULTILINE)}

    assert max(map(len, out.splitlines())) <= width
    assert used == explained == set(range(1, max(used) + 1))


def test_the_table_marks_what_this_version_does_not_offer(run: Run) -> None:
    marked = set(re.findall(r"^  (\w+) \* ", run("providers").out, re.MULTILINE))

    assert marked == {name for name in registry.load("truedy").capabilities.operations if not hasattr(Client, name)}


def test_status_data_are_the_status_tables(run: Run) -> None:
    rows = run("providers", "--statuses", "--format", "jsonl").jsonl
    expected = [
        (kind.name, what, word, status.value)
        for kind in map(registry.load, registry.names())
        for what, words in (("call", kind.call_statuses.words), ("campaign", kind.campaign_statuses.words))
        for word, status in words.items()
    ]

    assert [(row["provider"], row["kind"], row["vendor_status"], row["status"]) for row in rows] == expected


def test_the_status_table_explains_each_word(run: Run) -> None:
    out = run("providers", "talkifai", "--statuses").out

    assert re.search(r"queued +retry_scheduled +Tried before; another attempt is due\.", out)
    assert re.search(r"any other +unknown", out)
