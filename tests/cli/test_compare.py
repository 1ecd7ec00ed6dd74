"""``unibatch compare``: the table at any width, the other formats, its options, and what it refuses."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Run, Terminal
from unibatch.sandbox import Sandbox
from unibatch.workflows.compare import METRICS

pytestmark = pytest.mark.usefixtures("profiles")

COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def campaigns(sandbox: Sandbox) -> list[str]:
    """The first campaign of each vendor, which runs."""
    return [f"sandbox-{vendor}:{sandbox.campaign_ids(vendor)[0]}" for vendor in ("truedy", "techladder", "talkifai")]


def test_prints_figures_reasons_differences_and_warnings(run: Run, campaigns: list[str]) -> None:
    outcome = run("compare", *campaigns[:2])

    assert (outcome.code, outcome.err) == (0, "")
    assert re.search(r"reached +\d+\.\d % +\d+\.\d-\d+\.\d █", outcome.out)
    assert re.search(r"cost +\d+\.\d\d USD +not told \d", outcome.out)
    assert "TechLadder states no cost" in outcome.out
    assert re.search(r"\n *\d+ per contact", outcome.out)
    assert re.search(r"Differences\n - Reached: \[2\] .*, \[1\] .*\. The difference of .* points", outcome.out)
    assert "[1] is not over (running)" in outcome.out


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("number", [2, 3])
def test_fits_the_terminal(run: Run, terminal: Terminal, campaigns: list[str], width: int, number: int) -> None:
    terminal(width=width, err=False)
    outcome = run("compare", *campaigns[:number], "--by", "attempt", "--by", "hour")
    lines = COLOURS.sub("", outcome.out).splitlines()

    assert max(map(len, map(str.rstrip, lines))) <= width
    assert sum(line.strip().startswith("reached") for line in lines) >= 1
    assert "…" not in outcome.out
    assert not [
        line for line in lines if re.search(r"\d\.$", line.rstrip()) and "reached" in line
    ]  # a number cut in two


def test_campaigns_without_contacts_are_shown(run: Run, sandbox: Sandbox) -> None:
    outcome = run("compare", *(f"sandbox-{vendor}:{sandbox.create(vendor, 0)}" for vendor in ("truedy", "talkifai")))

    assert outcome.code == 0
    assert "there are no contacts" in outcome.out


def test_a_name_of_blanks_is_left_out(run: Run, sandbox: Sandbox, campaigns: list[str]) -> None:
    campaigns[0] = f"sandbox-truedy:{sandbox.create('truedy', 3, name='   ')}"
    assert re.search(r" Truedy, \w+, 3 contacts", run("compare", *campaigns).out)


def test_a_label_that_begins_with_another_is_not_cut(run: Run, campaigns: list[str]) -> None:
    short, long = "spring campaign of 2026", "spring campaign of 2026, part 2"
    outcome = run("compare", "--group", f"{short}={campaigns[0]}", "--group", f"{long}={campaigns[1]}")

    assert re.search(r"Reached: \[2\] [^,]*, \[1\] ", outcome.out)
    assert "part 2" not in outcome.out.partition("Differences")[2]


def test_is_as_wide_as_a_terminal_where_there_is_none(run: Run, campaigns: list[str]) -> None:
    assert max(map(len, run("compare", *campaigns[:2]).out.splitlines())) <= 80


def test_bars_are_plain_where_the_locale_is(run: Run, campaigns: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(sys.stdout), "encoding", "ascii", raising=False)
    out = run("compare", *campaigns[:2]).out

    assert out.isascii()
    assert re.search(r"reached +\d+\.\d % +\d+\.\d-\d+\.\d #", out)


def test_json_is_one_object_with_a_version(run: Run, campaigns: list[str]) -> None:
    data = run("compare", *campaigns, "--format", "json", "--by", "country").json

    assert data["version"] == 1
    assert [side["label"] for side in data["sides"]] == campaigns
    assert {figure["metric"] for figure in data["sides"][0]["figures"]} == set(METRICS)
    assert data["breakdowns"][0]["by"] == "country"


def test_csv_has_a_row_for_each_figure(run: Run, campaigns: list[str]) -> None:
    rows = run("compare", *campaigns[:2], "--format", "csv").csv
    first = next(row for row in rows if row["metric"] == "last_attempt")
    cost = next(row for row in rows if row["metric"] == "cost")

    assert len(rows) == 2 * len(METRICS)
    assert re.fullmatch(r"2026-03-1\dT[0-9:.]+Z", first["value"])
    assert (cost["currency"], cost["unit"]) == ("USD", "money")


def shown(figure: dict[str, Any]) -> str:
    """How a figure begins in the tables."""
    if figure["not_told"] is not None:
        return "not told"
    if METRICS[figure["metric"]].unit == "share":
        return f"{figure['value'] * 100:.1f} %"
    return f"{figure['value']:,}"


def test_the_tables_show_the_figures_and_intervals_of_json(run: Run, campaigns: list[str]) -> None:
    pair = campaigns[0], campaigns[2]
    sides = [side["figures"] for side in run("compare", *pair, "--format", "json").json["sides"]]
    markdown = [line.strip("|").split("|") for line in run("compare", *pair, "--format", "md").out.splitlines()]
    table = run("compare", *pair).out.splitlines()

    compared = 0
    for both in zip(*sides, strict=True):
        metric = METRICS[both[0]["metric"]]
        cells = next((row[1:] for row in markdown if row[0].strip().partition(" (")[0] == metric.title), None)
        if metric.unit not in {"share", "count"} or cells is None:
            continue
        assert all(cell.strip().startswith(shown(figure)) for cell, figure in zip(cells, both, strict=True))
        line = next(line for line in table if line.strip().startswith(f"{metric.title}  "))
        assert re.search(".*".join(re.escape(shown(figure)) for figure in both), line)
        for cell, figure in zip(cells, both, strict=True):
            if metric.unit == "share" and figure["interval"] is not None:
                ends = [f"{figure['interval'][end] * 100:.1f}" for end in ("low", "high")]
                assert "({} to {})".format(*ends) in cell
                assert "{}-{}".format(*ends) in line
        compared += 1
    assert compared > 20


def test_markdown_escapes_what_others_named(run: Run, campaigns: list[str]) -> None:
    out = run("compare", "--group", f"a|b<i>={campaigns[0]}", campaigns[1], "--format", "md", "--by", "country").out
    tables = [line for line in out.splitlines() if line.startswith("|")]

    assert "a\\|b\\<i\\>" in out
    assert "<i>" not in out.replace("\\<i\\>", "")
    assert {line.replace("\\|", "").count("|") for line in tables} == {4, 6}


def test_groups_get_their_name_and_a_baseline(run: Run, campaigns: list[str], sandbox: Sandbox) -> None:
    others = ",".join(f"sandbox-truedy:{each}" for each in sandbox.campaign_ids("truedy")[:2])
    data = run(
        "compare", campaigns[1], campaigns[2], "--group", f"old={others}", "--baseline", "old", "--format", "json"
    ).json

    assert [side["label"] for side in data["sides"]] == [*campaigns[1:], "old"]
    assert {difference["first"] for difference in data["differences"]} == {"old"}


def test_options_choose_the_contacts(run: Run, campaigns: list[str]) -> None:
    limits = ["--only", "completed", "--only", "busy", "--without", "busy", "--since", "2026-03-10T06:00Z"]
    data = run("compare", *campaigns, *limits, "--until", "2026-03-10T08:00[UTC]", "--format", "json").json

    assert data["filters"] == {
        "only": ["busy", "completed"],
        "without": ["busy"],
        "since": "2026-03-10T06:00:00Z",
        "until": "2026-03-10T08:00:00Z",
    }
    assert {each["value"] for side in data["sides"] for each in side["statuses"]} == {"completed"}


def test_progress_is_shown_on_the_terminal_of_stderr(run: Run, terminal: Terminal, campaigns: list[str]) -> None:
    terminal(out=False)
    outcome = run("compare", *campaigns[:2], "--format", "csv")

    assert "2550/2550" in COLOURS.sub("", outcome.err)
    assert next(iter(csv.reader(io.StringIO(outcome.out))))[0] == "side"


@pytest.mark.parametrize("arguments", [(), ("talkifai",), ("--format", "json"), ("truedy", "--format", "csv")])
def test_vendors_are_compared_as_by_providers(run: Run, arguments: Sequence[str]) -> None:
    assert run("compare", "--vendors", *arguments) == run("providers", *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "needs two campaigns or more"),
        (("sandbox-truedy:b1",), "only sandbox-truedy:b1 is named"),
        (("sandbox-truedy:b1", "sandbox-truedy:b1"), "there twice"),
        (("nowhere:b1", "sandbox-truedy:b1"), "no profile 'nowhere'"),
        (("sandbox-truedy", "sandbox-truedy:b1"), "write sandbox-truedy:CAMPAIGN_ID"),
        (("sandbox-truedy:b1", "--group", "b2"), "--group: write NAME=CAMPAIGN"),
        (("sandbox-truedy:b1", "--group", "a=sandbox-truedy:b2", "--group", "a=sandbox-truedy:b3"), "a is there twice"),
        (("sandbox-truedy:b1", "--group", "a=sandbox-truedy:b2,sandbox-talkifai:b3"), "campaigns of one vendor"),
        (("sandbox-truedy:b1", "sandbox-truedy:b2", "--by", "colour"), "unibatch: --by must be one of country"),
        (("sandbox-truedy:b1", "sandbox-truedy:b2", "--since", "yesterday"), "--since"),
        (("sandbox-truedy:b1", "sandbox-truedy:b2", "--since", "2026-03-10T09:00"), "--since"),
        (("sandbox-truedy:b1", "sandbox-truedy:b2", "--baseline", "b3"), "unibatch: --baseline must be"),
        (("sandbox-truedy:b1", "sandbox-truedy:b2", "--only", "busy", "--without", "busy"), "--only and --without"),
        (("sandbox-truedy:b1", "sandbox-truedy:b2", "--only", "done"), "done"),
        (("--vendors", "--format", "md"), "--vendors can be table, json or csv"),
        (("--vendors", "nowhere"), "nowhere"),
    ],
)
def test_refuses_what_makes_no_comparison(run: Run, sandbox: Sandbox, arguments: Sequence[str], said: str) -> None:
    before = sandbox.requests
    outcome = run("compare", *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert sandbox.requests == before


def test_a_colon_in_an_id_has_a_remedy_that_this_command_knows(run: Run, campaigns: list[str]) -> None:
    outcome = run("compare", campaigns[0], "a:b")

    assert outcome.code == 2
    assert "write PROFILE:a:b" in outcome.err


def test_a_campaign_that_is_not_there_is_named(run: Run, campaigns: list[str]) -> None:
    outcome = run("compare", campaigns[0], "sandbox-techladder:sched_none")

    assert (outcome.code, outcome.out) == (1, "")
    assert "sched_none" in outcome.err


def more_announced(_request: object, answer: Any) -> Any:
    answer["data"]["total"] += 7
    return answer


def test_an_incomplete_campaign_needs_an_option(run: Run, sandbox: Sandbox, campaigns: list[str]) -> None:
    sandbox.fail("techladder", path="/calls", times=None, edit=more_announced)
    refused = run("compare", *campaigns[:2])
    marked = run("compare", *campaigns[:2], "--accept-incomplete")

    assert (refused.code, refused.out) == (1, "")
    assert "--accept-incomplete" in refused.err
    assert marked.code == 3
    assert "[2] is incomplete" in marked.out
    assert "may be missing" in marked.err


def test_shows_nobodys_number(run: Run, sandbox: Sandbox, campaigns: list[str]) -> None:
    numbers = [contact.number for contact in sandbox.state("truedy", campaigns[0].partition(":")[2]).contacts]
    outcomes = [run("compare", *campaigns[:2], "--format", form).out for form in ("table", "md", "csv", "json")]

    assert [number for number in numbers if any(number[1:] in out for out in outcomes)] == []


@pytest.mark.parametrize("form", ["table", "md"])
def test_masks_what_looks_like_a_number_in_a_name(run: Run, sandbox: Sandbox, campaigns: list[str], form: str) -> None:
    campaigns[0] = f"sandbox-truedy:{sandbox.create('truedy', 3, name='Back to +12125550123')}"
    out = run("compare", *campaigns[:2], "--format", form).out.replace("\\", "")

    assert "Back to +12*******23" in out
    assert "2125550123" not in out


def test_the_help_needs_no_configuration(run: Run, folder: Path) -> None:
    (folder / "unibatch.toml").unlink()

    assert "side by side" in run("compare", "--help").out
