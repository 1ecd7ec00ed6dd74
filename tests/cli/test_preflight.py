"""``unibatch preflight``: what happens to a draft, without a network and without a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.drafts import HOLD_UNTIL, NEEDED, VENDORS, people
from tests.cli.running import Outcome, Run, Terminal


@pytest.fixture
def file(folder: Path) -> str:
    return people(folder)


def preflight(run: Run, file: str, *arguments: str) -> Outcome:
    return run("preflight", "--contacts", file, "--name", "Spring", "--start", "hold", *arguments)


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize("vendor", VENDORS)
def test_what_can_be_created(run: Run, file: str, vendor: str) -> None:
    outcome = preflight(run, file, f"sandbox-{vendor}", *NEEDED[vendor], *HOLD_UNTIL)

    assert outcome.code == 0
    assert outcome.out.endswith("\nCan be created.\n\n")


@pytest.mark.parametrize(
    ("arguments", "code", "verdict"),
    [
        (
            "--description x",
            2,
            "Cannot be created: agent_id, description. To accept the loss: --accept-loss description",
        ),
        ("--agent a --skip", 2, "Can be created when the command or its rows are corrected."),
        ("--agent a --start soon", 2, "Nothing blocks it in what could be read."),
        ("--agent a --description x --accept-loss description", 0, "Can be created, with 1 accepted loss."),
    ],
)
def test_the_verdict(run: Run, file: str, folder: Path, *, arguments: str, code: int, verdict: str) -> None:
    if "--skip" in arguments:
        people(folder, "phone", "nix", "+12125550123")
    outcome = preflight(run, file, "truedy", *arguments.replace(" --skip", "").split())

    assert outcome.code == code
    assert outcome.out.endswith(f"\n{verdict}\n\n")
    assert ("unsupported, accepted" in outcome.out) == ("accepted" in verdict)


class TestTargets:
    def test_vendors_are_compared_and_an_unknown_one_does_not_hide_the_others(self, run: Run, file: str) -> None:
        outcome = preflight(run, file, "nix", "truedy", "talkifai", "--agent", "a")

        assert outcome.code == 2
        assert [line for line in outcome.out.splitlines() if line in {"Truedy", "TalkifAI"}] == ["Truedy", "TalkifAI"]
        assert "there is no profile 'nix'" in outcome.err

    def test_a_setting_of_one_of_them_is_not_held_against_the_other(self, run: Run, file: str) -> None:
        arguments = ("truedy", "techladder", *NEEDED["techladder"])
        known = preflight(run, file, *arguments)
        unknown = preflight(run, file, *arguments, "--set", "x=1")

        assert (known.code, unknown.code) == (0, 2)
        assert "version_id" in known.out
        assert "Truedy has no such option" in unknown.out
        assert "TechLadder has no such option" in unknown.out

    def test_a_profile_fills_the_gaps_without_its_key(self, run: Run, file: str, folder: Path) -> None:
        text = '[profiles.main]\nprovider = "truedy"\napi_key = { env = "NO_KEY" }\ndefaults = { agent_id = "agt_1" }\n'
        (folder / "unibatch.toml").write_text(text, encoding="utf-8")
        outcome = preflight(run, file, "main")

        assert outcome.code == 0
        assert outcome.out.startswith("Truedy (profile main)\n")

    def test_at_least_one_is_needed(self, run: Run, file: str) -> None:
        assert preflight(run, file).code == 2


class TestInput:
    def test_what_cannot_be_read_is_named_beside_what_was_found(self, run: Run, file: str) -> None:
        outcome = preflight(run, file, "truedy", "--window", "9-17", "--start", "soon")

        assert outcome.code == 2
        assert "Cannot be created: agent_id.\n" in outcome.out
        assert "--window: '9-17'" in outcome.err
        assert "--start: neither hold nor now" in outcome.err

    @pytest.mark.parametrize(
        ("days", "sent"),
        [
            ("mon-fri", [1, 2, 3, 4, 5]),
            ("1-5", [1, 2, 3, 4, 5]),
            ("mon,wed,sat", [1, 3, 6]),
            ("Saturday-tue", [1, 2, 6, 7]),
            ("sun", [7]),
        ],
    )
    def test_days(self, run: Run, file: str, days: str, sent: list[int]) -> None:
        arguments = ("truedy", "--agent", "a", "--timezone", "UTC", "--days", days, "--format", "json")
        rows = {row["field"]: row for row in preflight(run, file, *arguments).json}

        assert rows["schedule.weekdays"]["sent"] == {"working_days": sent}

    def test_settings_get_the_form_that_the_vendor_asks_for(self, run: Run, file: str) -> None:
        settings = ("recording_enabled=false", "max_duration_seconds_per_call=60")
        arguments = [word for setting in settings for word in ("--set", setting)]
        rows = preflight(run, file, "techladder", *NEEDED["techladder"], *arguments, "--format", "json").json
        sent = {row["field"].rpartition(".")[2]: row["sent"] for row in rows}

        assert sent["recording_enabled"] == {"recording_enabled": False}
        assert sent["max_duration_seconds_per_call"] == {"max_duration_seconds_per_call": 60}

    @pytest.mark.usefixtures("profiles", "small_campaigns")
    def test_parts_are_judged_where_a_draft_is_split(self, run: Run, file: str) -> None:
        arguments = ("sandbox-talkifai", *NEEDED["talkifai"], *HOLD_UNTIL)
        whole = preflight(run, file, *arguments)
        parts = preflight(run, file, *arguments, "--split")

        assert (whole.code, parts.code) == (2, 0)
        assert "2 to call" in parts.out
        assert "1 to call" in parts.out


class TestFormats:
    def test_programs_get_every_finding(self, run: Run, file: str) -> None:
        outcome = preflight(run, file, "truedy", "--description", "x", "--format", "csv")
        rows = {row["field"]: row for row in outcome.csv}

        assert outcome.code == 2
        assert (rows["description"]["fit"], rows["description"]["obstacle"]) == ("unsupported", "true")
        assert (rows["name"]["fit"], rows["name"]["obstacle"]) == ("native", "false")

    def test_colours_on_a_terminal(self, run: Run, file: str, terminal: Terminal) -> None:
        terminal(width=120)

        assert "\x1b[31minvalid\x1b[0m" in preflight(run, file, "truedy").out
