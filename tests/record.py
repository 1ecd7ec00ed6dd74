"""Records the cassettes that begin with "Recorded from unibatch's sandbox".

    python tests/record.py                      # all of them
    python tests/record.py truedy/not-found     # some of them

Each one is a conversation of the library's own client with the sandbox, taken down by vcrpy. The sandbox's address is
replaced by the base URL that the vendor documents, so that a cassette of the sandbox and one of the vendor look alike;
of the headers only those are kept that matter to the library, and never one that holds a key. The simulated clock and
the wall clock stand still, and the reason phrases are left out, which differ between versions of Python; so recording
again gives the same files as long as neither the sandbox nor the library's requests have changed.

Cassettes that begin with "Transcribed from" are not made here: they were copied from a vendor's page by hand.
"""

from __future__ import annotations

import contextlib
import sys
import textwrap
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import vcr

import unibatch
from tests.bothways import SETTINGS
from tests.lives import LIVES
from tests.replay import CASSETTES, MATCH_ON
from unibatch import CallStatus, CampaignStatus, Client, ProviderError, Retry
from unibatch.client.rate_limit import forget_budgets
from unibatch.providers import registry
from unibatch.sandbox import Sandbox, serve

WALL = datetime(2026, 3, 10, 9, tzinfo=UTC).timestamp()
KEPT_HEADERS = frozenset(
    {"content-type", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id"}
)
NOBODY = "no-such-campaign"

Prepare = Callable[[Sandbox], str]
"""Brings the sandbox into the state that is wanted, and returns the id of the campaign that the talk is about."""

Talk = Callable[[Client, str], object]


@attrs.frozen
class Recording:
    """One cassette to be recorded.

    Attributes:
        name: The file below ``cassettes/``, without its suffix; its folder is the vendor.
        covers: What it shows, for the comment at its top.
        prepare: What happens in the sandbox before.
        talk: What the client asks.
        key: The kind of key that it uses, as the sandbox names them, or "wrong".
    """

    name: str
    covers: str
    prepare: Prepare
    talk: Talk
    key: str = "valid"

    @property
    def vendor(self) -> str:
        return self.name.partition("/")[0]


def seeded(vendor: str, place: int) -> Prepare:
    return lambda sandbox: sandbox.campaign_ids(vendor)[place]


def unknown(_: Sandbox) -> str:
    return NOBODY


def under_way(vendor: str, running: str, *, contacts: int, calls: int, shape: str | None = None) -> Prepare:
    def make(sandbox: Sandbox) -> str:
        campaign_id = sandbox.create(vendor, contacts, name="Recorded campaign", shape=shape)
        sandbox.set_status(vendor, campaign_id, running)
        sandbox.advance(calls=calls, vendor=vendor, campaign_id=campaign_id)
        return campaign_id

    return make


def over(vendor: str, running: str, *, contacts: int, calls: int) -> Prepare:
    """A campaign that was cancelled while it ran: it stands still, and its contacts are in many statuses."""
    make = under_way(vendor, running, contacts=contacts, calls=calls)

    def make_and_cancel(sandbox: Sandbox) -> str:
        campaign_id = make(sandbox)
        sandbox.set_status(vendor, campaign_id, "cancelled")
        return campaign_id

    return make_and_cancel


def refusing(vendor: str, status: int, *, shape: str | None = None) -> Prepare:
    def refuse(sandbox: Sandbox) -> str:
        if shape is not None:
            sandbox.shape(vendor, shape)
        sandbox.fail(vendor, status=status)
        return NOBODY

    return refuse


def exhausted(vendor: str) -> Prepare:
    def exhaust(sandbox: Sandbox) -> str:
        sandbox.limit(vendor, requests=0)
        return NOBODY

    return exhaust


def campaigns(**filters: Any) -> Talk:
    return lambda client, _: list(client.list_campaigns(**filters))


def campaign(client: Client, campaign_id: str) -> object:
    return client.get_campaign(campaign_id)


def contacts(**filters: Any) -> Talk:
    return lambda client, campaign_id: list(client.list_contacts(campaign_id, **filters))


def first_contact_again(client: Client, campaign_id: str) -> object:
    contact = next(iter(client.list_contacts(campaign_id)))
    return list(client.list_contacts(campaign_id, external_id=contact.external_id))


def life(vendor: str) -> Talk:
    return lambda client, _: LIVES[vendor](client)


def account(client: Client, _: str) -> object:
    return client.get_account()


def refusals(vendor: str, *statuses: int) -> list[Recording]:
    return [
        Recording(f"{vendor}/unauthorized", "a key that is not known: 401.", unknown, campaign, key="wrong"),
        Recording(f"{vendor}/payment-required", "no credits left: 402.", unknown, campaign, key="no_credits"),
        Recording(f"{vendor}/forbidden", "a key that may not do that: 403.", unknown, campaign, key="forbidden"),
        Recording(f"{vendor}/not-found", "a campaign that does not exist: 404.", unknown, contacts()),
        Recording(f"{vendor}/rate-limited", "no request left in this minute: 429.", exhausted(vendor), campaign),
        *(
            Recording(
                f"{vendor}/refused-{status}",
                f"the sandbox was told to answer {status}.",
                refusing(vendor, status),
                campaign,
            )
            for status in statuses
        ),
    ]


TRUEDY = [
    Recording("truedy/campaigns", "all campaigns of the account, on one page.", seeded("truedy", 0), campaigns()),
    Recording(
        "truedy/campaigns-paused",
        "paused campaigns, by the vendor's own filter.",
        seeded("truedy", 0),
        campaigns(status=CampaignStatus.PAUSED),
    ),
    Recording(
        "truedy/campaigns-unfiltered",
        "all campaigns again, of which the client picks the running ones.",
        seeded("truedy", 0),
        campaigns(status=CampaignStatus.RUNNING),
    ),
    Recording(
        "truedy/campaigns-of-agent",
        "the campaigns of one agent, by the vendor's own filter.",
        seeded("truedy", 0),
        campaigns(agent_id="agt_0ff1ce00"),
    ),
    Recording("truedy/campaign", "a campaign in the shape of the schema.", seeded("truedy", 0), campaign),
    Recording(
        "truedy/campaign-as-in-example", "a campaign in the shape of the example.", seeded("truedy", 1), campaign
    ),
    Recording(
        "truedy/contacts",
        "205 contacts on three pages, in the shape of the schema.",
        under_way("truedy", "active", contacts=205, calls=120),
        contacts(),
    ),
    Recording(
        "truedy/contacts-as-in-example",
        "12 contacts in the shape of the example.",
        under_way("truedy", "active", contacts=12, calls=8, shape="example"),
        contacts(),
    ),
    Recording(
        "truedy/contacts-voicemail",
        "a campaign that is over, and those of its 60 contacts that reached a machine, by the vendor's own filter.",
        over("truedy", "active", contacts=60, calls=50),
        contacts(status=CallStatus.VOICEMAIL),
    ),
    Recording(
        "truedy/contacts-unfiltered",
        "60 contacts, of which the client picks the completed calls: the vendor has two words for that.",
        under_way("truedy", "active", contacts=60, calls=50),
        contacts(status=CallStatus.COMPLETED),
    ),
    Recording(
        "truedy/life",
        "a campaign that is created and held, gets one more contact, is scheduled, paused, resumed and started.",
        unknown,
        life("truedy"),
    ),
    *refusals("truedy", 400, 422),
    Recording(
        "truedy/refused-422-as-in-guide",
        "the sandbox was told to answer 422, in the shape of the vendor's guide on errors.",
        refusing("truedy", 422, shape="example"),
        campaign,
    ),
]

TECHLADDER = [
    Recording("techladder/campaigns", "all batches of the account, on one page.", seeded("techladder", 0), campaigns()),
    Recording(
        "techladder/campaigns-running",
        "active batches, by the vendor's own filter.",
        seeded("techladder", 0),
        campaigns(status=CampaignStatus.RUNNING),
    ),
    Recording(
        "techladder/campaigns-unfiltered",
        "all batches again, of which the client picks those that are over.",
        seeded("techladder", 0),
        campaigns(status=[CampaignStatus.COMPLETED, CampaignStatus.CANCELLED, CampaignStatus.FAILED]),
    ),
    Recording(
        "techladder/campaigns-of-agent",
        "the batches of one agent, by the vendor's own filter.",
        seeded("techladder", 0),
        campaigns(agent_id="agt-0ff1ce00"),
    ),
    Recording("techladder/campaign", "one batch.", seeded("techladder", 0), campaign),
    Recording(
        "techladder/contacts",
        "505 calls on two pages.",
        under_way("techladder", "active", contacts=505, calls=90),
        contacts(),
    ),
    Recording(
        "techladder/contacts-busy",
        "a batch that is over, and those of its 60 calls that met a busy line, by the vendor's own filter.",
        over("techladder", "active", contacts=60, calls=50),
        contacts(status=CallStatus.BUSY),
    ),
    Recording(
        "techladder/contacts-unfiltered",
        "60 calls, of which the client picks two kinds: the vendor's filter takes one word.",
        under_way("techladder", "active", contacts=60, calls=50),
        contacts(status=[CallStatus.BUSY, CallStatus.NO_ANSWER]),
    ),
    Recording(
        "techladder/contacts-external-id",
        "12 calls, and then the first of them by its external id.",
        under_way("techladder", "active", contacts=12, calls=3),
        first_contact_again,
    ),
    Recording("techladder/account", "the account.", unknown, account),
    Recording(
        "techladder/life",
        "a batch that is created and held, and found again when the same is asked for once more.",
        unknown,
        life("techladder"),
    ),
    *refusals("techladder", 400, 422),
]

TALKIFAI = [
    Recording("talkifai/campaigns", "all jobs of the organization, on one page.", seeded("talkifai", 0), campaigns()),
    Recording(
        "talkifai/campaigns-completed",
        "completed jobs, by the vendor's own filter.",
        seeded("talkifai", 0),
        campaigns(status=CampaignStatus.COMPLETED),
    ),
    Recording(
        "talkifai/campaigns-unfiltered",
        "all jobs again, of which the client picks the paused ones: the vendor's filter does not know the word.",
        seeded("talkifai", 0),
        campaigns(status=CampaignStatus.PAUSED),
    ),
    Recording(
        "talkifai/campaign",
        "one job, with the one contact that is the least to be had.",
        seeded("talkifai", 0),
        campaign,
    ),
    Recording(
        "talkifai/contacts",
        "505 contacts on two pages.",
        under_way("talkifai", "running", contacts=505, calls=90),
        contacts(),
    ),
    Recording(
        "talkifai/contacts-invalid-number",
        "a job that is over, and those of its 60 contacts whose number does not exist, by the vendor's own filter.",
        over("talkifai", "running", contacts=60, calls=80),
        contacts(status=CallStatus.INVALID_NUMBER),
    ),
    Recording(
        "talkifai/contacts-unfiltered",
        "60 contacts, of which the client picks two kinds: the vendor's filter takes one word.",
        under_way("talkifai", "running", contacts=60, calls=80),
        contacts(status=[CallStatus.NO_ANSWER, CallStatus.TIMEOUT]),
    ),
    Recording(
        "talkifai/life",
        "a job that is created for a time far ahead, rescheduled, started before that time, and cancelled.",
        unknown,
        life("talkifai"),
    ),
    *refusals("talkifai", 400),
]

RECORDINGS = {recording.name: recording for recording in (*TRUEDY, *TECHLADDER, *TALKIFAI)}


def record(sandbox: Sandbox, recording: Recording, folder: Path = CASSETTES) -> Path:
    """Make one cassette anew, below this folder."""
    sandbox.reset()
    forget_budgets()
    vendor = recording.vendor
    here, documented = sandbox.base_url(vendor), registry.load(vendor).base_url
    campaign_id = recording.prepare(sandbox)

    def request_as_kept(request: Any) -> Any:
        request.uri = request.uri.replace(here, documented)
        key = {name: value for name, value in request.headers.items() if name.lower() == "x-idempotency-key"}
        request.headers = {"accept": "application/json", **key}
        return request

    def response_as_kept(response: dict[str, Any]) -> dict[str, Any]:
        headers: Mapping[str, list[str]] = response["headers"]
        response["headers"] = {name: value for name, value in headers.items() if name.lower() in KEPT_HEADERS}
        response["status"] = {"code": response["status"]["code"], "message": ""}
        return response

    recorder = vcr.VCR(
        match_on=MATCH_ON,
        record_mode=vcr.mode.ALL,
        before_record_request=request_as_kept,
        before_record_response=response_as_kept,
        decode_compressed_response=True,
    )
    path = folder / f"{recording.name}.yaml"
    path.unlink(missing_ok=True)
    key = "this-key-is-wrong" if recording.key == "wrong" else sandbox.api_key(vendor, recording.key)
    with (
        recorder.use_cassette(path),
        unibatch.connect(
            provider=vendor,
            api_key=key,
            base_url=here,
            retry=Retry(attempts=1),
            max_in_flight=1,  # pages that are read at the same time are answered in any order
            defaults=SETTINGS[vendor],
        ) as client,
        contextlib.suppress(ProviderError),
    ):
        recording.talk(client, campaign_id)
    path.write_text(_comment(recording) + path.read_text(encoding="utf-8"), encoding="utf-8")
    return path


def _comment(recording: Recording) -> str:
    text = (
        f"Recorded from unibatch's sandbox (python tests/record.py): {recording.covers} The sandbox's address was "
        "replaced by the vendor's documented base URL, and most headers were left out."
    )
    return textwrap.fill(text, 118, initial_indent="# ", subsequent_indent="# ") + "\n"


def main(names: list[str]) -> None:
    """Record the cassettes of these names, or all of them."""
    with serve(wall=lambda: WALL) as sandbox:
        for name in names or RECORDINGS:
            path = record(sandbox, RECORDINGS[name])
            print(f"{path.stat().st_size:>9,} {name}")  # noqa: T201 - this is a script


if __name__ == "__main__":
    main(sys.argv[1:])
