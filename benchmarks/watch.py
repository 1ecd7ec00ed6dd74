"""Following a campaign: `client.watch` against a loop that reads everything again and again.

Both follow the same simulated campaign, one after the other; a minute of it takes a second. *lag* is how long after the
campaign was over its follower knew that, in seconds. Takes some minutes.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable

import unibatch
import unibatch.sandbox
from unibatch import Client, ContactChanged

SPEED = 60.0
EVERY = 2.0  # seconds between two readings of the loop
RUNNING = {"truedy": "active", "techladder": "active", "talkifai": "running"}


def watch(client: Client, campaign_id: str) -> Counter[str]:
    """What unibatch does."""
    told: Counter[str] = Counter()
    for event in client.watch(campaign_id):
        if isinstance(event, ContactChanged) and event.is_final:
            told[str(event.contact_id)] += 1
    return told


def loop(client: Client, campaign_id: str) -> Counter[str]:
    """What a user would write: read all contacts every two seconds, and compare."""
    told: Counter[str] = Counter()
    while True:
        campaign = client.get_campaign(campaign_id)
        for contact in client.list_contacts(campaign_id):
            if contact.is_final and contact.id not in told:
                told[contact.id] += 1
        if campaign.status.is_terminal:
            return told
        time.sleep(EVERY)


WAYS: dict[str, Callable[[Client, str], Counter[str]]] = {"watch": watch, "loop": loop}


def follow(way: str, vendor: str, contacts: int, *, limited: bool) -> str:
    """Follow one campaign, and say what it took."""
    with (
        unibatch.sandbox.serve(seeded=False, enforce_rate_limits=limited, clock="real", speed=SPEED) as sandbox,
        unibatch.connect(**sandbox.profile(vendor)) as client,
    ):
        campaign_id = sandbox.create(vendor, contacts, concurrency=contacts // 20)
        sandbox.set_status(vendor, campaign_id, RUNNING[vendor])
        begin = time.time()
        told = WAYS[way](client, campaign_id)
        now, end = sandbox.now.timestamp(), time.time()
        over = sandbox._vendors[vendor].campaigns[campaign_id].completed_at or 0.0  # noqa: SLF001 - to the moment
        requests = len(sandbox.requests)
        refused = sum(request.status == 429 for request in sandbox.requests)
    assert len(told) == contacts
    assert max(told.values()) == 1
    pace = requests / (end - begin) * 60
    return f"{way:8}{vendor:12}{contacts:>9,}{requests:>10}{pace:>12.0f}{refused:>9}{(now - over) / SPEED:>8.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=2_000)
    parser.add_argument("--vendors", default="truedy,techladder,talkifai")
    parser.add_argument("--limited", action="store_true", help="with the vendors' limits: takes much longer")
    given = parser.parse_args()
    print(f"{'way':8}{'vendor':12}{'contacts':>9}{'requests':>10}{'a minute':>12}{'refused':>9}{'lag s':>8}")
    for vendor in given.vendors.split(","):
        for way in WAYS:
            print(follow(way, vendor, given.contacts, limited=given.limited), flush=True)


if __name__ == "__main__":
    main()
