"""``listing.to_arrow()``: record batches of the canonical columns, page by page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, cast

import pyarrow as pa
import pytest

from tests.bothways import AnyClient, BlockingAsyncClient, Style
from tests.client.conftest import Visit, Visitor
from unibatch import ConfigError, IncompleteListing, InvalidInput, to_dict
from unibatch.core.columns import COLUMNS


def batches(style: Style, client: AnyClient, campaign_id: str) -> list[Any]:
    """All batches of a listing, of either kind of client."""
    if style == "sync":
        return list(client.list_contacts(campaign_id).to_arrow())
    blocking = cast("BlockingAsyncClient", client)

    async def read() -> list[Any]:
        return [batch async for batch in blocking.client.list_contacts(campaign_id).to_arrow()]

    return blocking.run(read())


def test_it_has_every_contact_with_its_values(style: Style, at: Visit) -> None:
    campaign_id = at.half_dialled()
    rows = pa.Table.from_batches(batches(style, at.client, campaign_id)).to_pylist()
    expected = [to_dict(contact) for contact in at.client.list_contacts(campaign_id)]

    assert list(rows[0]) == [*(column.name for column in COLUMNS), "fields"]
    for name in ("id", "status", "phone_number", "attempts", "is_final", "duration"):
        assert [row[name] for row in rows] == [contact[name] for contact in expected]


def test_contacts_that_may_be_missing_raise_after_all_others(style: Style, visit: Visitor) -> None:
    at = visit("truedy")
    campaign_id = at.sandbox.create("truedy", 3)

    def announce_more(_: object, body: Any) -> Any:
        body["pagination"]["total"] += 7
        return body

    at.sandbox.fail("truedy", edit=announce_more, times=None)
    with pytest.raises(IncompleteListing):
        batches(style, at.client, campaign_id)


@pytest.mark.parametrize(
    ("read", "without", "error", "part"),
    [
        (lambda client: client.list_campaigns(), False, InvalidInput, "listings of contacts"),
        (lambda client: client.list_contacts("batch_1"), True, ConfigError, r"unibatch\[arrow\]"),
    ],
)
@pytest.mark.parametrize("style", ["sync"])
def test_it_is_refused_before_anything_is_sent(
    visit: Visitor,
    monkeypatch: pytest.MonkeyPatch,
    *,
    read: Callable[[AnyClient], Any],
    without: bool,
    error: type[Exception],
    part: str,
) -> None:
    if without:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    at = visit("truedy")
    with pytest.raises(error, match=part):
        read(at.client).to_arrow()
    assert at.requests == []
