"""Waits are printed to stderr when they begin: one line each, in unibatch's own words."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.cli.running import Run
from unibatch import ConnectionLost, RateLimited, ServerError, UnibatchError, Wait
from unibatch.cli.waits import Waits
from unibatch.sandbox import Sandbox

ANSWERED: dict[str, Any] = {
    "provider": "truedy",
    "operation": "list_contacts",
    "message": "Slow down, +15551234567!\nYour key is secret-key-of-mine",
}
LOST: dict[str, Any] = {
    "provider": "truedy",
    "operation": "list_contacts",
    "host": "api.truedy.ai",
    "reason": "no route to +15551234567",
}
TOO_MANY = RateLimited(http_status=429, **ANSWERED)
FAILED = ServerError(http_status=503, **ANSWERED)


def wait(seconds: float, error: UnibatchError | None = None, attempt: int = 1) -> Wait:
    return Wait(provider="truedy", operation="list_contacts", seconds=seconds, error=error, attempt=attempt)


def printed(capsys: pytest.CaptureFixture[str], *waits: Wait) -> list[str]:
    """The lines on stderr after these waits of one client."""
    waiting = Waits()
    for each in waits:
        waiting(each)
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TOO_MANY, "too many requests (HTTP 429)"),
        (FAILED, "the vendor's server failed (HTTP 503)"),
        (ConnectionLost(**LOST), "the connection broke before the whole answer had arrived"),
    ],
)
def test_a_further_attempt_says_why_and_nothing_of_what_the_vendor_said(
    capsys: pytest.CaptureFixture[str], error: UnibatchError, reason: str
) -> None:
    assert printed(capsys, wait(11.2, error, attempt=2)) == [f"truedy contacts: waiting 12 s: {reason}, attempt 3"]


@pytest.mark.parametrize(("seconds", "shown"), [(0.001, "0.1"), (0.31, "0.4"), (1, "1"), (1.01, "2"), (3600, "3600")])
def test_no_wait_is_said_to_be_shorter_than_it_is(
    capsys: pytest.CaptureFixture[str], seconds: float, shown: str
) -> None:
    assert printed(capsys, wait(seconds, attempt=0)) == [
        f"truedy contacts: waiting {shown} s to stay below the rate limit"
    ]


@pytest.mark.parametrize(
    ("waits", "lines"),
    [
        ([wait(12, TOO_MANY), wait(11.9), wait(12.1, TOO_MANY)], 1),  # the refusal of one holds all back
        ([wait(12), wait(60)], 2),
        ([wait(60), wait(12), wait(60)], 1),
        ([wait(12), wait(0.5, FAILED), wait(0.5, FAILED)], 3),  # attempts after other errors are printed each
    ],
)
def test_a_wait_of_several_threads_is_printed_once(
    capsys: pytest.CaptureFixture[str], waits: list[Wait], lines: int
) -> None:
    assert len(printed(capsys, *waits)) == lines


def test_threads_that_begin_to_wait_together_print_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = Waits()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(waiting, [wait(41)] * 8))

    assert capsys.readouterr().err.count("waiting 41 s") == 1


@pytest.mark.usefixtures("patient_profiles")
class TestCommands:
    @pytest.mark.parametrize("command", ["campaigns", "show ID", "contacts ID --limit 100 --format csv"])
    def test_what_fails_once_succeeds_and_says_so(self, run: Run, sandbox: Sandbox, command: str) -> None:
        name, *arguments = command.replace("ID", sandbox.campaign_ids("truedy")[0]).split()
        expected = run(name, *arguments).out
        sandbox.fail("truedy", status=503, body="secret-key-of-mine")
        outcome = run(name, *arguments)

        assert (outcome.code, outcome.out) == (0, expected)
        assert re.fullmatch(
            rf"truedy {name}: waiting 0\.\d s: the vendor's server failed \(HTTP 503\), attempt 2\n", outcome.err
        )

    def test_a_wait_is_printed_once_even_if_verbose(self, run: Run, sandbox: Sandbox) -> None:
        sandbox.fail("truedy", drop="before")
        lines = run("campaigns", "--verbose").err.splitlines()

        assert [line for line in lines if "attempt 2" in line] == [line for line in lines if "waiting" in line]
        assert len([line for line in lines if "waiting" in line]) == 1
