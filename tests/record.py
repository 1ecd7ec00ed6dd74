"""Lives of campaigns: what is done to one campaign of each vendor, from its creation on, and how that is recorded.

    python -m tests.record             # all of them
    python -m tests.record truedy      # the one at this vendor

Each is a conversation of the library's own client with the sandbox, kept in ``cassettes/<vendor>/life.yaml``. So a
change of anything that is sent, or of what comes back, shows as a difference in that file. Of the sandbox's address
only the port is left out. Of the headers only those are kept that matter to the library, and never one that holds a
key. All clocks stand still, so recording again gives the same file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import vcr

import unibatch
from tests.bothways import SETTINGS
from tests.replay import CASSETTES, MATCH_ON
from unibatch import AddedContacts, Campaign, CampaignDraft, Client, ContactDraft, Retry, Start
from unibatch.client.rate_limit import forget_budgets
from unibatch.sandbox import Sandbox, serve

WALL = datetime(2026, 3, 10, 9, tzinfo=UTC).timestamp()
COMMENT = "# Recorded from unibatch's sandbox on this machine, whose port is left out (python -m tests.record).\n"
KEPT_HEADERS = frozenset(
    {"content-type", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id"}
)

PEOPLE = (
    ContactDraft(phone_number="+12125550101", name="Ann Lee", email="ann@example.com", external_id="c-1"),
    ContactDraft(phone_number="+12125550102", name="Bob Ray", fields={"plan": "gold"}),
)
TWO_MORE = (
    ContactDraft(phone_number="+12125550102", name="Bob Ray"),
    ContactDraft(phone_number="+12125550103", name="Cy Orr"),
)
FAR_AHEAD = datetime(2099, 1, 2, 9, tzinfo=UTC)
FARTHER = datetime(2099, 2, 3, 10, tzinfo=UTC)

DRAFTS: Mapping[str, CampaignDraft] = {
    "truedy": CampaignDraft(name="Recorded", contacts=PEOPLE, start=Start.HOLD, agent_id="agt_5a1dc0de"),
    "techladder": CampaignDraft(
        name="Recorded",
        contacts=PEOPLE,
        start=Start.HOLD,
        agent_id="agt-5a1dc0de",
        vendor={"techladder": {"version_id": "pmt-5a1dc0de"}},
    ),
    "talkifai": CampaignDraft(
        name="Recorded", contacts=PEOPLE, start=Start.HOLD, hold_until=FAR_AHEAD, from_number_ids=["pn_sandbox"]
    ),
}

Step: TypeAlias = Campaign | AddedContacts


def at_truedy(client: Client) -> list[Step]:
    created = client.create_campaign(DRAFTS["truedy"])
    return [
        created,
        client.add_contacts(created.id, TWO_MORE),
        client.reschedule_campaign(created.id, FAR_AHEAD),
        client.pause_campaign(created.id),
        client.resume_campaign(created.id),
        client.start_campaign(created.id),
    ]


def at_techladder(client: Client) -> list[Step]:
    return [client.create_campaign(DRAFTS["techladder"]), client.create_campaign(DRAFTS["techladder"])]


def at_talkifai(client: Client) -> list[Step]:
    created = client.create_campaign(DRAFTS["talkifai"])
    return [
        created,
        client.reschedule_campaign(created.id, FARTHER),
        client.start_campaign(created.id),
        client.cancel_campaign(created.id),
    ]


LIVES: Mapping[str, Callable[[Client], list[Step]]] = {
    "truedy": at_truedy,
    "techladder": at_techladder,
    "talkifai": at_talkifai,
}


def sandbox_address(sandbox: Sandbox, vendor: str) -> str:
    """The vendor's base URL in a cassette: that of the sandbox, whose port is another one each time."""
    return sandbox.base_url(vendor).replace(sandbox.url, "http://127.0.0.1")


def record(sandbox: Sandbox, vendor: str, folder: Path = CASSETTES) -> Path:
    """Record the life of a campaign anew, below this folder."""
    sandbox.reset()
    forget_budgets()
    here, kept = sandbox.base_url(vendor), sandbox_address(sandbox, vendor)

    def request_as_kept(request: Any) -> Any:
        request.uri = request.uri.replace(here, kept)
        key = {name: value for name, value in request.headers.items() if name.lower() == "x-idempotency-key"}
        request.headers = {"accept": "application/json", **key}
        return request

    def response_as_kept(response: dict[str, Any]) -> dict[str, Any]:
        headers: Mapping[str, list[str]] = response["headers"]
        response["headers"] = {name: value for name, value in headers.items() if name.lower() in KEPT_HEADERS}
        response["status"] = {"code": response["status"]["code"], "message": ""}  # another in each version of Python
        return response

    recorder = vcr.VCR(
        match_on=MATCH_ON,
        record_mode=vcr.mode.ALL,
        before_record_request=request_as_kept,
        before_record_response=response_as_kept,
        decode_compressed_response=True,
    )
    path = folder / vendor / "life.yaml"
    path.unlink(missing_ok=True)
    client = unibatch.connect(
        provider=vendor,
        api_key=sandbox.api_key(vendor),
        base_url=here,
        retry=Retry(attempts=1),
        defaults=SETTINGS[vendor],
    )
    with recorder.use_cassette(path), client:
        LIVES[vendor](client)
    path.write_text(COMMENT + path.read_text(encoding="utf-8"), encoding="utf-8")
    return path


def main(vendors: list[str]) -> None:
    """Record the lives at these vendors, or at all of them."""
    with serve(wall=lambda: WALL) as sandbox:
        for vendor in vendors or LIVES:
            path = record(sandbox, vendor)
            print(f"{path.stat().st_size:>9,} {vendor}")  # noqa: T201 - this is a script


if __name__ == "__main__":
    main(sys.argv[1:])
