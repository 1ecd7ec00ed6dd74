"""What moving a campaign of 10,000 contacts costs in requests, in each of the six directions.

Compared with the requests that its parts need: the source is read when it is planned and when it has stopped, where
stopping makes contacts cancelled once before that too, and the target is read once, page by page; each side has to be
asked for its status, the source has to be stopped, and the target looked for, created, read and started.
"""

import itertools
import math
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import unibatch
import unibatch.sandbox
from unibatch import Client, Start
from unibatch.providers import registry

PEOPLE = 10_000
CALLED = 1_000

SETTINGS: dict[str, dict[str, Any]] = {
    "truedy": {"agent_id": "agt_1"},
    "techladder": {"agent_id": "agt-1", "version_id": "pmt-1"},
    "talkifai": {"from_number_ids": ["pn_1"]},
}
RUNNING = {"truedy": "active", "techladder": "active", "talkifai": "running"}

SINGLE = {"truedy": 6, "techladder": 3, "talkifai": 5}
"""Requests to a source beside its pages: its status when it is planned and applied; stopping it, with a look before and
after; its status once the target is there; its new name."""

PLACING = 4
"""Requests to a target beside its pages: a look when it is planned, another when it is placed, the creation, and
reading what was created."""

STARTING = 3
"""A look, the request that starts it, and a look."""


def connected(sandbox: unibatch.sandbox.Sandbox, vendor: str) -> Client:
    profile = sandbox.profile(vendor)
    return unibatch.connect(**{**profile, "defaults": {**profile["defaults"], **SETTINGS[vendor]}})


def pages(vendor: str, rows: int) -> int:
    return math.ceil(rows / (registry.load(vendor).capabilities.contact_paging.max_size or rows))


def main() -> None:
    start = datetime.now(UTC)
    with unibatch.sandbox.serve(seeded=False, enforce_rate_limits=False, start=start) as sandbox:
        for source, target in itertools.permutations(SETTINGS, 2):
            sandbox.reset()
            campaign_id = sandbox.create(source, PEOPLE, concurrency=10)
            sandbox.set_status(source, campaign_id, RUNNING[source])
            sandbox.advance(calls=CALLED)
            with (
                connected(sandbox, source) as here,
                connected(sandbox, target) as there,
                tempfile.TemporaryDirectory() as folder,
            ):
                begun = time.perf_counter()
                how = Start.HOLD if target == "techladder" else Start.NOW
                plan = unibatch.plan_migration((here, campaign_id), there, journal=Path(folder) / "move", start=how)
                if source == "techladder":  # a person stops it in the dashboard
                    sandbox.set_status(source, campaign_id, "cancelled")
                status = plan.apply(source_stopped=source == "techladder")
                seconds = time.perf_counter() - begun
            readings = 3 if source == "talkifai" else 2
            needed = readings * pages(source, PEOPLE) + pages(target, status.moved) + SINGLE[source] + PLACING
            needed += 0 if how == Start.HOLD else STARTING
            sent = len(sandbox.requests)
            print(
                f"{source:>10} to {target:<10}: {status.moved:,} moved with {sent} requests in {seconds:.1f} s; "
                f"{needed} needed, {sent / needed:.2f} times"
            )


if __name__ == "__main__":
    main()
