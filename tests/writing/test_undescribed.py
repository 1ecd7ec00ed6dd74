"""TalkifAI's jobs are recognised by their description, which may be missing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.writing.conftest import Emulating, Emulator, contacts, draft
from unibatch.core.overlap import OverlapFound


@pytest.fixture
def undescribed(emulating: Emulating, impatient: None) -> Emulator:  # noqa: ARG001 - hardly any time before looks
    """A vendor that has a job, and gives no job's description."""

    def without(_: object, answer: Any) -> Any:
        for job in answer.get("batchJobs", [answer]):
            job["description"] = None
        return answer

    emulator = emulating("talkifai")
    emulator.join().create(draft("talkifai"))
    emulator.sandbox.fail(method="GET", edit=without, times=None)
    return emulator


def test_a_job_of_the_same_name_may_be_of_the_draft(undescribed: Emulator) -> None:
    with pytest.raises(OverlapFound):
        undescribed.join().create(draft("talkifai", contacts=contacts("talkifai", 4)))


def test_so_may_any_if_the_draft_has_a_key(undescribed: Emulator) -> None:
    with pytest.raises(OverlapFound):
        undescribed.join().create(draft("talkifai", name="Autumn calls", idempotency_key="autumn"))


def test_one_of_another_name_is_of_another_draft(undescribed: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    (first,) = undescribed.campaigns
    undescribed.join().create(draft("talkifai", name="Autumn calls"))
    assert f"most numbers of this draft are in {first} too" in caplog.text
    assert len(undescribed.campaigns) == 2
