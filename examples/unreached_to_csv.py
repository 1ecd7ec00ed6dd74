"""Write the contacts that several campaigns did not reach and will not call again as CSV.

python examples/unreached_to_csv.py PROFILE:CAMPAIGN_ID ... > unreached.csv

A spreadsheet may take a name that begins with = + - or @ for a formula: import the columns as text.
"""

from __future__ import annotations

import asyncio
import csv
import sys
from typing import Any

import unibatch


async def write_unreached(address: str, out: Any) -> bool:
    """Write the rows of one campaign.

    Args:
        address: The campaign, as PROFILE:CAMPAIGN_ID.
        out: A CSV writer.

    Returns:
        Whether the listing is complete.
    """
    profile, _, campaign_id = address.partition(":")
    async with unibatch.connect_async(profile) as client:
        try:
            async for contact in client.list_contacts(campaign_id):
                if contact.is_final and contact.status.is_retryable:
                    out.writerow((address, contact.id, contact.phone_number, contact.name or "", contact.status))
        except unibatch.IncompleteListing as error:  # after all rows
            print(error, file=sys.stderr)
            return False
    return True


async def write_all(addresses: list[str]) -> list[bool]:
    """Read all campaigns at the same time, and write their rows as they come in."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("campaign", "contact", "phone_number", "name", "status"))
    return await asyncio.gather(*(write_unreached(address, out) for address in addresses))


def main(addresses: list[str]) -> int:
    """Write the file; the exit code is 3 if a listing was not complete, as that of ``unibatch contacts`` is."""
    if not addresses or not all(":" in address for address in addresses):
        print("usage: unreached_to_csv.py PROFILE:CAMPAIGN_ID ...", file=sys.stderr)
        return 2
    return 0 if all(asyncio.run(write_all(addresses))) else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
