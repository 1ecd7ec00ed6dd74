"""Vendors of other packages on the command line: what only they can do, and what they cannot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import pytest

import unibatch.config
from tests.cli.running import Run
from tests.client.replies import Replies, Reply
from tests.contract.heron import Heron
from unibatch import Campaign, CampaignStatus, OutcomeUnknown
from unibatch.cli import prompts
from unibatch.client import Client, Options, Retry
from unibatch.client.transport import httpx
from unibatch.providers import registry
from unibatch.providers.truedy import Truedy
from unibatch.workflows.migrate.plan import _source_plan
from unibatch.workflows.migrate.target import start_of_held

TOML = """\
[profiles.heron]
provider = "heron"
api_key = "a-key-for-tests"
allow_literal_key = true

[profiles.heron.defaults]
"""

Answers = Callable[[Replies], None]


@pytest.fixture
def answers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Lets Heron answer, under a profile of its name."""
    (folder / "unibatch.toml").write_text(TOML, encoding="utf-8")
    found = EntryPoint(Heron.name, f"{Heron.__module__}:{Heron.__name__}", registry.GROUP)
    monkeypatch.setattr(registry, "BUILT_IN", (*registry.BUILT_IN, found))

    def answer(replies: Replies) -> None:
        def connect(*_: Any, **__: Any) -> Client:
            options = Options(retry=Retry(attempts=1))
            return Client(Heron({}), "a-key-for-tests", options=options, transport=httpx.MockTransport(replies))

        monkeypatch.setattr(unibatch.config, "connect", connect)

    return answer


class TestCallingAgain:
    OVER: ClassVar = {"id": "b1", "name": "March", "status": "completed", "calls_scheduled": 3, "agent_id": "a1"}

    def test_it_says_who_is_called_and_does_it(self, run: Run, answers: Answers) -> None:
        again = {**self.OVER, "status": "in_progress"}
        replies = Replies(Reply(body=self.OVER), Reply(body=self.OVER), Reply(body=again), Reply(body=again))
        answers(replies)
        outcome = run("retry", "heron:b1", "--yes")
        assert outcome.code == 0
        assert outcome.err.startswith(
            'Agent a1 will call again those whom "March" (completed, 3 contacts) did not reach'
        )
        assert outcome.out.startswith('calls again: heron:b1 "March": running, 3 contacts')
        assert [request.method for request in replies.requests] == ["GET", "GET", "POST", "GET"]

    def test_if_the_outcome_is_unknown_it_does_not_say_that_another_run_is_safe(
        self, run: Run, answers: Answers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lost(*_: Any, **__: Any) -> None:
            raise OutcomeUnknown(provider="heron", operation="retry_campaign", subject="b1", reason="no answer came")

        answers(Replies(Reply(body=self.OVER)))
        monkeypatch.setattr(Client, "retry_campaign", lost)
        outcome = run("retry", "heron:b1", "--yes")
        assert outcome.code == 1
        assert "only if it did not call again: otherwise people are called twice" in outcome.err
        assert "safe" not in outcome.err


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("scheduled", "heron:b1: scheduled, its contacts"),
        ("draft", "heron:b1: draft, its contacts; nobody is called before you start it in Heron's dashboard"),
    ],
)
def test_a_dashboard_is_named_only_where_somebody_has_to_start_it(status: str, said: str, answers: Answers) -> None:
    """Heron's API starts nothing, and what is scheduled starts by itself: whether its dashboard can is not known."""
    answers(Replies(Reply()))
    campaign = Campaign(id="b1", provider="heron", status=CampaignStatus(status))
    with unibatch.config.connect("heron") as client:
        assert prompts.status_line(client, campaign, "heron:b1") == said


@pytest.mark.parametrize(
    ("hold_until", "said"),
    [
        (None, "start it in Heron's dashboard: its API cannot"),
        (
            datetime(2099, 1, 1, tzinfo=UTC),
            "it starts by itself at 2099-01-01 00:00 UTC, and Heron's API cannot start it earlier",
        ),
    ],
)
def test_a_migration_says_how_a_target_starts_that_cannot_be_started(hold_until: datetime | None, said: str) -> None:
    assert start_of_held(Heron({}), hold_until) == said


def test_a_migration_warns_that_a_source_which_is_over_can_call_again() -> None:
    over = Campaign(id="b1", provider="heron", status=CampaignStatus.COMPLETED)
    assert _source_plan(Heron({}), over, None) == (
        "it is completed, and stays as it is; do not let it call again afterwards"
    )
    assert _source_plan(Truedy({}), over, None) == "it is completed, and stays as it is"
