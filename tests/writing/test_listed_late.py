"""A vendor may take seconds to list what it has: who places the same draft again then gets what there is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.writing.conftest import VENDORS, Emulating, Emulator, draft
from unibatch import Start
from unibatch.core.errors import InvalidInput

LISTS = r"/(batch-calls|call-batches|batch/jobs)$"


def empty(_: Any, answer: Any) -> Any:
    """An answer in which no campaign is listed."""
    if isinstance(answer, dict):
        none = {"items": [], "batchJobs": [], "total": 0, "has_more": False}
        emptied = {key: none[key] if key in none else empty(_, value) for key, value in answer.items()}
        return {**emptied, "data": []} if isinstance(answer.get("data"), list) else emptied
    return answer


@pytest.fixture(params=VENDORS)
def slow_to_list(request: pytest.FixtureRequest, emulating: Emulating, impatient: None) -> Emulator:  # noqa: ARG001 - hardly any time before looks
    """A vendor that lists no campaigns, although each can be read."""
    emulator = emulating(request.param)
    emulator.sandbox.fail(method="GET", path=LISTS, edit=empty, times=None)
    return emulator


@pytest.mark.parametrize("key", [None, "spring"])
def test_the_same_draft_is_one_campaign(slow_to_list: Emulator, key: str | None) -> None:
    wanted = draft(slow_to_list.vendor, 3, Start.NOW, idempotency_key=key)
    placed = set()
    for _ in range(2):
        slow_to_list.sandbox.forget_keys()
        placed.add(slow_to_list.join().create(wanted).id)
    assert placed == set(slow_to_list.campaigns)
    assert len(placed) == 1


def test_another_draft_with_the_same_key_is_refused(slow_to_list: Emulator) -> None:
    vendor = slow_to_list.vendor
    first = slow_to_list.join().create(draft(vendor, 3, Start.NOW, idempotency_key="spring"))
    with pytest.raises(InvalidInput, match=first.id):
        slow_to_list.join().create(draft(vendor, 2, Start.NOW, idempotency_key="spring"))
