"""Every error is one line on stderr and an exit code; stdout stays empty."""

from __future__ import annotations

from errno import EIO, ENOSPC
from pathlib import Path
from typing import Any

import pytest

from tests.cli.drafts import seeded
from tests.cli.running import Outcome, Run, Terminal, raising
from unibatch import OutcomeUnknown
from unibatch.cli.errors import report
from unibatch.sandbox import Sandbox

KEY = "secret-key-of-mine"


def assert_fails(outcome: Outcome, code: int, *parts: str) -> None:
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("unibatch")
    assert KEY not in outcome.err
    assert [part for part in parts if part not in outcome.err] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("campaigns --foo", "(see unibatch campaigns --help)"),
        ("dial", "unibatch: no command 'dial' (see unibatch --help)"),
        ("campaings", "unibatch: no command 'campaings'; did you mean 'campaigns'? (see unibatch --help)"),
        ("campaigns main -p main", "name the profile once"),
        ("show", "unibatch show: Missing argument 'CAMPAIGN' (see unibatch show --help)"),
        ("contacts x --status sleeping", "'sleeping'"),
        ("campaigns --limit 0", "--limit"),
        ("sandbox --port 70000", "--port"),
        ("providers acme", "'acme'"),
        ("campaigns", "there is no unibatch.toml"),
        ("show main:x", "there is no profile 'main', which 'main:x' names; there are no profiles yet; `unibatch init`"),
    ],
)
def test_a_command_line_that_is_wrong(run: Run, line: str, said: str) -> None:
    assert_fails(run(*line.split()), 2, said)


def test_a_group_without_a_command_shows_its_help_in_lines(run: Run) -> None:
    outcome = run("migrate")
    assert (outcome.code, outcome.out) == (2, "")
    assert "\n  plan " in outcome.err
    assert outcome.err == run("migrate", "--help").out


def profile(base_url: str = "https://example.com", key: str = f'"{KEY}"\nallow_literal_key = true') -> str:
    lines = ("[profiles.main]", 'provider = "techladder"', f'base_url = "{base_url}"', f"api_key = {key}")
    return "\n".join((*lines, "retry = { attempts = 1 }", ""))


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("[profiles.main\n", 2, "not valid TOML"),
        (f"{profile()}speed = 3\n", 2, "unknown key"),
        (profile("http://example.com"), 2, "would send the API key without encryption"),
        (profile(key='{ env = "NO_KEY" }'), 2, "NO_KEY is not set"),
        (profile("URL"), 1, "techladder campaigns: the API key was not accepted"),
        (profile("http://127.0.0.1:PORT"), 1, "could not connect"),
    ],
)
def test_a_configuration_that_is_wrong(
    run: Run, folder: Path, sandbox: Sandbox, unused_port: int, *, text: str, code: int, said: str
) -> None:
    text = text.replace("URL", sandbox.base_url("techladder")).replace("PORT", str(unused_port))
    (folder / "unibatch.toml").write_text(text, encoding="utf-8")

    assert_fails(run("campaigns"), code, said)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("campaigns -p nix", 2, "known are sandbox-truedy"),
        ("contacts nix:batch_1", 2, "write PROFILE:nix:batch_1"),
        ("contacts batch_1 --external-id 7", 2, "truedy does not support `unibatch contacts --external-id`: Truedy"),
        ("show sandbox-truedy:", 2, "not blank"),
        (
            "show sandbox-talkifai:nix",
            1,
            "unibatch: talkifai has no campaign 'nix' in this account; `unibatch ca",
        ),
        ("show sandbox-talkifai", 2, "'sandbox-talkifai' is a profile; write sandbox-talkifai:CAMPAIGN_ID"),
    ],
)
@pytest.mark.usefixtures("profiles")
def test_a_name_that_is_wrong(run: Run, line: str, code: int, said: str) -> None:
    assert_fails(run(*line.split()), code, said)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 429, "retry_after": 60}, "too many requests"),
        ({"body": '{"data": [{"id": 7}]}'}, "not what the vendor documents"),
        ({"status": 502, "body": "<html>\n<h1>Bad\ngateway</h1>\n"}, "the vendor's server failed"),
    ],
)
@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.usefixtures("profiles")
def test_an_answer_that_is_none(run: Run, sandbox: Sandbox, *, fault: dict[str, Any], said: str, form: str) -> None:
    sandbox.fail("truedy", **fault)

    assert_fails(run("campaigns", "--format", form), 1, said)


@pytest.mark.parametrize("command", ["contacts", "export", "compare"])
@pytest.mark.usefixtures("profiles")
def test_a_page_that_is_not_there_does_not_say_that_the_campaign_is_gone(
    run: Run, sandbox: Sandbox, command: str
) -> None:
    one, other = (f"sandbox-truedy:{name}" for name in sandbox.campaign_ids("truedy")[:2])
    more = {"contacts": (), "export": ("--to", "out.csv"), "compare": (other,)}
    sandbox.fail("truedy", status=404, times=None, when=lambda request: ("offset", "100") in request.query)
    outcome = run(command, one, *more[command])

    assert "truedy contacts of 'batch_" in outcome.err
    assert ": the page with offset=100 is not there, although rows are still missing" in outcome.err
    assert outcome.code == 1
    assert "no campaign" not in outcome.err


def test_a_write_with_an_unknown_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    reason = "no answer\nin time"
    code = report(OutcomeUnknown(provider="truedy", operation="create_campaign", subject=None, reason=reason))

    assert_fails(Outcome(code, *capsys.readouterr()), 1, "truedy create: the request", "(no answer in time)")


@pytest.mark.usefixtures("profiles", "near")
def test_an_error_halfway_leaves_the_array_open(run: Run, sandbox: Sandbox) -> None:
    """A part must not look like the whole."""
    sandbox.fail("truedy", path="contacts", after=2, status=500)
    outcome = run("contacts", seeded(sandbox), "--format", "json")

    assert (outcome.code, outcome.out.count("\n")) == (1, 200)
    assert outcome.out.startswith("[\n{")
    assert not outcome.out.endswith("]\n")


def announce(sandbox: Sandbox, number: int, *ids: str) -> None:
    """Let TechLadder announce more campaigns than it has."""
    items = [{"schedule_id": batch_id, "status": "active"} for batch_id in ids]
    body = {"success": True, "data": {"items": items, "total": number, "has_more": False}}
    sandbox.fail("techladder", body=body, times=None)


@pytest.mark.usefixtures("profiles")
class TestIncomplete:
    LIST = ("campaigns", "-p", "sandbox-techladder", "--format")

    def test_says_what_is_missing_once(self, run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
        terminal(out=False)
        announce(sandbox, 5)
        outcome = run(*self.LIST, "table")

        assert_fails(outcome, 3, "unibatch: techladder campaigns: rows may be missing after the 0 that came: ")

    @pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
    def test_what_came_is_written_to_its_end(self, run: Run, sandbox: Sandbox, form: str) -> None:
        announce(sandbox, 3, "s", "t")
        outcome = run(*self.LIST, form)
        lines = outcome.out.splitlines()[2:]

        assert (outcome.code, outcome.err.count("\n")) == (3, 1)
        assert (
            [line.split()[0] for line in lines] if form == "table" else [row["id"] for row in getattr(outcome, form)]
        ) == ["s", "t"]

    @pytest.mark.parametrize("limit", ["1", "2"])
    def test_a_listing_that_the_limit_cuts_is_not_incomplete(self, run: Run, sandbox: Sandbox, limit: str) -> None:
        announce(sandbox, 3, "s", "t")

        assert run(*self.LIST, "json", "--limit", limit).code == 0


@pytest.mark.usefixtures("profiles")
class TestLog:
    def test_an_unknown_word_is_a_warning(self, run: Run, sandbox: Sandbox) -> None:
        body = {"data": {"items": [{"schedule_id": "s", "status": "dozing"}], "total": 1, "has_more": False}}
        sandbox.fail("techladder", body=body)
        outcome = run("campaigns", "-p", "sandbox-techladder")

        assert outcome.code == 0
        assert outcome.err.startswith("unibatch: warning: techladder: unknown campaign status 'dozing'")

    @pytest.mark.parametrize("line", ["--verbose contacts ID", "contacts --verbose ID", "contacts ID -v"])
    def test_verbose_prints_every_request_but_no_key_and_does_not_last(
        self, run: Run, sandbox: Sandbox, line: str
    ) -> None:
        outcome = run(*line.replace("ID", seeded(sandbox)).split(), "--limit", "250")

        assert outcome.err.count("unibatch: debug: truedy list_contacts: GET ") == 3
        assert sandbox.api_key("truedy") not in outcome.err
        assert run("campaigns").err == ""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "Interrupted\n"),
        (BrokenPipeError(), 141, ""),
        (
            OSError(ENOSPC, "No space left on device"),
            1,
            "unibatch: the disk is full; make room, then run the same command again\n",
        ),
        (OSError(EIO, "Input/output error", "x.csv"), 1, "unibatch: x.csv: Input/output error\n"),
    ],
)
def test_the_unexpected_has_an_exit_code(
    run: Run, monkeypatch: pytest.MonkeyPatch, *, error: BaseException, code: int, said: str
) -> None:
    monkeypatch.setattr("unibatch.connect", raising(error))

    assert run("campaigns") == (code, "", said)


def test_a_bug_is_one_line_without_its_message_and_shows_its_traceback_when_asked(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unibatch.connect", raising(RuntimeError(f"boom {KEY}")))
    assert_fails(run("campaigns"), 1, "please report it", "RuntimeError", "UNIBATCH_DEBUG=1")

    monkeypatch.setenv("UNIBATCH_DEBUG", "1")
    with pytest.raises(RuntimeError, match="boom"):
        run("campaigns")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("A,B\n1,2\n", "say which one it is with --map HEADER=phone_number\n"),
        ("Phone\n020 7946 0018\n", "write it with + and country code, or give --region, such as --region GB\n"),
    ],
)
@pytest.mark.usefixtures("profiles")
def test_advice_about_contacts_names_options_only(run: Run, folder: Path, rows: str, said: str) -> None:
    (folder / "people.csv").write_text(rows, encoding="utf-8")
    outcome = run("create", "sandbox-truedy", "--contacts", "people.csv", "--name", "X", "--start", "hold")

    assert outcome.code == 2
    assert said in outcome.err
    assert "columns=" not in outcome.err
