"""Compare the outcomes of several campaigns, in the same words for every vendor.

python examples/compare_outcomes.py PROFILE:CAMPAIGN_ID ...

The shares are of the contacts whose latest attempt is over. Compare finished campaigns: a running one leaves out the
contacts that wait for another attempt, and those are the ones that did not pick up.
"""

from __future__ import annotations

import sys
from collections import Counter

import unibatch
from unibatch import CallStatus


def outcomes(profile: str, campaign_id: str) -> Counter[CallStatus]:
    """Count the contacts whose latest attempt is over by status."""
    counted = Counter[CallStatus]()
    with unibatch.connect(profile) as client:
        try:
            counted.update(
                contact.status for contact in client.list_contacts(campaign_id) if contact.status.is_terminal
            )
        except unibatch.IncompleteListing as error:  # after all rows
            print(error, file=sys.stderr)
    return counted


def main(addresses: list[str]) -> int:
    """Print one column for each campaign."""
    if not addresses or not all(":" in address for address in addresses):
        print("usage: compare_outcomes.py PROFILE:CAMPAIGN_ID ...", file=sys.stderr)
        return 2
    columns = {}
    for address in addresses:
        profile, _, campaign_id = address.partition(":")
        columns[address] = outcomes(profile, campaign_id)
    for number, address in enumerate(addresses, start=1):
        print(f"[{number}] {address}")
    print(f"{'':16}" + "".join(f"{f'[{number}]':>10}" for number, _ in enumerate(addresses, start=1)))
    print(f"{'contacts over':16}" + "".join(f"{column.total():>10}" for column in columns.values()))
    for status in CallStatus:
        if any(column[status] for column in columns.values()):
            shares = (column[status] / column.total() if column else 0 for column in columns.values())
            print(f"{status:16}" + "".join(f"{share:>10.1%}" for share in shares))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
