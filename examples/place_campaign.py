"""Create a campaign of a file at each of the three vendors, some minutes before it starts by itself.

python examples/place_campaign.py FILE

Everything happens in a sandbox on this machine: it needs no account, and nobody is called.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

import unibatch
from unibatch import CampaignDraft, Start
from unibatch.sandbox import Sandbox, serve

DEFAULTS: dict[str, dict[str, Any]] = {
    "truedy": {"agent_id": "agt_1"},
    "techladder": {"agent_id": "agt-1", "version_id": "pmt-1"},
    "talkifai": {"organization_id": "org_sandbox", "from_number_ids": ["pn_1"]},
}
"""The settings that one vendor needs and another does not; an application has them in its profiles."""


def read(path: str) -> CampaignDraft | None:
    """Make a draft of a file, if all of its rows are contacts."""
    people = unibatch.read_contacts(path, region="GB")
    for row in people.rejected:
        print(f"{path} line {row.line}: {row.reason}", file=sys.stderr)
    if people.rejected:
        return None
    return CampaignDraft(
        name="Spring renewals",
        contacts=people.contacts,
        # Until then it can be looked at, and stopped. This works at every vendor.
        start=Start.at(datetime.now(UTC) + timedelta(minutes=10)),
        # The time differs at each run. With this key, a second run is refused, and nobody is called twice.
        idempotency_key="spring-2026",
    )


def place(draft: CampaignDraft, vendor: str, sandbox: Sandbox) -> None:
    """Place a draft at one vendor, and wait until it starts."""
    with unibatch.connect(
        provider=vendor,
        api_key=sandbox.api_key(vendor),
        base_url=sandbox.base_url(vendor),
        defaults=DEFAULTS[vendor],
    ) as client:
        for finding in unibatch.preflight(draft, client).findings:
            if finding.fit not in {unibatch.Fit.NATIVE, unibatch.Fit.MAPPED}:
                print(f"{vendor}: {finding.field} is {finding.fit}: {finding.reason}")
        placed = client.create_campaign(draft)
        again = client.create_campaign(draft)
        print(
            f"{vendor}: {placed.status}; placed again, it is {'the same' if again.id == placed.id else 'another one'}"
        )
        sandbox.advance(seconds=9 * 60)
        print(f"{vendor}: {len(sandbox.dialled)} people dialled after 9 minutes")
        sandbox.advance(seconds=3 * 60)
        print(f"{vendor}: {len(sandbox.dialled)} people dialled after 12 minutes")
        try:
            client.create_campaign(attrs.evolve(draft, contacts=draft.contacts[1:]))
        except unibatch.InvalidInput as error:
            print(f"{vendor}: not placed: {error}")


def main(arguments: list[str]) -> int:
    """Place the file's contacts; the exit code is 1 if some rows are no contacts."""
    if len(arguments) != 1:
        print("usage: place_campaign.py FILE", file=sys.stderr)
        return 2
    try:
        draft = read(arguments[0])
    except unibatch.InvalidInput as error:
        print(error, file=sys.stderr)
        return 1
    if draft is None:
        return 1
    for vendor in DEFAULTS:
        with serve(seeded=False, start=datetime.now(UTC)) as sandbox:
            place(draft, vendor, sandbox)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
