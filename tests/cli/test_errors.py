"""Every error is one line on stderr and an exit code; stdout stays empty."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Outcome, Run, Terminal
from unibatch import OutcomeUnknown
from unibatch.cli.failures import report
from unibatch.sandbox import Sandbox

KEY = "secret-key-of-mine"


def assert_fails(outcome: Outcome, code: int, *parts: str) -> None:
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("unibatch")
    assert "Traceback" not in outcome.err
    assert KEY not in outcome.err
    for part in parts:
        assert part in outcome.err


def write(folder: Path, text: str) -> None:
    (folder / "unibatch.toml").write_text(text, encoding="utf-8")


def profile(base_url: str, *, key: str = KEY) -> str:
    return (
        f'[profiles.main]\nprovider = "techladder"\nbase_url = "{base_url}"\n'
        f'api_key = "{key}"\nallow_literal_key = true\nretry = {{ attempts = 1 }}\n'
    )


class TestCommandLine:
    def test_bad_option(self, run: Run) -> None:
        outcome = run("campaigns", "--foo")

        assert_fails(outcome, 2, "unibatch campaigns: No such option", "--foo", "(see unibatch campaigns --help)")

    def test_bad_command(self, run: Run) -> None:
        assert_fails(run("dial"), 2, "No such command 'dial' (see unibatch --help)")

    def test_missing_argument(self, run: Run) -> None:
        assert_fails(run("show"), 2, "unibatch show: Missing argument 'CAMPAIGN'")

    def test_bad_status_word(self, run: Run) -> None:
        assert_fails(run("contacts", "x", "--status", "sleeping"), 2, "'sleeping'", "retry_scheduled")

    def test_limit_below_one(self, run: Run) -> None:
        assert_fails(run("campaigns", "--limit", "0"), 2, "--limit")

    def test_unknown_provider(self, run: Run) -> None:
        assert_fails(run("providers", "acme"), 2, "'acme'", "truedy, techladder, talkifai")


class TestConfiguration:
    def test_no_file(self, run: Run) -> None:
        assert_fails(run("campaigns"), 2, "there is no unibatch.toml", "unibatch init")

    def test_no_file_and_a_profile_before_the_colon(self, run: Run) -> None:
        assert_fails(run("show", "main:x"), 2, "there is no profile 'main'", "unibatch init")

    @pytest.mark.usefixtures("profiles")
    def test_unknown_profile(self, run: Run) -> None:
        assert_fails(run("campaigns", "-p", "nix"), 2, "'nix'", "known are sandbox-truedy")

    @pytest.mark.usefixtures("profiles")
    def test_unknown_profile_before_the_colon(self, run: Run) -> None:
        assert_fails(run("contacts", "nix:batch_1"), 2, "'nix'", "known are sandbox-truedy", "--profile")

    def test_missing_environment_variable(self, run: Run) -> None:
        run("init")

        assert_fails(run("campaigns"), 2, "TRUEDY_API_KEY is not set")

    def test_broken_toml(self, run: Run, folder: Path) -> None:
        write(folder, "[profiles.main\n")

        assert_fails(run("campaigns"), 2, "not valid TOML")

    def test_unknown_key(self, run: Run, folder: Path) -> None:
        write(folder, profile("https://example.com") + "speed = 3\n")

        assert_fails(run("campaigns"), 2, "speed", "unknown key")

    def test_a_key_in_the_clear(self, run: Run, folder: Path) -> None:
        write(folder, profile("http://example.com"))

        assert_fails(run("campaigns"), 2, "would send the API key without encryption")

    @pytest.mark.usefixtures("profiles")
    def test_what_the_vendor_cannot_do(self, run: Run, sandbox: Sandbox) -> None:
        campaign = sandbox.campaign_ids("truedy")[0]

        assert_fails(run("contacts", campaign, "--external-id", "7"), 2, "truedy does not support")

    @pytest.mark.usefixtures("profiles")
    def test_a_blank_id(self, run: Run) -> None:
        assert_fails(run("show", "sandbox-truedy:"), 2, "not blank")


class TestVendor:
    def test_wrong_key(self, run: Run, folder: Path, sandbox: Sandbox) -> None:
        write(folder, profile(sandbox.base_url("techladder")))

        assert_fails(run("campaigns"), 1, "the API key was not accepted", "HTTP 401")

    @pytest.mark.usefixtures("profiles")
    def test_unknown_campaign(self, run: Run) -> None:
        assert_fails(run("show", "sandbox-talkifai:nix"), 1, "'nix': not found", "HTTP 404")

    @pytest.mark.usefixtures("profiles")
    @pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
    def test_too_many_requests(self, run: Run, sandbox: Sandbox, form: str) -> None:
        sandbox.fail("truedy", status=429, retry_after=60)

        assert_fails(run("campaigns", "--format", form), 1, "too many requests", "try again after 20")

    @pytest.mark.usefixtures("profiles")
    def test_malformed_answer(self, run: Run, sandbox: Sandbox) -> None:
        sandbox.fail("truedy", body='{"data": [{"id": 7}]}')

        assert_fails(run("campaigns"), 1, "not what the vendor documents", "$.data[0].id")

    @pytest.mark.usefixtures("profiles")
    def test_a_page_of_a_proxy_stays_on_one_line(self, run: Run, sandbox: Sandbox) -> None:
        sandbox.fail("truedy", status=502, body="<html>\n<h1>Bad\ngateway</h1>\n")

        assert_fails(run("campaigns"), 1, "the vendor's server failed")

    def test_connection_refused(self, run: Run, folder: Path) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            write(folder, profile(f"http://127.0.0.1:{unused.getsockname()[1]}"))

            assert_fails(run("campaigns"), 1, "could not connect")

    @pytest.mark.usefixtures("profiles")
    def test_an_answer_that_is_too_large(self, run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("unibatch.client.bodies.LARGEST", 100)

        assert_fails(run("show", sandbox.campaign_ids("truedy")[0]), 1, "the answer is too large; check base_url")

    def test_a_write_of_which_nobody_knows_what_came(self, capsys: pytest.CaptureFixture[str]) -> None:
        about = {"provider": "truedy", "operation": "create_campaign", "reason": "no answer\nin time"}
        code = report(OutcomeUnknown(subject=None, **about))

        assert_fails(Outcome(code, *capsys.readouterr()), 1, "look before you send it again (no answer in time)")

    @pytest.mark.usefixtures("profiles")
    def test_an_error_halfway_leaves_the_array_open(self, run: Run, sandbox: Sandbox) -> None:
        """A part must not pass for the whole."""
        sandbox.fail("truedy", path="contacts", after=2, status=500)
        outcome = run("contacts", sandbox.campaign_ids("truedy")[0], "--format", "json")

        assert outcome.code == 1
        assert outcome.out.startswith("[\n{")
        assert outcome.out.count("\n") == 200
        assert not outcome.out.endswith("]\n")


def batches(announced: int, *ids: str) -> dict[str, Any]:
    """A page of TechLadder's campaigns, which is the last one."""
    items = [{"schedule_id": batch_id, "status": "active"} for batch_id in ids]
    return {"success": True, "data": {"items": items, "total": announced, "has_more": False}}


@pytest.mark.usefixtures("profiles")
class TestIncomplete:
    LIST = ("campaigns", "-p", "sandbox-techladder", "--format")

    @pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
    def test_says_what_is_missing_once(self, run: Run, sandbox: Sandbox, form: str) -> None:
        sandbox.fail("techladder", body=batches(5), times=None)
        outcome = run(*self.LIST, form)

        assert outcome.code == 3
        assert outcome.err == (
            "unibatch: techladder list_campaigns: rows may be missing after the 0 that came: 5 rows were announced, "
            "and 0 came; reading it again brought the same; read again when nothing moves\n"
        )

    @pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
    def test_what_came_is_written_to_its_end(self, run: Run, sandbox: Sandbox, form: str) -> None:
        sandbox.fail("techladder", body=batches(3, "s", "t"), times=None)
        outcome = run(*self.LIST, form)

        assert outcome.code == 3
        assert [row["id"] for row in getattr(outcome, form)] == ["s", "t"]
        assert outcome.out.endswith("\n")

    def test_a_table_is_written_to_its_end(self, run: Run, sandbox: Sandbox) -> None:
        sandbox.fail("techladder", body=batches(3, "s", "t"), times=None)
        outcome = run(*self.LIST, "table")

        assert outcome.code == 3
        assert [line.split()[0] for line in outcome.out.splitlines()[2:]] == ["s", "t"]

    def test_a_terminal_is_not_told_that_it_was_complete(self, run: Run, sandbox: Sandbox, terminal: Terminal) -> None:
        terminal(out=False)
        sandbox.fail("techladder", body=batches(5), times=None)

        assert "complete" not in run(*self.LIST, "table").err

    @pytest.mark.parametrize("limit", ["1", "2"])
    def test_a_listing_that_the_limit_cuts_is_not_incomplete(self, run: Run, sandbox: Sandbox, limit: str) -> None:
        sandbox.fail("techladder", body=batches(3, "s", "t"), times=None)

        assert run(*self.LIST, "json", "--limit", limit).code == 0


@pytest.mark.usefixtures("profiles")
class TestWarnings:
    def test_an_unknown_word_is_told_on_stderr(self, run: Run, sandbox: Sandbox) -> None:
        body = {"data": {"items": [{"schedule_id": "s", "status": "dozing"}], "total": 1, "has_more": False}}
        sandbox.fail("techladder", body=body)
        outcome = run("campaigns", "-p", "sandbox-techladder")

        assert outcome.code == 0
        assert outcome.err.startswith("unibatch: warning: techladder: unknown campaign status 'dozing'")

    @pytest.mark.parametrize("line", ["--verbose contacts ID", "contacts --verbose ID", "contacts ID -v"])
    def test_verbose_tells_of_every_request_but_no_key(self, run: Run, sandbox: Sandbox, line: str) -> None:
        outcome = run(*line.replace("ID", sandbox.campaign_ids("truedy")[0]).split(), "--limit", "250")

        assert outcome.err.count("unibatch: debug: truedy list_contacts: GET ") == 3
        assert sandbox.api_key("truedy") not in outcome.err

    def test_verbose_does_not_last(self, run: Run) -> None:
        run("campaigns", "-v")

        assert run("campaigns").err == ""


@pytest.mark.usefixtures("profiles")
class TestTheUnexpected:
    def test_ctrl_c(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(_: object, **_options: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("unibatch.cli.reading.connect", interrupted)

        assert run("campaigns") == (130, "", "Interrupted\n")

    def test_output_that_nobody_reads(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def closed(*_: object) -> None:
            raise BrokenPipeError

        monkeypatch.setattr("unibatch.cli.reading.write_data", closed)

        assert run("campaigns", "--format", "jsonl") == (141, "", "")

    def test_a_full_disk(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("unibatch.cli.reading.write_data", full)

        assert_fails(run("campaigns", "--format", "jsonl"), 1, "No space left on device")

    def test_a_bug_is_told_in_one_line_without_its_message(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(_: object, **_options: object) -> None:
            raise RuntimeError(f"boom {KEY}")

        monkeypatch.setattr("unibatch.cli.reading.connect", broken)

        assert_fails(run("campaigns"), 1, "please report it", "RuntimeError", "UNIBATCH_DEBUG=1")

    def test_a_bug_shows_its_traceback_when_asked(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(_: object, **_options: object) -> None:
            raise RuntimeError("boom")

        monkeypatch.setattr("unibatch.cli.reading.connect", broken)
        monkeypatch.setenv("UNIBATCH_DEBUG", "1")

        with pytest.raises(RuntimeError, match="boom"):
            run("campaigns")
