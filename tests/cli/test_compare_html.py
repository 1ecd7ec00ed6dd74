"""``unibatch compare --html``: a page beside what is printed, refused before anything is read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.running import Run, assert_refused
from unibatch.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("profiles")


@pytest.fixture
def campaigns(sandbox: Sandbox) -> list[str]:
    return [f"sandbox-{vendor}:{sandbox.campaign_ids(vendor)[0]}" for vendor in ("truedy", "techladder")]


def test_writes_a_page_beside_what_it_prints(run: Run, campaigns: list[str], folder: Path) -> None:
    outcome = run("compare", *campaigns, "--html", "report.html", "--format", "json")

    assert (outcome.code, outcome.err) == (0, "Wrote report.html\n")
    assert [side["label"] for side in outcome.json["sides"]] == campaigns
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("path", "said"),
    [("missing/report.html", "cannot write missing/report.html: No such file or directory"), (".", "is a directory")],
)
def test_a_place_that_cannot_be_written_is_refused(
    run: Run, sandbox: Sandbox, campaigns: list[str], path: str, said: str
) -> None:
    assert_refused(run("compare", *campaigns, "--html", path), sandbox, said)


def test_a_missing_extra_is_refused(
    run: Run, sandbox: Sandbox, campaigns: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    assert_refused(
        run("compare", *campaigns, "--html", "report.html"), sandbox, "pip install 'unibatch[report]'", "matplotlib"
    )


def test_a_page_is_of_campaigns(run: Run, sandbox: Sandbox) -> None:
    assert_refused(run("compare", "--vendors", "--html", "report.html"), sandbox, "--vendors can be table, json or csv")
