"""One function, any vendor: read a campaign, and print its status.

python examples/switch_vendor.py PROFILE:CAMPAIGN_ID ...

The vendor of a profile is in unibatch.toml and nowhere in this file.
"""

from __future__ import annotations

import sys

import unibatch


def read(profile: str, campaign_id: str) -> None:
    """Print a campaign's status, and how many of its contacts may still be called."""
    with unibatch.connect(profile) as client:
        campaign = client.get_campaign(campaign_id)
        contacts = client.list_contacts(campaign_id)
        open_contacts = 0
        try:
            for contact in contacts:
                open_contacts += not contact.is_final
        except unibatch.IncompleteListing as error:  # after all rows
            print(error, file=sys.stderr)
    print(
        f"{campaign.name or campaign.id} ({client.provider}): {campaign.status}, in its words {campaign.vendor_status}"
    )
    print(f"  {open_contacts} of {contacts.report.seen} contacts may still be called")


def main(addresses: list[str]) -> int:
    """Read every campaign that was named."""
    if not addresses or not all(":" in address for address in addresses):
        print("usage: switch_vendor.py PROFILE:CAMPAIGN_ID ...", file=sys.stderr)
        return 2
    for address in addresses:
        profile, _, campaign_id = address.partition(":")
        read(profile, campaign_id)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
