"""The sandbox, a client of each vendor, and exports over either kind of client."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest

import unibatch
import unibatch.sandbox
from tests.bothways import AnyClient, BlockingAsyncClient, Connect, Style
from unibatch import Exported
from unibatch.sandbox import Sandbox

FORMATS = ("csv", "jsonl", "parquet", "xlsx")

Export: TypeAlias = Callable[..., Exported]


@pytest.fixture
def client(sandbox: Sandbox, connect: Connect) -> Callable[[str], AnyClient]:
    def client(vendor: str) -> AnyClient:
        return connect(vendor, api_key=sandbox.api_key(vendor), base_url=sandbox.base_url(vendor))

    return client


@pytest.fixture
def export(style: Style) -> Export:
    """`unibatch.export`, or `unibatch.export_async` on the loop of the first client."""

    def export(campaigns: list[tuple[AnyClient, str]], to: Path, **how: Any) -> Exported:
        if style == "sync":
            return unibatch.export(campaigns, to, **how)
        blocking = [cast("BlockingAsyncClient", client) for client, _ in campaigns]
        pairs = [(each.client, campaign_id) for each, (_, campaign_id) in zip(blocking, campaigns, strict=True)]
        return blocking[0].run(unibatch.export_async(pairs, to, **how))

    return export
